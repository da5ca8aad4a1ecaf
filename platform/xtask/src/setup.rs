//! Installs what tests need beside Rust: Debian packages when we are root and apt is there;
//! otherwise it says what will be skipped. Servers are started by the tests, not here.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo::{run, step};

/// One Debian package and a file that shows that it is there.
struct Package {
    name: &'static str,
    shown_by: fn() -> bool,
    for_what: &'static str,
}

const PACKAGES: [Package; 4] = [
    Package {
        name: "openssh-server",
        shown_by: || Path::new("/usr/sbin/sshd").exists(),
        for_what: "end-to-end tests against a real SFTP server",
    },
    Package {
        name: "openssh-sftp-server",
        shown_by: || Path::new("/usr/lib/openssh/sftp-server").exists(),
        for_what: "end-to-end tests against a real SFTP server",
    },
    Package {
        name: "postgresql",
        shown_by: postgres_is_there,
        for_what: "store tests on Postgres, tests of databases as sources and targets",
    },
    Package {
        name: "mariadb-server",
        shown_by: || Path::new("/usr/sbin/mariadbd").exists(),
        for_what: "tests of MariaDB as source and target",
    },
];

/// Makes sure that the servers which tests start are installed.
pub(crate) fn servers() -> anyhow::Result<()> {
    let missing: Vec<&Package> = PACKAGES.iter().filter(|p| !(p.shown_by)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    if !is_root() || !has("apt-get") {
        for package in missing {
            step(&format!(
                "{} is not installed: {} will be skipped (install it with: sudo apt-get install {})",
                package.name, package.for_what, package.name
            ));
        }
        return Ok(());
    }
    step(&format!("installing {}", names.join(", ")));
    run(quiet_apt().arg("update"))?;
    run(quiet_apt()
        .args(["install", "-y", "--no-install-recommends"])
        .args(&names))
}

fn quiet_apt() -> Command {
    let mut command = Command::new("apt-get");
    command
        .arg("-qq")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null());
    command
}

fn postgres_is_there() -> bool {
    has("initdb")
        || std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|versions| {
            versions
                .flatten()
                .any(|version| version.path().join("bin/initdb").exists())
        })
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Whether a program answers to `--version`.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
