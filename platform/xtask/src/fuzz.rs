//! `cargo xtask fuzz`: the fuzz targets of the mapping and the formats crate, with libFuzzer on stable Rust.
//!
//! The flags are those of cargo-fuzz without a sanitizer, which alone needs a nightly compiler; our code
//! is safe Rust, so a wrong access is a panic and found all the same. Each target begins with its corpus
//! in the repository; as many run side by side as there are cores. What a target finds on the way goes
//! to the target folder and is used again next time.
//!
//! With a seed, as `cargo xtask test` runs them, nothing found before is used and the inputs come in
//! about the same order everywhere: what that finds is the fault of the change at hand, and not the
//! luck of one machine. Looking for what nobody has seen yet is the work of runs without a seed. What a
//! seeded run has passed it passes over, until program, corpus, seed or time are others: it would try the same again.
//!
//! Deliberately absent: writing to the corpus. `docs/operations.md` says how a finding becomes a test.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cargo::{self, Repo, step};

/// A workspace of targets.
struct Suite {
    folder: &'static str,
    targets: &'static [&'static str],
}

/// The targets, in the order in which they run. No name is there twice: they share the target folder.
const SUITES: [Suite; 2] = [
    Suite {
        folder: "platform/mapping/fuzz",
        targets: &["document", "formula", "json_path", "json_rows", "csv_rows"],
    },
    Suite {
        folder: "platform/formats/fuzz",
        targets: &[
            "csv",
            "json",
            "xml",
            "xlsx",
            "fixed",
            "parquet",
            "archives",
            "encodings",
            "pages",
            "drift",
        ],
    },
];

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
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u32,
    /// begin with the repository's corpus alone and try about the same inputs each time
    #[arg(long)]
    pub(crate) seed: Option<u32>,
    /// only this target
    pub(crate) target: Option<String>,
}

/// Builds the targets and runs them, as many at a time as there are cores; a crash, a hang or too much
/// memory is an error.
pub(crate) fn run(repo: &Repo, arguments: &Arguments) -> anyhow::Result<()> {
    let wanted = |name: &str| arguments.target.as_deref().is_none_or(|only| only == name);
    let mut waiting: Vec<(PathBuf, &str)> = Vec::new();
    let built = repo.target.join("fuzz");
    let host = host()?;
    for suite in &SUITES {
        let folder = repo.root.join(suite.folder);
        let targets = suite.targets.iter().filter(|name| wanted(name));
        let chosen: Vec<(PathBuf, &str)> = targets.map(|name| (folder.clone(), *name)).collect();
        if !chosen.is_empty() {
            build(repo, &folder, &built, &host)?;
            waiting.extend(chosen);
        }
    }
    if waiting.is_empty() {
        let all: Vec<&str> = SUITES
            .iter()
            .flat_map(|suite| suite.targets)
            .copied()
            .collect();
        let name = arguments.target.as_deref().unwrap_or_default();
        bail!("no fuzz target {name:?}; there are {}", all.join(", "));
    }
    let programs = built.join(&host).join("debug");
    if arguments.seed.is_some() {
        waiting = not_passed(&built, &programs, waiting, arguments)?;
    }
    let side_by_side = std::thread::available_parallelism()?.get();
    for some in waiting.chunks(side_by_side) {
        let names: Vec<&str> = some.iter().map(|(_, name)| *name).collect();
        step(&format!(
            "fuzzing {} for {} s each",
            names.join(", "),
            arguments.seconds
        ));
        let jobs: Vec<Job> = some
            .iter()
            .map(|(folder, target)| Job::start(folder, &built, &programs, target, arguments))
            .collect::<anyhow::Result<_>>()?;
        for ((folder, target), job) in some.iter().zip(jobs) {
            job.end()?;
            if arguments.seed.is_some() {
                let now = fingerprint(&programs.join(target), folder, target, arguments)?;
                std::fs::write(stamp(&built, target), now)?;
            }
        }
    }
    Ok(())
}

