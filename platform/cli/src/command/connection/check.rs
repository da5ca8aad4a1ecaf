//! `tributary connection check`: whether a stored connection works, step by step.

use serde_json::Value;

use super::{items, text};
use crate::client::{Client, ServerOptions, segment};
use crate::print;

/// Arguments of `tributary connection check`.
#[derive(clap::Args)]
pub(super) struct CheckArguments {
    tenant: String,
    name: String,
    /// one JSON object a step
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Checks it; an error if a step failed.
pub(super) async fn run(arguments: &CheckArguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let (tenant, name) = (&arguments.tenant, &arguments.name);
    let path = format!(
        "/tenants/{}/connections/{}/check",
        segment(tenant),
        segment(name)
    );
    let answer = client.post_nothing(&path).await?;
    if arguments.json {
        for step in items(&answer, "steps") {
            print::line(&step.to_string());
        }
    } else {
        print::line(steps(&answer).trim_end());
    }
    anyhow::ensure!(works(&answer), "the connection {name} does not work");
    Ok(())
}

/// Whether every step worked.
pub(super) fn works(answer: &Value) -> bool {
    answer.get("ok").and_then(Value::as_bool) == Some(true)
}

/// The steps for a person: outcome, name, time, message, and below it what to do.
pub(super) fn steps(answer: &Value) -> String {
    let mut out = String::new();
    for step in items(answer, "steps") {
        let word = match works(step) {
            true => "ok",
            false => "FAILED",
        };
        let took = step.get("took_ms").and_then(Value::as_u64);
        let took = took.map_or_else(String::new, |ms| format!("{ms} ms"));
        let (name, message) = (text(step, "name"), text(step, "message"));
        out.push_str(&format!("{word:<7} {name:<12} {took:>8}  {message}\n"));
        let hint = text(step, "hint");
        if !hint.is_empty() {
            out.push_str(&format!("{:<30} \u{2192} {hint}\n", ""));
        }
        let code = text(step, "code");
        if !code.is_empty() {
            out.push_str(&format!("{:<30}   more: /docs/errors/{code}\n", ""));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_that_failed_says_what_to_do() {
        let answer = json!({"ok": false, "steps": [
            {"name": "dns", "ok": true, "message": "h has 1 addresses", "took_ms": 2},
            {"name": "auth", "ok": false, "message": "h refused the account \"u\"",
             "hint": "check the password", "code": "connection_auth_failed", "took_ms": 1200}
        ]});
        let text = steps(&answer);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ok      dns              2 ms  h has 1 addresses");
        assert_eq!(
            lines[1],
            "FAILED  auth          1200 ms  h refused the account \"u\""
        );
        assert!(lines[2].ends_with("\u{2192} check the password"), "{text}");
        assert!(lines[3].ends_with("/docs/errors/connection_auth_failed"));
        assert!(!works(&answer));
    }
}
