//! `tributary logs TENANT RUN`: what the connectors logged during a run.

use anyhow::Context as _;
use serde_json::Value;

use crate::client::{Client, ServerOptions, segment};
use crate::print;

/// Arguments of `tributary logs`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    tenant: String,
    /// id of the run
    run: String,
    /// one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Runs the command. A run's log has 1 MiB at most, so it is read whole.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let path = format!(
        "/tenants/{}/runs/{}/logs",
        segment(&arguments.tenant),
        segment(&arguments.run)
    );
    let response = client.download(&path).await?;
    let text = response.text().await.context("the download broke off")?;
    if text.is_empty() {
        print::remark("the connectors have logged nothing in this run");
    }
    for line in text.lines() {
        if arguments.json {
            print::line(line);
        } else {
            print::line(&shown(line)?);
        }
    }
    Ok(())
}

/// Control characters of a message cannot steer the terminal.
fn shown(line: &str) -> anyhow::Result<String> {
    let value: Value = serde_json::from_str(line).context("a line of the log is not JSON")?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let at_ms = value.get("at_ms").and_then(Value::as_i64).unwrap_or(0);
    let time_ms = at_ms.rem_euclid(86_400_000);
    let (hours, minutes) = (time_ms / 3_600_000, time_ms / 60_000 % 60);
    let (seconds, millis) = (time_ms / 1_000 % 60, time_ms % 1_000);
    let message: String = text("message")
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    Ok(format!(
        "{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z {:<5} {}  {message}",
        text("level"),
        text("connector")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_whatever_it_holds() {
        let line = r#"{"at_ms":1795256520123,"level":"warn","connector":"sftp 1.0.0","message":"a\n\u001b[31mb"}"#;
        let text = "10:22:00.123Z warn  sftp 1.0.0  a  [31mb";
        assert_eq!(shown(line).unwrap(), text);
    }
}
