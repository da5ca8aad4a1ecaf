//! Processes that this one starts: with nothing but pipes, and their limits.

use std::ffi::OsStr;
use std::process::Stdio;

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::process::{Child, Command};

/// Starts a program without environment, on three pipes; it ends when the [`Child`] is dropped.
pub(crate) fn start(program: impl AsRef<OsStr>, args: &[String]) -> std::io::Result<Child> {
    Command::new(program)
        .args(args)
        .env_clear()
        .current_dir("/")
        // Ctrl-C in a terminal is for the server, which ends its children itself.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// When the machine is short of memory this process goes first, not the server.
pub(crate) fn goes_first(number: u32) {
    let _ = std::fs::write(format!("/proc/{number}/oom_score_adj"), "1000");
}

/// The process with this number, if there is one.
pub(crate) fn process(number: Option<u32>) -> Option<Pid> {
    number.and_then(|number| i32::try_from(number).ok().and_then(Pid::from_raw))
}

/// Sets both limits, so that the process can't raise them again.
pub(crate) fn limit(pid: Option<Pid>, resource: Resource, most: u64) -> std::io::Result<()> {
    let both = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    match prlimit(pid, resource, both) {
        // It has ended already; its status will tell why.
        Ok(_) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(std::io::Error::from(error)),
    }
}
