//! The end-to-end bench: generated order lines (disk → CSV → group → map → TAXMAN in batches of
//! 100 → results) through the built program, with the program's peak memory. With two sizes it
//! shows that memory does not grow with the input.
//!
//! It measures the program as users run it: server process, SQLite, encrypted lake, SFTP source
//! and TAXMAN on loopback. TAXMAN and the file server take part of the same two cores.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value that is indexed gives null where nothing is; nothing else is indexed"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use serde_json::{Value, json};
use tributary_tests::server::Programs;
use tributary_tests::stage::Stage;

/// Arguments.
#[derive(Parser)]
struct Arguments {
    /// folder with the built programs
    #[arg(long)]
    programs: PathBuf,
    /// folder with the built components
    #[arg(long)]
    connectors: PathBuf,
    /// the repository's tenants
    #[arg(long)]
    tenants: PathBuf,
    /// order lines
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
    /// one JSON object a line
    #[arg(long)]
    json: bool,
}

/// What one size gave.
struct Measured {
    lines_per_s: f64,
    peak_mib: f64,
    run: Value,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let small = measure(&arguments, (arguments.lines / 10).max(1)).await?;
    let full = measure(&arguments, arguments.lines).await?;
    say(
        &arguments,
        "end_to_end_records_per_s",
        full.lines_per_s,
        "lines/s",
        None,
    )?;
    let ratio = Some((small.peak_mib, full.peak_mib / small.peak_mib));
    say(
        &arguments,
        "end_to_end_peak_rss_mib",
        full.peak_mib,
        "MiB",
        ratio,
    )?;
    eprintln!("{}", full.run["report"]);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the bench's output")]
fn say(
    arguments: &Arguments,
    name: &str,
    value: f64,
    unit: &str,
    against: Option<(f64, f64)>,
) -> anyhow::Result<()> {
    let mut line = json!({ "name": name, "value": round(value), "unit": unit });
    if let (Some((baseline, ratio)), Some(members)) = (against, line.as_object_mut()) {
        members.insert("baseline".to_owned(), json!(round(baseline)));
        members.insert("ratio".to_owned(), json!((ratio * 1000.0).round() / 1000.0));
    }
    if arguments.json {
        println!("{line}");
    } else {
        println!("{name:<28} {:>12} {unit}  {}", round(value), line);
    }
    std::io::stdout().flush()?;
    Ok(())
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

async fn measure(arguments: &Arguments, lines: u64) -> anyhow::Result<Measured> {
    let scratch = tempfile::tempdir()?;
    let tenants = scratch.path().join("tenants");
    let samples = tenants.join("acme/samples");
    copy(&arguments.tenants, &tenants)?;
    for entry in std::fs::read_dir(&samples)? {
        std::fs::remove_file(entry?.path())?;
    }
    generate(&samples.join("orders-bench.csv"), lines)?;
    let counterparts = scratch.path().join("counterparts");
    let other_side = OtherSide::start(&arguments.programs, &counterparts, &tenants)?;
    let described = other_side.described(&counterparts)?;
    let programs = Programs {
        folder: arguments.programs.clone(),
        connectors: arguments.connectors.clone(),
        tenants: tenants.clone(),
    };
    let mut stage = stage(programs, &described)?;
    stage.server.start()?;
    let rest = stage.server.ready().await?;
    stage.install_connectors(&["sftp", "taxman"])?;
    stage.apply(&tenants.join("acme"))?;
    let started = Instant::now();
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 1_800).await?;
    let seconds = started.elapsed().as_secs_f64();
    anyhow::ensure!(run["counters"]["rows"] == lines, "{run}");
    anyhow::ensure!(
        run["counters"]["delivered"] == run["counters"]["read"],
        "{run}"
    );
    let pid = stage.server.pid().context("the server is gone")?;
    Ok(Measured {
        lines_per_s: lines as f64 / seconds,
        peak_mib: peak_mib(pid)?,
        run,
    })
}

fn stage(programs: Programs, described: &Value) -> anyhow::Result<Stage> {
    let text = |pointer: &str| {
        described
            .pointer(pointer)
            .map(|value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            })
            .with_context(|| format!("counterparts.json has no {pointer}"))
    };
    let bare = |url: String| {
        url.trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned()
    };
    let sftp = format!("{}:{}", text("/sftp/host")?, text("/sftp/port")?);
    let mut stage = Stage::with_programs(programs, &[bare(text("/taxman/url")?), sftp])?;
    for (name, pointer) in [
        ("TAXMAN_URL", "/taxman/url"),
        ("TAXMAN_TOKEN", "/taxman/token"),
        ("ACME_SFTP_HOST", "/sftp/host"),
        ("ACME_SFTP_PORT", "/sftp/port"),
        ("ACME_SFTP_USER", "/sftp/user"),
        ("ACME_SFTP_PASSWORD", "/sftp/password"),
        ("ACME_SFTP_HOST_KEY", "/sftp/host_key"),
    ] {
        stage.set(name, text(pointer)?);
    }
    Ok(stage)
}

/// The counterparts process.
struct OtherSide(Child);

impl OtherSide {
    fn start(programs: &Path, dir: &Path, tenants: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let child = Command::new(programs.join("tributary-counterparts"))
            .arg("--dir")
            .arg(dir)
            .arg("--tenants")
            .arg(tenants)
            .arg("--forget")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }

    fn described(&self, dir: &Path) -> anyhow::Result<Value> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Ok(text) = std::fs::read(dir.join("counterparts.json")) {
                return Ok(serde_json::from_slice(&text)?);
            }
            anyhow::ensure!(Instant::now() < deadline, "the counterparts are not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for OtherSide {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Good order lines in acme's form: three per order, an order's lines up to 60 lines apart.
fn generate(path: &Path, lines: u64) -> anyhow::Result<()> {
    let sample = include_str!("../../bench_lines.csv");
    let mut rows = sample.lines();
    let header = rows.next().context("bench_lines.csv has no header")?;
    let pattern: Vec<&str> = rows.collect();
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(out, "{header}")?;
    for line in 0..lines {
        let (order, position) = spread(line, lines);
        let row = pattern
            .get(usize::try_from(order)? % pattern.len())
            .context("bench_lines.csv has no rows")?;
        let text = row
            .replace("{ORDER}", &format!("{}", 3_000_000_000 + order))
            .replace("{POSITION}", &position.to_string())
            .replace("{QUANTITY}", &(1 + (line * 7) % 40).to_string())
            .replace(
                "{PRICE}",
                &format!("{},{:02}", 1 + (line * 13) % 900, (line * 31) % 100),
            );
        writeln!(out, "{text}")?;
    }
    out.flush()?;
    Ok(())
}

/// Blocks of 60 lines hold 20 orders, whose lines come in three rounds.
fn spread(line: u64, lines: u64) -> (u64, u64) {
    let block = line / 60;
    let whole = (block + 1) * 60 <= lines;
    if whole {
        (block * 20 + line % 60 % 20, 1 + line % 60 / 20)
    } else {
        (block * 20 + line % 60 / 3, 1 + line % 60 % 3)
    }
}

fn peak_mib(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .context("no VmHWM")?
        .parse()?;
    Ok(kib / 1024.0)
}
