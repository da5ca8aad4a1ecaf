//! `cargo xtask fuzz`: the fuzz targets of the mapping crate, with libFuzzer on stable Rust.
//!
//! The flags are those of cargo-fuzz without a sanitizer, which alone needs a nightly compiler; our code
//! is safe Rust, so a wrong access is a panic and found all the same. Each target begins with its corpus
//! in the repository; what it finds on the way goes to the target folder and is used again next time.
//!
//! Deliberately absent: writing to the corpus. `docs/operations.md` says how a finding becomes a test.

use anyhow::{Context as _, bail};

use crate::cargo::{self, Repo, step};

/// The targets, in the order in which they run.
const TARGETS: [&str; 5] = ["document", "formula", "json_path", "json_rows", "csv_rows"];

/// What makes libFuzzer see which way the code went.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// Seconds after which one input hangs.
const HANG_SECONDS: u32 = 10;

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// seconds for each target
    #[arg(long, default_value_t = 12)]
    pub(crate) seconds: u32,
    /// only this target
    pub(crate) target: Option<String>,
}

/// Builds the targets and runs them one after the other; a crash, a hang or too much memory is an error.
pub(crate) fn run(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    let targets: Vec<&str> = match &arguments.target {
        None => TARGETS.to_vec(),
        Some(name) => match TARGETS.iter().find(|known| *known == name) {
            Some(known) => vec![*known],
            None => bail!("no fuzz target {name:?}; there are {}", TARGETS.join(", ")),
        },
    };
    let host = host()?;
    let folder = repo.root.join("platform/mapping/fuzz");
    let built = repo.target.join("fuzz");
    step("building the fuzz targets");
    // with a named platform the flags do not reach build scripts and macros
    let mut build = repo.cargo(&["build", "--locked", "--bins", "--target", &host]);
    build
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &built)
        .env("RUSTFLAGS", FLAGS);
    cargo::run(&mut build)?;
    for target in targets {
        step(&format!("fuzzing {target} for {} s", arguments.seconds));
        let found = built.join("corpus").join(target);
        let crashes = built.join("crashes").join(target);
        std::fs::create_dir_all(&found)?;
        std::fs::create_dir_all(&crashes)?;
        let mut command = std::process::Command::new(built.join(&host).join("debug").join(target));
        command
            .arg(&found)
            .arg(folder.join("corpus").join(target))
            .arg(format!("-max_total_time={}", arguments.seconds))
            .arg(format!("-timeout={HANG_SECONDS}"))
            .arg("-rss_limit_mb=2048")
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .args(["-verbosity=0", "-print_final_stats=1"]);
        cargo::run(&mut command).with_context(|| {
            format!(
                "the input that {target} fails on lies in {}",
                crashes.display()
            )
        })?;
    }
    Ok(())
}

/// The platform that rustc builds for.
fn host() -> anyhow::Result<String> {
    let output = std::process::Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names no host")?.to_owned())
}
