//! `tributary demo`: the main job on this machine. Starts the other side (TAXMAN, an ERP, an
//! SFTP server) and a server of its own on free loopback ports, applies the tenants, runs their
//! integrations, shows the reports and keeps serving.
//!
//! Invariants: everything lies in one folder; a second start uses it again, with the same ports
//! if they are free, and changes nothing that a person did; both child processes end with the
//! demo, by process id.

mod children;
mod counterparts;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use indicatif::MultiProgress;
use serde_json::Value;

use crate::client::{Client, segment};
use crate::command::{apply, connector, run as run_command};
use crate::variables::Variables;
use crate::{print, report};
use children::Child;
use counterparts::Counterparts;

/// Arguments of `tributary demo`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// the demo's folder
    #[arg(long, default_value = "demo-data")]
    dir: PathBuf,
    /// folder of tenants
    #[arg(long, default_value = "tenants")]
    tenants: PathBuf,
    /// folder of built connector components
    #[arg(long)]
    connectors: PathBuf,
    /// the program that plays the other side
    #[arg(long)]
    counterparts: PathBuf,
    /// end when the runs have ended
    #[arg(long)]
    once: bool,
}

/// An integration that the demo runs.
struct Job {
    tenant: String,
    integration: String,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let started = Instant::now();
    std::fs::create_dir_all(&arguments.dir)
        .with_context(|| format!("could not make the folder {}", arguments.dir.display()))?;
    let dir = arguments.dir.canonicalize()?;
    step("starting the other side: TAXMAN, an ERP and an SFTP server");
    let other_side = counterparts::start(&arguments.counterparts, &dir, &arguments.tenants).await?;
    let counterparts = &other_side.1;
    step("starting the server (SQLite, encrypted lake, key file)");
    let server = start_server(&dir, counterparts).await?;
    let client = Client::sign_in(&server.1).await?;
    step("installing connectors and applying tenants");
    install(&client, &arguments.connectors).await?;
    let jobs = apply_tenants(&client, &arguments.tenants, counterparts).await?;
    step("running");
    let (first_run, failed) = run_jobs(&client, &jobs).await?;
    show_effects(counterparts).await?;
    next_commands(&dir, &server.1.url, &jobs, &first_run);
    eprintln!(
        "\u{25b8} the demo took {:.1} s",
        started.elapsed().as_secs_f64()
    );
    if !arguments.once {
        eprintln!("\u{25b8} serving at {} until Ctrl-C", server.1.url);
        tokio::signal::ctrl_c().await?;
    }
    server.0.stop().await;
    other_side.0.stop().await;
    if failed > 0 {
        anyhow::bail!("{failed} of {} runs did not complete", jobs.len());
    }
    Ok(())
}

fn step(text: &str) {
    eprintln!("\u{25b8} {text}");
}

async fn start_server(
    dir: &Path,
    counterparts: &Counterparts,
) -> anyhow::Result<(Child, crate::client::Credentials)> {
    let port = children::port_for(dir, "server")?;
    let data = dir.join("data");
    let operator = dir.join("data-keys/operator.json");
    let log = dir.join("server.log");
    let mut command = tokio::process::Command::new(std::env::current_exe()?);
    command
        .arg("serve")
        .arg("--data-dir")
        .arg(&data)
        .env("TRIBUTARY_SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .env(
            "TRIBUTARY_EGRESS__ALLOW",
            counterparts.addresses().join(","),
        );
    let mut child = Child::start("the server", command, &log)?;
    let url = format!("http://127.0.0.1:{port}");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        child.must_run()?;
        if let Ok(credentials) = crate::client::read_credentials(&operator)
            && credentials.url == url
            && Client::sign_in(&credentials).await.is_ok()
        {
            return Ok((child, credentials));
        }
        if Instant::now() > deadline {
            anyhow::bail!(
                "the server did not get ready in 60 s; see {}",
                log.display()
            );
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn install(client: &Client, folder: &Path) -> anyhow::Result<()> {
    let mut components: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("could not read {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .collect();
    components.sort();
    for component in components {
        eprintln!("  {}", connector::add(client, &component).await?);
    }
    Ok(())
}

async fn apply_tenants(
    client: &Client,
    folder: &Path,
    counterparts: &Counterparts,
) -> anyhow::Result<Vec<Job>> {
    let variables: Variables = counterparts.variables();
    let mut tenants: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("could not read {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("tenant.json").exists())
        .collect();
    tenants.sort();
    let mut jobs = Vec::new();
    for tenant in tenants {
        for applied in apply::tenant_folder(client, &tenant, &variables).await? {
            eprintln!("  {:<10} {}", applied.change, applied.object);
            let parts: Vec<&str> = applied.object.split('/').collect();
            if let [_, tenant, "integrations", integration] = parts.as_slice() {
                jobs.push(Job {
                    tenant: (*tenant).to_owned(),
                    integration: (*integration).to_owned(),
                });
            }
        }
    }
    Ok(jobs)
}

/// Runs all jobs side by side; gives the first run's id and the number of runs that failed.
async fn run_jobs(client: &Client, jobs: &[Job]) -> anyhow::Result<(String, usize)> {
    let bars = MultiProgress::new();
    let mut following = Vec::new();
    for job in jobs {
        let id = run_command::start(client, &job.tenant, &job.integration, None).await?;
        let bar = bars.add(run_command::progress_bar(&format!(
            "{}/{}",
            job.tenant, job.integration
        )));
        following.push((job, id, bar));
    }
    let mut finished = Vec::new();
    for (job, id, bar) in &following {
        finished.push(run_command::follow(client, &job.tenant, id, bar).await?);
    }
    let mut failed = 0;
    for ((job, id, _), run) in following.iter().zip(&finished) {
        let issues = run_command::first_issues(client, &job.tenant, id, 3).await?;
        print::line(&report::text(run, &issues));
        let state = run.get("state").and_then(Value::as_str).unwrap_or_default();
        if !["succeeded", "completed_with_errors"].contains(&state) {
            failed += 1;
        }
    }
    let first = following.first().map(|(_, id, _)| id.clone());
    Ok((first.unwrap_or_default(), failed))
}

async fn show_effects(counterparts: &Counterparts) -> anyhow::Result<()> {
    let effects = counterparts.effects().await?;
    let count = |key: &str| effects.get(key).and_then(Value::as_u64).unwrap_or(0);
    print::line(&format!(
        "TAXMAN counts {} effects for {} keys, {} duplicates",
        print::grouped(count("effects")),
        print::grouped(count("keys")),
        count("duplicates")
    ));
    Ok(())
}

fn next_commands(dir: &Path, url: &str, jobs: &[Job], run: &str) {
    let credentials = dir.join("data-keys/operator.json");
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("tributary"));
    eprintln!("\nNext, in another terminal while the demo serves at {url}:");
    eprintln!("  export TRIBUTARY_CREDENTIALS={}", credentials.display());
    for job in jobs {
        eprintln!("  {} runs {}", program.display(), segment(&job.tenant));
    }
    if let Some(job) = jobs.first() {
        eprintln!(
            "  {} run {} {}",
            program.display(),
            job.tenant,
            job.integration
        );
        eprintln!(
            "  {} issues {} {run} --format csv",
            program.display(),
            job.tenant
        );
        eprintln!(
            "  {} results {} {run} --format csv",
            program.display(),
            job.tenant
        );
    }
    eprintln!("  the API's description: {url}/api/v1/openapi.json\n");
}
