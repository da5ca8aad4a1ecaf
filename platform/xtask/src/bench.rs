//! `cargo xtask bench [NAME] [--json]`: side-by-side measurements in one run, release build.
//! With `--json`, stdout holds one object a line and nothing else.

use std::process::Command;

use anyhow::bail;

use crate::cargo::{self, Profile, Repo};

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// which bench; without it, all of them
    name: Option<String>,
    /// one JSON object a line: name, value, unit, baseline, ratio
    #[arg(long)]
    json: bool,
    /// order lines of the end-to-end bench
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
}

const BENCHES: [&str; 3] = ["end_to_end", "mapping", "connectors"];

/// Runs one bench or all.
pub(crate) fn run(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    let chosen: Vec<&str> = match &arguments.name {
        None => BENCHES.to_vec(),
        Some(name) => match BENCHES.iter().find(|known| *known == name) {
            Some(known) => vec![*known],
            None => bail!(
                "there is no bench {name:?}; there are: {}",
                BENCHES.join(", ")
            ),
        },
    };
    for name in chosen {
        match name {
            "end_to_end" => {
                end_to_end(repo, arguments)?;
                mapping_vs_serde(repo, arguments)?;
            }
            "connectors" => connectors(repo, arguments)?,
            _ => mapping(repo, arguments)?,
        }
    }
    Ok(())
}

fn end_to_end(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    repo.connectors()?;
    let programs = repo.programs(Profile::Release)?;
    let mut command = Command::new(programs.join("bench-end-to-end"));
    command
        .arg("--programs")
        .arg(programs)
        .arg("--connectors")
        .arg(repo.connectors_folder())
        .arg("--tenants")
        .arg(repo.root.join("tenants"))
        .args(["--lines", &arguments.lines.to_string()]);
    if arguments.json {
        command.arg("--json");
    }
    cargo::run(&mut command)
}

/// The mapping beside a program by hand: part of the product's own workspace.
fn mapping_vs_serde(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    own(repo, arguments, "mapping_vs_serde")
}

/// The mapping beside other engines, which have a workspace of their own; grouping, and what fields and
/// functions cost.
fn mapping(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    let mut command = repo.cargo(&["run", "--release", "--locked", "--quiet"]);
    command.args(["--manifest-path", "tests/peers/Cargo.toml", "--"]);
    if arguments.json {
        command.arg("--json");
    }
    cargo::run(&mut command)?;
    own(repo, arguments, "grouping")?;
    own(repo, arguments, "mapping_costs")
}

/// Connectors in their host, beside the codecs alone and OpenSSH's own client.
fn connectors(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    repo.connectors()?;
    own(repo, arguments, "connectors")
}

/// A bench of the product's own workspace.
fn own(repo: &Repo, arguments: &Arguments, name: &str) -> anyhow::Result<()> {
    let mut command = repo.cargo(&["bench", "--locked", "--workspace", "--bench", name, "--"]);
    command.env("TRIBUTARY_TEST_CONNECTORS", repo.connectors_folder());
    if arguments.json {
        command.arg("--json");
    }
    cargo::run(&mut command)
}
