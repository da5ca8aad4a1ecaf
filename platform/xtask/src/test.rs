//! `cargo xtask test`: all set-up, then formatting, lints, every test (of connectors and kits too), and a
//! minute of each fuzz target.

use crate::cargo::{self, Profile, Repo, step};
use crate::{fuzz, guests, setup};

/// Of the fuzz targets' inputs, so that a run of the tests can be had again.
const FUZZ_SEED: u32 = 1;

/// The host's tests, for the test runner, that mean something else with connectors apart.
const APART: &str = "package(tributary-host) & binary(host) - test(/^hostile::suite::/) \
    - test(=egress::no_spelling_by_any_channel_reaches_the_inside)";

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// only this part: `tidy`, or a package or test name filter for the test runner
    part: Option<String>,
    /// seconds for each fuzz target after the tests, as many at a time as there are cores; 0: none
    #[arg(long, default_value_t = 60)]
    fuzz_seconds: u32,
}

/// Passes all tests, or says which did not.
pub(crate) fn run(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.part.as_deref() == Some("tidy") {
        return tidy(repo);
    }
    setup::servers()?;
    let components = repo.connectors()?;
    step(&format!("{} connectors are ready", components.len()));
    let programs = repo.programs(Profile::Dev)?;
    if arguments.part.is_none() {
        tidy(repo)?;
    }
    if arguments.part.is_none() {
        guests::test(repo)?;
    }
    step("running the tests");
    let nextest = setup::has("cargo-nextest");
    let mut command = if nextest {
        repo.cargo(&[
            "nextest",
            "run",
            "--locked",
            "--workspace",
            "--no-fail-fast",
        ])
    } else {
        step("cargo-nextest is not installed: using cargo test (cargo install cargo-nextest)");
        repo.cargo(&["test", "--locked", "--workspace", "--no-fail-fast"])
    };
    if let Some(part) = &arguments.part {
        if nextest && part.starts_with("tributary") {
            command.args(["-E", &format!("package(={part})")]);
        } else {
            command.arg(part);
        }
    }
    command
        .env("TRIBUTARY_TEST_PROGRAMS", &programs)
        .env("TRIBUTARY_TEST_CONNECTORS", repo.connectors_folder());
    cargo::run(&mut command)?;
    if arguments.part.is_none() && nextest {
        apart(repo)?;
    }
    if arguments.part.is_some() || arguments.fuzz_seconds == 0 {
        return Ok(());
    }
    fuzz::run(
        repo,
        &fuzz::Arguments {
            seconds: arguments.fuzz_seconds,
            seed: Some(FUZZ_SEED),
            target: None,
        },
    )
}

/// The host's tests once more, with every connector in a process of its own: the same must come of it. Left out are
/// those that the place of the connector changes nothing for: the hostile suite runs in both by itself, and addresses
/// are judged and dialled by the host.
fn apart(repo: &Repo) -> anyhow::Result<()> {
    step("running the host's tests with connectors apart");
    let mut command = repo.cargo(&["nextest", "run", "--locked", "--workspace"]);
    command
        .args(["--no-fail-fast", "-E"])
        .arg(APART)
        .env("TRIBUTARY_TEST_CONNECTORS", repo.connectors_folder())
        .env("TRIBUTARY_TEST_APART", "1");
    cargo::run(&mut command)
}

/// Formatting, lints, and the house's own rules.
pub(crate) fn tidy(repo: &Repo) -> anyhow::Result<()> {
    step("checking formatting and lints");
    cargo::run(&mut repo.cargo(&["fmt", "--all", "--check"]))?;
    cargo::run(&mut repo.cargo(&cargo::CLIPPY))?;
    guests::tidy(repo)
}
