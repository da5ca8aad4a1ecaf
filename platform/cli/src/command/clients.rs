//! `tributary clients list|add|remove`: who may sign in to the API for a tenant, and as what.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::client::{
    Client, Credentials, ServerOptions, read_credentials, required, segment, write_credentials,
};
use crate::print;

/// Arguments of `tributary clients`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// every client of a tenant
    List { tenant: String },
    /// make a client; its secret is shown this once
    Add {
        tenant: String,
        /// name of the client: a-z, 0-9 and -
        name: String,
        /// what it may do
        #[arg(long, value_parser = ["engineer", "customer_admin", "customer_viewer", "ingest"])]
        role: String,
        /// write a credentials file for --credentials in place of showing the secret
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// remove a client; tokens that it has end within 15 minutes
    Remove {
        tenant: String,
        /// name of the client, without the tenant's
        name: String,
    },
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    match &arguments.verb {
        Verb::List { tenant } => list(&client, tenant).await,
        Verb::Add {
            tenant,
            name,
            role,
            out,
        } => {
            let path = format!("/tenants/{}/clients", segment(tenant));
            let body = json!({ "name": name, "role": role });
            let made = client.post(&path, &body).await?;
            show(&made, &arguments.server, out.as_ref())
        }
        Verb::Remove { tenant, name } => {
            let path = format!("/tenants/{}/clients/{}", segment(tenant), segment(name));
            client.delete(&path).await?;
            print::line(&format!(
                "{tenant}.{name} is removed; tokens that it has end within 15 minutes"
            ));
            Ok(())
        }
    }
}

async fn list(client: &Client, tenant: &str) -> anyhow::Result<()> {
    let path = format!("/tenants/{}/clients", segment(tenant));
    let answer = client.get(&path).await?;
    let items = answer.get("items").and_then(Value::as_array);
    let items = items.map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        print::line(&format!(
            "{tenant} has no clients yet; make one with: tributary clients add {tenant} NAME --role customer_viewer"
        ));
    }
    for item in items {
        let (id, role) = (required(item, "client_id")?, required(item, "role")?);
        print::line(&format!("{id:<40} {role}"));
    }
    Ok(())
}

fn show(made: &Value, server: &ServerOptions, out: Option<&PathBuf>) -> anyhow::Result<()> {
    let (id, secret) = (
        required(made, "client_id")?,
        required(made, "client_secret")?,
    );
    let Some(path) = out else {
        print::line(&format!("client_id      {id}"));
        print::line(&format!("client_secret  {secret}"));
        print::remark("the secret is not stored and cannot be shown again");
        return Ok(());
    };
    let url = match &server.url {
        Some(url) => url.clone(),
        None => read_credentials(&server.credentials)?.url,
    };
    let credentials = Credentials {
        url,
        client_id: id.to_owned(),
        client_secret: secret.to_owned(),
    };
    write_credentials(path, &credentials)?;
    print::line(&format!("{id}: {}", path.display()));
    Ok(())
}
