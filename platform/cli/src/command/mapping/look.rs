//! `tributary mapping functions`, `schema` and `path`: things to look up and to try.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tributary_authoring::{function_text, functions_about, functions_text, json_schema};
use tributary_mapping::document::template::derived_schema;
use tributary_mapping::functions::topics;
use tributary_mapping::path::select;
use tributary_mapping::schema::Schema;

use super::input::{InputOptions, Opened};
use super::{Answer, read_text};
use crate::print;

/// Arguments of `functions`.
#[derive(clap::Args)]
pub(super) struct FunctionsArguments {
    /// name of a function, for its page
    name: Option<String>,
    /// names, topics and summaries as JSON
    #[arg(long)]
    json: bool,
}

/// Lists the functions, or shows one.
pub(super) fn functions(arguments: &FunctionsArguments) -> anyhow::Result<Answer> {
    if arguments.json {
        let list: Vec<Value> = topics()
            .flat_map(|(topic, functions)| functions.map(move |one| (topic, one)))
            .filter(|(_, one)| arguments.name.as_deref().is_none_or(|name| name == one.name))
            .map(|(topic, one)| {
                let arguments: Vec<Value> = one
                    .arguments
                    .iter()
                    .map(|argument| json!({ "name": argument.name, "kind": argument.kind.words(), "required": argument.required, "summary": argument.summary }))
                    .collect();
                json!({ "name": one.name, "topic": topic, "summary": one.summary, "arguments": arguments })
            })
            .collect();
        print::line(&Value::Array(list).to_string());
        return Ok(Answer::Yes);
    }
    let Some(name) = &arguments.name else {
        print::text(&functions_text());
        return Ok(Answer::Yes);
    };
    match function_text(name) {
        Some(page) => {
            print::text(&page);
            Ok(Answer::Yes)
        }
        None => {
            let near = functions_about(name);
            let hint = if near.is_empty() {
                "`tributary mapping functions` lists them all".to_owned()
            } else {
                format!("perhaps {}", near.join(", "))
            };
            bail!("there is no function {name:?}\n  hint: {hint}")
        }
    }
}

/// Arguments of `schema`.
#[derive(clap::Args)]
pub(super) struct SchemaArguments {
    #[command(subcommand)]
    what: Option<SchemaOf>,
}

#[derive(clap::Subcommand)]
enum SchemaOf {
    /// the JSON Schema of derived mappings: a template with overrides
    Derived,
    /// the JSON Schema that the records of files show
    Infer {
        /// files with records; - for stdin
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// records that are looked at
        #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        #[command(flatten)]
        input: InputOptions,
    },
}

/// Prints the schema of documents, or one inferred from samples.
pub(super) fn schema(arguments: &SchemaArguments) -> anyhow::Result<Answer> {
    let (files, limit, input) = match &arguments.what {
        None => {
            print::line(tributary_mapping::document::SCHEMA.trim_end());
            return Ok(Answer::Yes);
        }
        Some(SchemaOf::Derived) => {
            print::line(&serde_json::to_string_pretty(&derived_schema())?);
            return Ok(Answer::Yes);
        }
        Some(SchemaOf::Infer {
            files,
            limit,
            input,
        }) => (files, limit, input),
    };
    let mut values = Vec::new();
    let mut columns = Vec::new();
    for file in files {
        let sample = sample(&mut input.open(file)?, *limit as usize)?;
        values.extend(sample.values);
        columns = sample.columns;
    }
    if values.is_empty() && columns.is_empty() {
        bail!("the files hold no records");
    }
    let schema = observed(&columns, &values);
    print::line(&serde_json::to_string_pretty(&json_schema(&schema))?);
    Ok(Answer::Yes)
}

/// The first records of an input.
pub(super) struct Sample {
    /// JSON values; of a CSV objects of texts
    pub(super) values: Vec<Value>,
    /// columns of a CSV
    pub(super) columns: Vec<String>,
    /// rows of a CSV
    pub(super) rows: Vec<Vec<String>>,
}

/// What columns and samples show.
pub(super) fn observed(columns: &[String], values: &[Value]) -> Schema {
    if columns.is_empty() {
        return Schema::infer(values);
    }
    let mut schema = Schema::from_columns(columns);
    schema.observe(values);
    schema
}

/// Reads at most `limit` records; rows that cannot be read are left out.
pub(super) fn sample(opened: &mut Opened, limit: usize) -> anyhow::Result<Sample> {
    use tributary_formats::csv::Fields;
    use tributary_model::rows::RowFormat;
    let csv = match opened.reader.format() {
        RowFormat::Csv(csv) => Some(csv.clone()),
        _ => None,
    };
    let mut sample = Sample {
        values: Vec::new(),
        columns: csv
            .as_ref()
            .map_or_else(Vec::new, |csv| csv.columns.clone()),
        rows: Vec::new(),
    };
    while sample.values.len() < limit {
        let record = match opened.reader.next_record() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(_) => continue,
        };
        let Some(csv) = &csv else {
            let value = serde_json::from_slice(&record.bytes)
                .with_context(|| format!("{}, line {}", opened.name, record.position.line))?;
            sample.values.push(value);
            continue;
        };
        let ascii = |sign: char| u8::try_from(sign).ok();
        let delimiter = ascii(csv.delimiter).unwrap_or(b',');
        let fields = Fields::new(&record.bytes, delimiter, csv.quote.and_then(ascii));
        let row: Vec<String> = fields
            .map(|field| String::from_utf8_lossy(&field).into_owned())
            .collect();
        let members = csv
            .columns
            .iter()
            .cloned()
            .zip(row.iter().map(|text| json!(text)));
        sample.values.push(Value::Object(members.collect()));
        sample.rows.push(row);
    }
    Ok(sample)
}

/// Arguments of `path`.
#[derive(clap::Args)]
pub(super) struct PathArguments {
    /// the path, for example '$.lines[*].sku'
    query: String,
    /// a JSON file; - for stdin
    file: PathBuf,
    /// paths and values as JSON
    #[arg(long)]
    json: bool,
}

/// Tries a path.
pub(super) fn path(arguments: &PathArguments) -> anyhow::Result<Answer> {
    let text = read_text(&arguments.file)?;
    let found = select(&arguments.query, &text).map_err(|error| anyhow::anyhow!("{error}"))?;
    if arguments.json {
        let list: Vec<Value> = found
            .iter()
            .map(|one| {
                json!({ "path": one.path, "value": serde_json::from_str::<Value>(&one.text).unwrap_or_default() })
            })
            .collect();
        print::line(&Value::Array(list).to_string());
    } else {
        for one in &found {
            print::line(&format!("{}  {}", one.path, one.text));
        }
        if found.is_empty() {
            print::remark("nothing is found there");
        }
    }
    Ok(Answer::is(!found.is_empty()))
}
