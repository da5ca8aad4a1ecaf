//! `tributary limits`: what a tenant may use by its plan, and what it uses; an operator can give it another.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::client::{Client, ServerOptions, required, segment};
use crate::print;

/// Arguments of `tributary limits`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    tenant: String,
    /// give the tenant this plan of the server's configuration (operators); `default` takes its own away
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// the answer as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let tenant = format!("/tenants/{}", segment(&arguments.tenant));
    if let Some(plan) = &arguments.plan {
        give(&client, &tenant, plan).await?;
    }
    let limits = client.get(&format!("{tenant}/limits")).await?;
    if arguments.json {
        print::line(&serde_json::to_string_pretty(&limits)?);
        return Ok(());
    }
    print::line(&format!("plan {}", required(&limits, "plan")?));
    let all = limits.get("limits").and_then(Value::as_array);
    for limit in all.context("the answer has no limits")? {
        let number = |key: &str| match limit.get(key).and_then(Value::as_u64) {
            Some(number) => number.to_string(),
            None => "-".to_owned(),
        };
        let (name, about) = (required(limit, "name")?, required(limit, "about")?);
        let (used, most) = (number("used"), number("most"));
        print::line(&format!("{name:<18} {used:>10} of {most:>10}   {about}"));
    }
    Ok(())
}

/// Changes the plan in the tenant's document and nothing else of it.
async fn give(client: &Client, tenant: &str, plan: &str) -> anyhow::Result<()> {
    let (now, version) = client.get_versioned(tenant).await?;
    let mut document = json!({
        "name": required(&now, "name")?,
        "title": required(&now, "title")?,
    });
    if plan != "default"
        && let Some(members) = document.as_object_mut()
    {
        members.insert("plan".to_owned(), json!(plan));
    }
    client.put_over(tenant, &version, &document).await?;
    Ok(())
}
