//! What is not of the platform's workspace: the connectors, natively, and the kits for Python and JavaScript.
//! Only what is cheap; components of these kits are built by the opt-in test `connector_languages`.

use std::process::Command;

use crate::cargo::{CLIPPY, Repo, run, step};
use crate::setup;

/// Formatting and lints of the connectors, for the target that they are built for and for their tests.
pub(crate) fn tidy(repo: &Repo) -> anyhow::Result<()> {
    step("checking formatting and lints of the connectors");
    run(&mut connectors(repo, &["fmt", "--all", "--check"]))?;
    run(&mut connectors(repo, &CLIPPY))
}

/// The tests of connectors and kits.
pub(crate) fn test(repo: &Repo) -> anyhow::Result<()> {
    step("running the connectors' own tests");
    run(&mut connectors(
        repo,
        &["test", "--locked", "--workspace", "--quiet"],
    ))?;
    // the kit is not a member, but all members need it
    run(&mut connectors(
        repo,
        &[
            "test",
            "--locked",
            "--package",
            "tributary-sdk",
            "--lib",
            "--quiet",
        ],
    ))?;
    python(repo)?;
    javascript(repo)
}

/// `cargo …` in the connectors' workspace; compiled files are kept apart from the platform's.
fn connectors(repo: &Repo, arguments: &[&str]) -> Command {
    let mut command = repo.cargo(arguments);
    command
        .current_dir(repo.root.join("connectors"))
        .env("CARGO_TARGET_DIR", repo.target.join("connectors-native"));
    command
}

fn python(repo: &Repo) -> anyhow::Result<()> {
    if !setup::has("python3") {
        step("python3 is not installed: the tests of the Python kit are skipped");
        return Ok(());
    }
    step("running the tests of the Python kit");
    run(Command::new("python3")
        .args([
            "-m",
            "unittest",
            "discover",
            "--quiet",
            "--start-directory",
            "tests",
        ])
        .current_dir(repo.root.join("sdk/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1"))
}

/// The kit's tools come by npm, once; where they can't, it is said what is skipped.
fn javascript(repo: &Repo) -> anyhow::Result<()> {
    let kit = repo.root.join("sdk/javascript");
    if !setup::has("node") || !setup::has("npm") {
        step("Node is not installed: the tests of the JavaScript kit are skipped");
        return Ok(());
    }
    if !kit.join("node_modules/esbuild").is_dir() {
        step("installing the JavaScript kit's tools by npm (0.4 GB, once)");
        let installed = run(Command::new("npm")
            .args(["install", "--no-save", "--ignore-scripts", "--silent"])
            .current_dir(&kit));
        if let Err(error) = installed {
            step(&format!(
                "{error:#}: the tests of the JavaScript kit are skipped"
            ));
            return Ok(());
        }
    }
    step("running the tests of the JavaScript kit");
    run(Command::new("npm")
        .args(["test", "--silent"])
        .current_dir(&kit))
}
