//! `tributary connection forms | new | consent | check | discover`: what a kind of credential needs, making
//! a connection by questions, having a person consent to it, whether one works, and what it has.

mod answers;
mod ask;
mod check;
mod consent;
mod discover;
mod new;

use anyhow::Context as _;
use serde_json::Value;

use crate::print;

/// Arguments of `tributary connection`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// the kinds of credentials, and what each needs (offline)
    Forms {
        /// one kind only, with its example and schemas
        kind: Option<String>,
        /// all of it as JSON
        #[arg(long)]
        json: bool,
    },
    /// make a connection: asks what its kind and its connector need, tries it, stores it
    New(new::NewArguments),
    /// have a person consent to a stored connection (oauth2_code): shows the address to open in a browser
    Consent(consent::ConsentArguments),
    /// try a stored connection step by step: name, socket, TLS or host key, account, data
    Check(check::CheckArguments),
    /// the streams of a stored connection, with schemas and what samples of their rows show
    Discover(discover::DiscoverArguments),
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.what {
        What::Forms { kind, json } => forms(kind.as_deref(), *json),
        What::New(arguments) => new::run(arguments).await,
        What::Consent(arguments) => consent::run(arguments).await,
        What::Check(arguments) => check::run(arguments).await,
        What::Discover(arguments) => discover::run(arguments).await,
    }
}

fn forms(kind: Option<&str>, json: bool) -> anyhow::Result<()> {
    let forms = tributary_model::connection_form::forms().context("the forms can't be read")?;
    let mut found = 0;
    for endpoint in items(&forms, "endpoints") {
        for form in items(endpoint, "auth") {
            let name = text(form, "kind");
            if kind.is_some_and(|kind| kind != name) {
                continue;
            }
            found += 1;
            match (json, kind) {
                (true, _) => print::line(&form.to_string()),
                (false, None) => {
                    let place = text(endpoint, "kind");
                    print::line(&format!("{place:<5} {name:<14} {}", text(form, "title")));
                }
                (false, Some(_)) => print::line(&explained(form)?),
            }
        }
    }
    anyhow::ensure!(
        found > 0,
        "there is no kind {:?}; `tributary connection forms` lists them",
        kind.unwrap_or_default()
    );
    Ok(())
}

/// A form for a person: what to enter, and an example.
fn explained(form: &Value) -> anyhow::Result<String> {
    let mut out = format!("{}\n{}\n", text(form, "title"), text(form, "description"));
    for (part, place) in [("auth", "endpoint.auth"), ("secrets", "secrets")] {
        let schema = form.get(part).unwrap_or(&Value::Null);
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            continue;
        };
        let required: Vec<&str> = items(schema, "required")
            .filter_map(Value::as_str)
            .collect();
        for (name, property) in properties.iter().filter(|(name, _)| *name != "kind") {
            let mark = if required.contains(&name.as_str()) {
                "*"
            } else {
                " "
            };
            let (title, more) = (text(property, "title"), text(property, "description"));
            let line = format!("\n{mark} {place}.{name}: {title}. {more}");
            out.push_str(line.trim_end());
        }
    }
    let example = form.get("example").unwrap_or(&Value::Null);
    let example = serde_json::to_string_pretty(example).context("the example can't be written")?;
    out.push_str(&format!("\n\n* must be given\n\n{example}"));
    Ok(out)
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