/// The targets but those that have passed this very run before.
fn not_passed<'t>(
    built: &Path,
    programs: &Path,
    waiting: Vec<(PathBuf, &'t str)>,
    arguments: &Arguments,
) -> anyhow::Result<Vec<(PathBuf, &'t str)>> {
    let (mut left, mut passed) = (Vec::new(), Vec::new());
    for (folder, target) in waiting {
        let now = fingerprint(&programs.join(target), &folder, target, arguments)?;
        match std::fs::read_to_string(stamp(built, target)) {
            Ok(before) if before == now => passed.push(target),
            _ => left.push((folder, target)),
        }
    }
    if !passed.is_empty() {
        step(&format!(
            "unchanged since they were fuzzed with this seed: {} (cargo xtask fuzz looks further)",
            passed.join(", ")
        ));
    }
    Ok(left)
}

/// Where it stands what a target has passed.
fn stamp(built: &Path, target: &str) -> PathBuf {
    built.join("seeded").join(format!("{target}.passed"))
}

/// All that a seeded run depends on but the speed of the machine.
fn fingerprint(
    program: &Path,
    folder: &Path,
    target: &str,
    arguments: &Arguments,
) -> anyhow::Result<String> {
    let mut hasher = DefaultHasher::new();
    (arguments.seconds, arguments.seed).hash(&mut hasher);
    std::fs::read(program)?.hash(&mut hasher);
    let corpus = folder.join("corpus").join(target);
    let mut inputs: Vec<PathBuf> = std::fs::read_dir(&corpus)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    inputs.sort();
    for input in inputs {
        input.file_name().hash(&mut hasher);
        std::fs::read(&input)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn build(repo: &Repo, folder: &Path, built: &Path, host: &str) -> anyhow::Result<()> {
    step(&format!(
        "building the fuzz targets in {}",
        folder.display()
    ));
    // with a named platform the flags do not reach build scripts and macros
    let mut build = repo.cargo(&["build", "--locked", "--bins", "--target", host]);
    build
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", built)
        .env("RUSTFLAGS", FLAGS);
    cargo::run(&mut build)
}

/// A target at work.
struct Job {
    target: String,
    process: std::process::Child,
    /// what it said
    log: PathBuf,
    crashes: PathBuf,
}

impl Job {
    fn start(
        folder: &Path,
        built: &Path,
        programs: &Path,
        target: &str,
        arguments: &Arguments,
    ) -> anyhow::Result<Self> {
        let found = if arguments.seed.is_some() {
            built.join("seeded").join(target)
        } else {
            built.join("corpus").join(target)
        };
        if arguments.seed.is_some() && found.exists() {
            std::fs::remove_dir_all(&found)?;
        }
        let crashes = built.join("crashes").join(target);
        std::fs::create_dir_all(&found)?;
        std::fs::create_dir_all(&crashes)?;
        let log = built.join(format!("{target}.log"));
        let process = std::process::Command::new(programs.join(target))
            .arg(&found)
            .arg(folder.join("corpus").join(target))
            .arg(format!("-max_total_time={}", arguments.seconds))
            // 0: libFuzzer takes one of its own
            .arg(format!("-seed={}", arguments.seed.unwrap_or(0)))
            .arg(format!("-timeout={HANG_SECONDS}"))
            .arg("-rss_limit_mb=2048")
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .args(["-verbosity=0", "-print_final_stats=1"])
            .stderr(std::fs::File::create(&log)?)
            .spawn()?;
        Ok(Self {
            target: target.to_owned(),
            process,
            log,
            crashes,
        })
    }

    /// Waits for its end and says how many inputs it tried; all it said, if it failed.
    fn end(mut self) -> anyhow::Result<()> {
        let status = self.process.wait()?;
        let said = std::fs::read_to_string(&self.log)?;
        let Self {
            target, crashes, ..
        } = &self;
        if !status.success() {
            bail!(
                "{said}\nthe input that {target} fails on lies in {}",
                crashes.display()
            );
        }
        let figure = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or("?").trim().to_owned()
        };
        step(&format!(
            "{target}: {} inputs, no fault; peak memory {} MiB",
            figure("stat::number_of_executed_units:"),
            figure("stat::peak_rss_mb:")
        ));
        Ok(())
    }
}

/// The platform that rustc builds for.
fn host() -> anyhow::Result<String> {
    let output = std::process::Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc -vV names no host")?.to_owned())
}
