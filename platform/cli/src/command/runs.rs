//! `tributary runs TENANT [RUN]`: the tenant's runs, or one run's report; `tributary runs
//! cancel|resume|redrive TENANT RUN` changes one.

use std::path::PathBuf;

use serde_json::Value;

use crate::client::{Client, ServerOptions, segment};
use crate::command::run::first_issues;
use crate::{print, report};

/// Arguments of `tributary runs`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    change: Option<Change>,
    tenant: Option<String>,
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

#[derive(clap::Subcommand)]
enum Change {
    /// start nothing new of a run; what is under way ends or is given back
    Cancel(OneRun),
    /// let a paused run go on at once
    Resume(OneRun),
    /// take up again the records of a finished run that ended quarantined, rejected or uncertain
    Redrive(OneRun),
}

#[derive(clap::Args)]
struct OneRun {
    tenant: String,
    /// id of the run
    run: String,
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
    let client = Client::connect(&arguments.server).await?;
    match &arguments.change {
        Some(Change::Cancel(run)) => return change(&client, run, "cancel").await,
        Some(Change::Resume(run)) => return change(&client, run, "resume").await,
        Some(Change::Redrive(run)) => return change(&client, run, "redrive").await,
        None => {}
    }
    let Some(tenant) = &arguments.tenant else {
        anyhow::bail!("no tenant is named\n  hint: tributary runs TENANT [RUN]");
    };
    if let Some(id) = &arguments.run {
        return one(&client, tenant, id, arguments.json).await;
    }
    list(&client, tenant, arguments).await
}

async fn change(client: &Client, one: &OneRun, verb: &str) -> anyhow::Result<()> {
    let (tenant, id) = (segment(&one.tenant), segment(&one.run));
    let path = format!("/tenants/{tenant}/runs/{id}/{verb}");
    let run = client.post(&path, &serde_json::json!({})).await?;
    print::line(&report::table_head());
    print::line(&report::table_row(&run));
    Ok(())
}

async fn one(client: &Client, tenant: &str, id: &str, json: bool) -> anyhow::Result<()> {
    let path = format!("/tenants/{}/runs/{}", segment(tenant), segment(id));
    let run = client.get(&path).await?;
    if json {
        print::line(&run.to_string());
    } else {
        let issues = first_issues(client, tenant, id, 10).await?;
        print::line(&report::text(&run, &issues));
    }
    Ok(())
}

async fn list(client: &Client, tenant: &str, arguments: &Arguments) -> anyhow::Result<()> {
    let page = client
        .get(&format!(
            "/tenants/{}/runs?limit={}",
            segment(tenant),
            arguments.limit
        ))
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
            "{tenant} has no runs yet; start one with: tributary run {tenant} INTEGRATION"
        ));
        return Ok(());
    }
    print::line(&report::table_head());
    for run in &runs {
        print::line(&report::table_row(run));
    }
    Ok(())
}
