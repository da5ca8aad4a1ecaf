//! `tributary records TENANT INTEGRATION KEY`: what became of one record in all runs; `tributary
//! records settle …` ends the doubt about one.

use serde_json::{Value, json};

use crate::client::{Client, ServerOptions, required, segment};
use crate::print;

/// Arguments of `tributary records`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    change: Option<Change>,
    tenant: Option<String>,
    integration: Option<String>,
    /// the record's key, as issues and results show it
    key: Option<String>,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(clap::Subcommand)]
enum Change {
    /// say what became of an uncertain record, once you have looked it up at the target
    Settle(Settle),
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("outcome").required(true))]
struct Settle {
    tenant: String,
    integration: String,
    /// the record's key, as issues and results show it
    key: String,
    /// the target has it: it is not sent again
    #[arg(long, group = "outcome")]
    delivered: bool,
    /// the target does not have it: the next run or redrive that reads it sends it
    #[arg(long, group = "outcome")]
    not_delivered: bool,
    /// the target's id of it
    #[arg(long, requires = "delivered")]
    external_id: Option<String>,
    /// how you found out
    #[arg(long)]
    note: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let life = match &arguments.change {
        Some(Change::Settle(settle)) => {
            let record = [&settle.tenant, &settle.integration, &settle.key];
            let body = json!({
                "delivered": settle.delivered, "external_id": settle.external_id, "note": settle.note,
            });
            let path = format!("{}/settle", path(record));
            client.post(&path, &body).await?
        }
        None => {
            let (Some(tenant), Some(integration), Some(key)) =
                (&arguments.tenant, &arguments.integration, &arguments.key)
            else {
                anyhow::bail!(
                    "no record is named\n  hint: tributary records TENANT INTEGRATION KEY"
                );
            };
            client.get(&path([tenant, integration, key])).await?
        }
    };
    if arguments.json {
        print::line(&serde_json::to_string_pretty(&life)?);
        return Ok(());
    }
    show(&life)
}

fn path([tenant, integration, key]: [&String; 3]) -> String {
    format!(
        "/tenants/{}/integrations/{}/records/{}",
        segment(tenant),
        segment(integration),
        segment(key)
    )
}

fn show(life: &Value) -> anyhow::Result<()> {
    let (key, state) = (required(life, "key")?, required(life, "state")?);
    print::line(&format!("{key}: {state}"));
    for settled in list(life, "settlements") {
        let (at, state) = (required(settled, "at")?, required(settled, "state")?);
        let by = required(settled, "settled_by")?;
        let more = words(settled, &["external_id", "note"]);
        print::line(&format!("  {at}  settled as {state} by {by}{more}"));
    }
    for step in list(life, "items") {
        let (at, state) = (required(step, "at")?, required(step, "state")?);
        let run = required(step, "run")?;
        let more = words(step, &["external_id"]);
        print::line(&format!("  {at}  {state:<12} {run}{more}"));
        for issue in list(step, "issues") {
            let (code, message) = (required(issue, "code")?, required(issue, "message")?);
            print::line(&format!("      {code}: {message}"));
        }
    }
    Ok(())
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    let items = of.get(name).and_then(Value::as_array);
    items.map(Vec::as_slice).unwrap_or_default()
}

/// The fields that have a text, each after a comma.
fn words(of: &Value, names: &[&str]) -> String {
    let given = names.iter().filter_map(|name| of.get(*name)?.as_str());
    given.map(|text| format!(", {text}")).collect()
}
