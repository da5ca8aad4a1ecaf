//! `tributary compile-component`: the server's compiler in a process of its own (hidden). Reads no
//! configuration, no key and no environment; stdin, stdout and stderr are the server's pipes.

use std::io::{stderr, stdin, stdout};
use std::process::ExitCode;

/// Component from stdin, native code to stdout; a problem as JSON to stderr and exit code 1.
pub(crate) fn run() -> ExitCode {
    match tributary_host::compile_worker(stdin().lock(), stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // If the server is gone there is nobody to tell.
            let _ = serde_json::to_writer(stderr().lock(), &problem);
            ExitCode::FAILURE
        }
    }
}
