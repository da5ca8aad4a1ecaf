//! `tributary run TENANT INTEGRATION`: starts a run, shows its progress, prints the report.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::client::{Client, ServerOptions, Unreachable, required, segment};
use crate::{print, report};

/// Pauses between two looks at a run.
const FIRST_PAUSE: Duration = Duration::from_millis(150);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Looks in a row that may be lost, a second apart: a server that is restarted comes back.
const MOST_LOST: u32 = 60;

/// Arguments of `tributary run`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    tenant: String,
    integration: String,
    /// full or incremental, instead of what the integration says
    #[arg(long)]
    mode: Option<String>,
    /// end at once, without waiting for the run
    #[arg(long)]
    detach: bool,
    /// the finished run as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let id = start(
        &client,
        &arguments.tenant,
        &arguments.integration,
        arguments.mode.as_deref(),
    )
    .await?;
    if arguments.detach {
        print::line(&id);
        return Ok(());
    }
    let tenant = &arguments.tenant;
    print::remark(&format!(
        "{id} has started; it goes on if this ends: tributary runs {tenant} {id}"
    ));
    let finished = follow(
        &client,
        &arguments.tenant,
        &id,
        &progress_bar(&arguments.integration),
    )
    .await?;
    if arguments.json {
        print::line(&finished.to_string());
    } else {
        let issues = first_issues(&client, &arguments.tenant, &id, 5).await?;
        print::line(&report::text(&finished, &issues));
    }
    match required(&finished, "state")? {
        "succeeded" | "completed_with_errors" => Ok(()),
        state => anyhow::bail!("the run ended as {state}"),
    }
}

/// Starts a run and gives its id.
pub(crate) async fn start(
    client: &Client,
    tenant: &str,
    integration: &str,
    mode: Option<&str>,
) -> anyhow::Result<String> {
    let mut body = json!({ "integration": integration });
    if let (Some(mode), Some(members)) = (mode, body.as_object_mut()) {
        members.insert("mode".to_owned(), json!(mode));
    }
    let path = format!("/tenants/{}/runs", segment(tenant));
    let run = client.post(&path, &body).await?;
    Ok(required(&run, "id")?.to_owned())
}

/// Waits for the run's end, showing its counters.
pub(crate) async fn follow(
    client: &Client,
    tenant: &str,
    id: &str,
    bar: &ProgressBar,
) -> anyhow::Result<Value> {
    let path = format!("/tenants/{}/runs/{}", segment(tenant), segment(id));
    let (mut pause, mut lost) = (FIRST_PAUSE, 0);
    loop {
        let run = match client.get(&path).await {
            Ok(run) => run,
            Err(error) if error.is::<Unreachable>() && lost < MOST_LOST => {
                lost += 1;
                bar.set_message("the server is not reached; asking again");
                tokio::time::sleep(LONGEST_PAUSE).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        lost = 0;
        let state = required(&run, "state")?.to_owned();
        bar.set_message(progress_text(&run));
        if ["succeeded", "completed_with_errors", "failed", "cancelled"].contains(&state.as_str()) {
            bar.finish_and_clear();
            return Ok(run);
        }
        bar.tick();
        tokio::time::sleep(pause).await;
        // the view of a long run sums much: it is asked for less often
        pause = LONGEST_PAUSE.min(pause * 5 / 4);
    }
}

/// A spinner for one run.
pub(crate) fn progress_bar(name: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:<24} {elapsed:>4} {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar
}

fn progress_text(run: &Value) -> String {
    let count = |key: &str| {
        run.pointer(&format!("/counters/{key}"))
            .and_then(Value::as_u64)
            .unwrap_or(0)
    };
    let bad = count("quarantined") + count("rejected") + count("uncertain");
    format!(
        "{}  {} rows · {} records · {} delivered · {} unchanged · {bad} with errors",
        run.get("state").and_then(Value::as_str).unwrap_or_default(),
        print::grouped(count("rows")),
        print::grouped(count("read")),
        print::grouped(count("delivered")),
        print::grouped(count("unchanged")),
    )
}

/// The first issues of a run.
pub(crate) async fn first_issues(
    client: &Client,
    tenant: &str,
    id: &str,
    limit: usize,
) -> anyhow::Result<Vec<Value>> {
    let path = format!(
        "/tenants/{}/runs/{}/issues?limit={limit}",
        segment(tenant),
        segment(id)
    );
    let page = client.get(&path).await?;
    let items = page.get("items").and_then(Value::as_array);
    Ok(items.cloned().unwrap_or_default())
}
