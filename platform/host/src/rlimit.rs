//! Limits of a process that this one has started.

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

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
