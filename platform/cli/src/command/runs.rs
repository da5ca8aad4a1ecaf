//! `tributary runs TENANT [RUN]`: the tenant's runs, or one run's report; `tributary runs resume
//! TENANT RUN`: lets a paused run go on.

use std::path::PathBuf;

use serde_json::Value;

use crate::client::{Client, ServerOptions, segment};
use crate::command::run::first_issues;
use crate::{print, report};

/// Arguments of `tributary runs`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    change: Option<Change>,
    #[command(flatten)]
    list: Option<ListArguments>,
}

#[derive(clap::Subcommand)]
enum Change {
    /// let a paused run go on at once
    Resume(ResumeArguments),
}

#[derive(clap::Args)]
struct ResumeArguments {
    tenant: String,
    /// id of the run
    run: String,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(clap::Args)]
struct ListArguments {
    tenant: String,
    /// id of a run: shows its report
    run: Option<String>,
    /// how many runs to list
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Arguments of `tributary issues` and `tributary results`.
#[derive(clap::Args)]
pub(crate) struct DownloadArguments {
    pub(crate) tenant: String,
    pub(crate) run: String,
    /// ndjson or csv
    #[arg(long, default_value = "ndjson")]
    pub(crate) format: String,
    /// write to this file instead of the terminal
    #[arg(long, short)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match (&arguments.change, &arguments.list) {
        (Some(Change::Resume(arguments)), _) => resume(arguments).await,
        (None, Some(arguments)) => list(arguments).await,
        (None, None) => anyhow::bail!("name a tenant\n  hint: tributary runs TENANT"),
    }
}

async fn resume(arguments: &ResumeArguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let path = format!(
        "/tenants/{}/runs/{}/resume",
        segment(&arguments.tenant),
        segment(&arguments.run)
    );
    let run = client.post(&path, &serde_json::json!({})).await?;
    print::line(&report::table_head());
    print::line(&report::table_row(&run));
    Ok(())
}

async fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let tenant = segment(&arguments.tenant);
    if let Some(id) = &arguments.run {
        let run = client
            .get(&format!("/tenants/{tenant}/runs/{}", segment(id)))
            .await?;
        if arguments.json {
            print::line(&run.to_string());
        } else {
            let issues = first_issues(&client, &arguments.tenant, id, 10).await?;
            print::line(&report::text(&run, &issues));
        }
        return Ok(());
    }
    let page = client
        .get(&format!("/tenants/{tenant}/runs?limit={}", arguments.limit))
        .await?;
    let runs = page
        .get("items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if arguments.json {
        for run in &runs {
            print::line(&run.to_string());
        }
        return Ok(());
    }
    if runs.is_empty() {
        print::line(&format!(
            "{} has no runs yet; start one with: tributary run {} INTEGRATION",
            arguments.tenant, arguments.tenant
        ));
        return Ok(());
    }
    print::line(&report::table_head());
    for run in &runs {
        print::line(&report::table_row(run));
    }
    Ok(())
}
