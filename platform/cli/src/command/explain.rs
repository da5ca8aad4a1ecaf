//! `tributary explain TENANT RUN KEY [FIELD]`: how one record of a run came to be.

use anyhow::{Context as _, bail};
use serde_json::Value;
use tributary_authoring::{explain_text, explained};
use tributary_mapping::Explanation;

use crate::client::{Client, ServerOptions, segment};
use crate::print;

/// Arguments of `tributary explain`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    tenant: String,
    /// id of the run
    run: String,
    /// the record's own key
    key: String,
    /// only these fields: a pointer (/lines/1/amount) or the id of a field
    field: Option<String>,
    /// the answer as JSON, all fields
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let path = format!(
        "/tenants/{}/runs/{}/records/{}/explain",
        segment(&arguments.tenant),
        segment(&arguments.run),
        segment(&arguments.key)
    );
    let answer = client.get(&path).await?;
    if arguments.json {
        print::line(&answer.to_string());
        return Ok(());
    }
    let story = answer.get("explanation").cloned().unwrap_or_default();
    let story: Explanation = serde_json::from_value(story)
        .context("the explanation cannot be read; is the server of this version?")?;
    let only = arguments.field.as_deref();
    if only.is_some() && explained(&story, only).is_empty() {
        bail!(
            "the record {:?} has no field {:?}\n  hint: leave the field out to see them all",
            arguments.key,
            only.unwrap_or_default()
        );
    }
    print::line(&versions(&answer));
    print::text(explain_text(&story, only).trim_start_matches('\n'));
    Ok(())
}

/// What the record was made with, in one line.
fn versions(answer: &Value) -> String {
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut line = format!(
        "{}   mapping {} revision {}",
        text("source"),
        text("mapping"),
        answer["mapping_revision"]
    );
    let lookups = answer.get("lookups").and_then(Value::as_object);
    for (name, version) in lookups.into_iter().flatten() {
        line.push_str(&format!("   lookup {name} version {version}"));
    }
    line
}
