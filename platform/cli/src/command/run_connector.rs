//! `tributary run-connector`: a connector in a process of its own (hidden). Reads no configuration, no key
//! and no environment; stdin, stdout and stderr are the server's pipes.

use std::fs::File;
use std::io::{stderr, stdin, stdout};
use std::os::fd::AsFd as _;
use std::process::ExitCode;

/// Calls from stdin, answers to stdout; a problem as JSON to stderr and exit code 1.
pub(crate) fn run() -> ExitCode {
    // Without the buffers of the standard library, which cut what is written at line ends.
    let pipes = stdin()
        .as_fd()
        .try_clone_to_owned()
        .and_then(|input| Ok((input, stdout().as_fd().try_clone_to_owned()?)));
    let Ok((input, output)) = pipes else {
        return ExitCode::FAILURE;
    };
    match tributary_host::runner_worker(File::from(input), File::from(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // If the server is gone there is nobody to tell.
            let _ = serde_json::to_writer(stderr().lock(), &problem);
            ExitCode::FAILURE
        }
    }
}
