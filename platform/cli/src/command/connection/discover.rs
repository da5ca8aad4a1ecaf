//! `tributary connection discover`: the streams of a stored connection, and what their rows look like.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{items, text};
use crate::client::{Client, ServerOptions, segment};
use crate::print;

/// Arguments of `tributary connection discover`.
#[derive(clap::Args)]
pub(super) struct DiscoverArguments {
    tenant: String,
    name: String,
    /// this stream only
    #[arg(long)]
    stream: Option<String>,
    /// rows of each stream that are looked at; 0: none
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    rows: u32,
    /// writes the schema of the one stream to this file, for `source.schema` of a mapping
    #[arg(long)]
    out: Option<PathBuf>,
    /// one JSON object a stream
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Lists the streams.
pub(super) async fn run(arguments: &DiscoverArguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let mut path = format!(
        "/tenants/{}/connections/{}/discover?rows={}",
        segment(&arguments.tenant),
        segment(&arguments.name),
        arguments.rows
    );
    if let Some(stream) = &arguments.stream {
        path.push_str(&format!("&stream={}", segment(stream)));
    }
    let answer = client.post_nothing(&path).await?;
    let streams: Vec<&Value> = items(&answer, "streams").collect();
    for stream in &streams {
        if arguments.json {
            print::line(&stream.to_string());
        } else {
            print::line(shown(stream).trim_end());
        }
    }
    if streams.is_empty() {
        print::remark("the connection has no streams at present");
    }
    let Some(file) = &arguments.out else {
        return Ok(());
    };
    let names: Vec<&str> = streams.iter().map(|stream| text(stream, "name")).collect();
    ensure!(
        streams.len() == 1,
        "there are {} streams ({}), and a file takes the schema of one\n  hint: name it with --stream",
        streams.len(),
        names.join(", ")
    );
    let schema = streams.first().and_then(|stream| stream.get("schema"));
    let schema = serde_json::to_string_pretty(schema.unwrap_or(&Value::Null))?;
    std::fs::write(file, format!("{schema}\n"))
        .with_context(|| format!("could not write {}", file.display()))?;
    print::remark(&format!("wrote {}", file.display()));
    Ok(())
}

/// A stream for a person.
fn shown(stream: &Value) -> String {
    let flag = |key: &str| stream.get(key).and_then(Value::as_bool) == Some(true);
    let mut modes = Vec::new();
    for (key, word) in [("full", "full"), ("incremental", "incremental")] {
        if flag(key) {
            modes.push(word);
        }
    }
    let keys: Vec<&str> = items(stream, "primary_key")
        .filter_map(Value::as_str)
        .collect();
    let rows = stream
        .get("sampled_rows")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    let mut out = format!("{}   {}", text(stream, "name"), modes.join(", "));
    if !keys.is_empty() {
        out.push_str(&format!("   key {}", keys.join(", ")));
    }
    let cursor = text(stream, "cursor_field");
    if !cursor.is_empty() {
        out.push_str(&format!("   cursor {cursor}"));
    }
    out.push_str(&format!("   {rows} rows looked at\n"));
    let problem = stream.get("sample_problem").unwrap_or(&Value::Null);
    if !problem.is_null() {
        let (detail, hint) = (text(problem, "detail"), text(problem, "hint"));
        out.push_str(&format!(
            "  no sample: {detail}\n             \u{2192} {hint}\n"
        ));
    }
    let mut fields = items(stream, "fields").peekable();
    if fields.peek().is_some() {
        out.push_str(&format!(
            "  {:<32} {:<10} {:>6}  {:<34} examples\n",
            "field", "kind", "empty", "looks like"
        ));
    }
    for field in fields {
        let kinds: Vec<&str> = items(field, "kinds").filter_map(Value::as_str).collect();
        let empty = field
            .get("empty_share")
            .and_then(Value::as_f64)
            .unwrap_or(0.0);
        let looks: Vec<String> = items(field, "looks").map(look).collect();
        let examples: Vec<String> = items(field, "examples")
            .take(3)
            .map(Value::to_string)
            .collect();
        let line = format!(
            "  {:<32} {:<10} {:>5.0}%  {:<34} {}",
            text(field, "path"),
            kinds.join("|"),
            empty * 100.0,
            looks.join(" or "),
            examples.join(", ")
        );
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// One way to read a field's texts, in a few words.
fn look(look: &Value) -> String {
    let list = |key: &str| {
        let words: Vec<&str> = items(look, key).filter_map(Value::as_str).collect();
        words.join("/")
    };
    match text(look, "kind") {
        "decimal" => format!("number {}", list("locales")),
        "date" => format!("date {}", list("formats")),
        "int" => "whole number".to_owned(),
        "digits" => "digits with leading zeros".to_owned(),
        "bool" => format!("{}/{}", text(look, "truthy"), text(look, "falsy")),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stream_is_a_table_of_its_fields() {
        let text = shown(&json!({
            "name": "orders", "full": true, "incremental": true, "primary_key": ["nr"],
            "cursor_field": null, "sampled_rows": 3, "sample_problem": null,
            "fields": [{
                "path": "$.amount", "kinds": ["string"], "empty_share": 0.3333, "distinct": 2,
                "examples": ["1.234,50", "3,10"],
                "looks": [{"kind": "decimal", "locales": ["de-DE"]}]
            }]
        }));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "orders   full, incremental   key nr   3 rows looked at"
        );
        assert!(lines[2].contains("$.amount"), "{text}");
        assert!(lines[2].contains("33%  number de-DE"), "{text}");
        assert!(lines[2].ends_with("\"1.234,50\", \"3,10\""), "{text}");
    }
}
