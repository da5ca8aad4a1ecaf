//! `cargo xtask demo`: builds what the demo needs and hands over to `tributary demo`.

use std::path::PathBuf;
use std::process::Command;

use crate::cargo::{self, Profile, Repo};

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// end when the runs have ended instead of serving on
    #[arg(long)]
    once: bool,
    /// folder of the demo's data (default: demo-data in the checkout)
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// Sets up and runs the demo.
pub(crate) fn run(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    repo.connectors()?;
    let programs = repo.programs(Profile::Dev)?;
    let folder = arguments
        .dir
        .clone()
        .unwrap_or_else(|| repo.root.join("demo-data"));
    let mut command = Command::new(programs.join("tributary"));
    command
        .arg("demo")
        .arg("--dir")
        .arg(folder)
        .arg("--tenants")
        .arg(repo.root.join("tenants"))
        .arg("--connectors")
        .arg(repo.connectors_folder())
        .arg("--counterparts")
        .arg(programs.join("tributary-counterparts"));
    if arguments.once {
        command.arg("--once");
    }
    cargo::run(&mut command)
}
