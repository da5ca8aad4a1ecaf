//! `tributary connection consent`: has a person consent to a connection, and waits for it.

use std::time::Duration;

use serde_json::Value;

use super::text;
use crate::client::{Client, ServerOptions, segment};
use crate::print;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Arguments of `tributary connection consent`.
#[derive(clap::Args)]
pub(super) struct ConsentArguments {
    tenant: String,
    name: String,
    /// show the address and end, without waiting for the person
    #[arg(long)]
    no_wait: bool,
    /// JSON: the address, then the outcome
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Shows the address and waits; an error unless consent was given.
pub(super) async fn run(arguments: &ConsentArguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let path = format!(
        "/tenants/{}/connections/{}/consents",
        segment(&arguments.tenant),
        segment(&arguments.name)
    );
    let asked = client.post_nothing(&path).await?;
    match arguments.json {
        true => print::line(&asked.to_string()),
        false => print::line(&invitation(&asked)),
    }
    if arguments.no_wait {
        return Ok(());
    }
    print::remark("waiting for the person …");
    let path = format!("{path}/{}", segment(text(&asked, "id")));
    let outcome = loop {
        tokio::time::sleep(PAUSE).await;
        let view = client.get(&path).await?;
        if text(&view, "state") != "waiting" {
            break view;
        }
    };
    if arguments.json {
        print::line(&outcome.to_string());
    }
    let name = &arguments.name;
    match text(&outcome, "state") {
        "given" if arguments.json => Ok(()),
        "given" => {
            print::line(&given(&outcome, name));
            Ok(())
        }
        "expired" => anyhow::bail!(
            "nobody consented in time\n  hint: run the command again and open the new address within a quarter of an hour"
        ),
        _ => {
            let problem = outcome.get("problem").unwrap_or(&Value::Null);
            let (detail, hint) = (text(problem, "detail"), text(problem, "hint"));
            anyhow::bail!("no access was given: {detail}\n  hint: {hint}")
        }
    }
}

fn invitation(asked: &Value) -> String {
    format!(
        "open this address in the browser of the person who consents (good until {}, for one use):\n\n  {}\n\n\
         the other side must know this redirect URI: {}",
        text(asked, "expires_at"),
        text(asked, "url"),
        text(asked, "redirect_uri")
    )
}

fn given(outcome: &Value, name: &str) -> String {
    let renewable = outcome.get("renewable").and_then(Value::as_bool) == Some(true);
    let until = text(outcome, "access_until");
    match (renewable, until) {
        (true, _) | (false, "") => format!("access was given: the connection {name} can be used"),
        (false, until) => format!(
            "access was given, but only until {until}: the other side gave no refresh token\n  \
             hint: ask for one with authorize_params or scope, as its documentation says (Google: access_type=offline \
             and prompt=consent; Microsoft: the scope offline_access), and have consent given again"
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn access_that_ends_is_told() {
        let lasting = given(&json!({"renewable": true, "access_until": "2026"}), "books");
        assert!(!lasting.contains("only until"), "{lasting}");
        let forever = given(&json!({"renewable": false}), "books");
        assert!(!forever.contains("only until"), "{forever}");
        let short = given(
            &json!({"renewable": false, "access_until": "2026-11"}),
            "books",
        );
        assert!(
            short.contains("only until 2026-11") && short.contains("hint:"),
            "{short}"
        );
    }
}
