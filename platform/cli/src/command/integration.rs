//! `tributary integration pins | pin | unpin`: which bytes of its connectors an integration's runs may load.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_model::document::INSTALLED;

use crate::client::{Client, ServerOptions, segment};
use crate::print;

const SIDES: [&str; 2] = ["source", "target"];
/// Characters of a digest that a person is shown, `sha256:` included.
const SHOWN_DIGEST: usize = 23;

/// Arguments of `tributary integration`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    server: ServerOptions,
}

#[derive(clap::Subcommand)]
enum What {
    /// what each side of the integrations runs, and whether it is pinned
    Pins {
        tenant: String,
        /// one integration only
        name: Option<String>,
        /// one JSON object a side
        #[arg(long)]
        json: bool,
    },
    /// pin the connectors to the bytes that are installed now, or move the pins to them
    Pin(Change),
    /// let runs take what is installed when they start
    Unpin(Change),
}

#[derive(clap::Args)]
struct Change {
    tenant: String,
    name: String,
    /// this side only
    #[arg(long, value_parser = SIDES)]
    side: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    match &arguments.what {
        What::Pins { tenant, name, json } => {
            let names = match name {
                Some(name) => vec![name.clone()],
                None => names(&client, tenant).await?,
            };
            let installed = Installed::read(&client).await?;
            for name in &names {
                for side in sides(&client, &installed, tenant, name).await? {
                    match json {
                        true => print::line(&side.json().to_string()),
                        false => print::line(side.text().trim_end()),
                    }
                }
            }
            Ok(())
        }
        What::Pin(pin) => change(&client, pin, Some(INSTALLED)).await,
        What::Unpin(unpin) => change(&client, unpin, None).await,
    }
}

async fn names(client: &Client, tenant: &str) -> anyhow::Result<Vec<String>> {
    let path = format!("/tenants/{}/integrations", segment(tenant));
    let page = client.get(&path).await?;
    let items = page.get("items").and_then(Value::as_array);
    let names = items.into_iter().flatten().map(|item| text(item, "/name"));
    Ok(names.map(str::to_owned).collect())
}

/// Saves the integration with its pins changed, over the version that was read.
async fn change(client: &Client, change: &Change, pin: Option<&str>) -> anyhow::Result<()> {
    let (tenant, name) = (&change.tenant, &change.name);
    let path = format!(
        "/tenants/{}/integrations/{}",
        segment(tenant),
        segment(name)
    );
    let (mut document, version) = client.get_versioned(&path).await?;
    for side in SIDES {
        if change.side.as_deref().is_some_and(|wanted| wanted != side) {
            continue;
        }
        if let Some(side) = document.get_mut(side).and_then(Value::as_object_mut) {
            match pin {
                Some(pin) => side.insert("connector_digest".to_owned(), json!(pin)),
                None => side.shift_remove("connector_digest"),
            };
        }
    }
    let installed = Installed::read(client).await?;
    let before = sides(client, &installed, tenant, name).await?;
    client.put_over(&path, &version, &document).await?;
    let after = sides(client, &installed, tenant, name).await?;
    for (before, after) in before.iter().zip(&after) {
        print::line(after.text().trim_end());
        let moved = before.pin != after.pin;
        if let (true, Some(from)) = (moved, &before.pin) {
            print::remark(&format!("  was pinned to {}", before.titled(from)));
        }
    }
    Ok(())
}

/// What is installed.
struct Installed {
    /// name, version and short digest of the file, by the platform's digest
    by_digest: BTreeMap<String, String>,
    /// the digest of what was installed last, by name
    last: BTreeMap<String, String>,
}

impl Installed {
    async fn read(client: &Client) -> anyhow::Result<Self> {
        let page = client.get("/connectors").await?;
        let (mut by_digest, mut last) = (BTreeMap::new(), BTreeMap::new());
        let items = page.get("items").and_then(Value::as_array);
        for item in items.into_iter().flatten() {
            let part = |name: &str| text(item, name).to_owned();
            let (name, digest) = (part("/name"), part("/digest"));
            // the version installed last comes first
            last.entry(name.clone()).or_insert_with(|| digest.clone());
            let known_as = match part("/file_digest") {
                known_as if known_as.is_empty() => digest.clone(),
                known_as => known_as,
            };
            let known_as = known_as.get(..SHOWN_DIGEST).unwrap_or(&known_as).to_owned();
            let title = format!("{name} {} ({known_as})", part("/version"));
            by_digest.insert(digest, title);
        }
        Ok(Self { by_digest, last })
    }

    fn titled(&self, digest: &str) -> String {
        let short = digest.get(..SHOWN_DIGEST).unwrap_or(digest);
        let title = self.by_digest.get(digest).cloned();
        title.unwrap_or_else(|| format!("{short}, which is not installed"))
    }
}

/// One side of an integration as it would run now.
struct Side<'a> {
    installed: &'a Installed,
    integration: String,
    side: &'static str,
    connection: String,
    connector: String,
    pin: Option<String>,
    /// what the connection pins, or what was installed last
    otherwise: Option<String>,
}

async fn sides<'a>(
    client: &Client,
    installed: &'a Installed,
    tenant: &str,
    name: &str,
) -> anyhow::Result<Vec<Side<'a>>> {
    let tenant = segment(tenant);
    let path = format!("/tenants/{tenant}/integrations/{}", segment(name));
    let document = client.get(&path).await?;
    let mut found = Vec::new();
    for side in SIDES {
        let connection = text(&document, &format!("/{side}/connection")).to_owned();
        let path = format!("/tenants/{tenant}/connections/{}", segment(&connection));
        let stored = client.get(&path).await?;
        let connector = text(&stored, "/connector").to_owned();
        let pinned = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let own = pinned(stored.get("connector_digest"));
        found.push(Side {
            installed,
            integration: name.to_owned(),
            side,
            pin: pinned(document.pointer(&format!("/{side}/connector_digest"))),
            otherwise: own.or_else(|| installed.last.get(&connector).cloned()),
            connection,
            connector,
        });
    }
    Ok(found)
}

impl Side<'_> {
    fn titled(&self, digest: &str) -> String {
        self.installed.titled(digest)
    }

    fn text(&self) -> String {
        let (runs, note) = match (&self.pin, &self.otherwise) {
            (Some(pin), Some(now)) if pin != now => (
                format!("pinned  {}", self.titled(pin)),
                format!("now there is {}", self.titled(now)),
            ),
            (Some(pin), _) => (format!("pinned  {}", self.titled(pin)), String::new()),
            (None, Some(now)) => (format!("free    {}", self.titled(now)), String::new()),
            (None, None) => (
                format!("free    {} is not installed", self.connector),
                String::new(),
            ),
        };
        let (name, side, connection) = (&self.integration, self.side, &self.connection);
        format!("{name:<16} {side}  {connection:<14} {runs}  {note}")
    }

    fn json(&self) -> Value {
        json!({
            "integration": self.integration, "side": self.side, "connection": self.connection,
            "connector": self.connector, "connector_digest": self.pin, "installed": self.otherwise,
        })
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
