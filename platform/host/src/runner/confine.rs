//! What a runner takes from itself before it gets foreign code. All of it is best effort and told to the
//! platform: where the system allows no namespaces to ordinary accounts, limits and the sandbox remain.
//!
//! Invariant: called before the process has a second thread.

use std::io;

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::process::{Resource, Rlimit, getgid, getuid, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

use super::wire::Cut;

/// An empty place to stand on; every system has a folder there.
const EMPTY: &str = "/proc";

/// Cuts this process off.
pub(super) fn cut() -> Cut {
    let network = namespaces().is_ok();
    let files = network && no_files().is_ok();
    if network {
        // Those of the new namespace: there is nothing left to do with them.
        let none = CapabilitySets {
            effective: CapabilitySet::empty(),
            permitted: CapabilitySet::empty(),
            inheritable: CapabilitySet::empty(),
        };
        let _ = rustix::thread::set_capabilities(None, none);
    }
    Cut {
        privileges: rustix::thread::set_no_new_privs(true).is_ok(),
        network,
        files,
    }
}

/// After the last thread was started: no further ones, and no programs.
pub(super) fn seal() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Nproc, none);
}

/// A network without interfaces, mounts and messages of its own.
fn namespaces() -> io::Result<()> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let own =
        UnshareFlags::NEWUSER | UnshareFlags::NEWNET | UnshareFlags::NEWNS | UnshareFlags::NEWIPC;
    #[expect(
        unsafe_code,
        reason = "no CLONE_FILES: the table of descriptors stays whole"
    )]
    // SAFETY: open descriptors are not touched.
    unsafe {
        rustix::thread::unshare_unsafe(own)?;
    }
    // Without a name in it some file systems can't be mounted; what fails here shows there.
    let _ = std::fs::write("/proc/self/setgroups", "deny");
    let _ = std::fs::write("/proc/self/uid_map", format!("0 {user} 1"));
    let _ = std::fs::write("/proc/self/gid_map", format!("0 {group} 1"));
    Ok(())
}

/// An empty file system in place of the one there was.
fn no_files() -> io::Result<()> {
    let quiet = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", quiet)?;
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    rustix::mount::mount("none", EMPTY, "tmpfs", flags, None)?;
    std::env::set_current_dir(EMPTY)?;
    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    std::env::set_current_dir("/")
}
