//! Records that programs pushed for an integration. The platform shows the batches of a run as NDJSON
//! files, `<number>/<id of the batch>`, in the order in which they were accepted; line n is row n.
//!
//! There is one partition, so that the batches are read one after the other. Which batches a run has is
//! the platform's business, so nothing is remembered from run to run: a checkpoint holds the place inside
//! the run, and one that names a batch that this run does not have is of another run. A read that is told
//! that its time is nearly over ends at a checkpoint and is called again.

use serde::{Deserialize, Serialize};
use tributary_sdk::serde_json::json;
use tributary_sdk::{
    CheckStep, Connection, Position, Result, Rows, Selection, Source, StreamInfo, checkpoint,
    connections, control, files,
};

/// The label of the connection in the manifest.
const CONNECTION: &str = "inbox";

/// `config`; its schema in `connector.json` is made of it.
#[tributary_sdk::config]
#[derive(Debug)]
pub struct Config {
    /// How integrations call what is pushed.
    #[serde(default = "default_stream")]
    #[schemars(title = "name of the stream", length(min = 1))]
    pub stream: String,
}

tributary_sdk::config_schema!(Config);

fn default_stream() -> String {
    "records".to_owned()
}

/// All batches of the run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Batches {
    key: String,
}

/// Where reading stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// path of the batch
    batch: String,
    /// start of the next row
    line: u64,
    offset: u64,
    /// the batch was read to its end
    done: bool,
}

/// The connector.
pub struct Push;

impl Source for Push {
    type Config = Config;
    type Partition = Batches;

    /// Outside of a run there are no batches; looking for them says whether the platform could be asked.
    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get(CONNECTION)?;
        files::list(&connection, "", true, None)?;
        let message = format!("ready: what is pushed is the stream {:?}", config.stream);
        Ok(vec![CheckStep::ok("inbox", message)])
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        Ok(vec![StreamInfo {
            name: config.stream.clone(),
            schema: json!({ "type": "object" }),
            primary_key: Vec::new(),
            cursor_field: None,
            full: true,
            incremental: true,
            partitioned: false,
        }])
    }

    fn partitions(config: &Config, selection: &Selection) -> Result<Vec<Batches>> {
        config.check_stream(&selection.stream)?;
        let connection = connections::get(CONNECTION)?;
        let first = files::list(&connection, "", true, None)?;
        if first.entries.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![Batches {
            key: "pushed".to_owned(),
        }])
    }

    fn read(config: &Config, selection: &Selection) -> Result<()> {
        config.check_stream(&selection.stream)?;
        let connection = connections::get(CONNECTION)?;
        let batches = batches(&connection)?;
        let last: Option<Place> = selection.checkpoint()?;
        let remaining = remaining(&batches, last);
        let last = remaining.len().saturating_sub(1);
        for (no, (batch, at)) in remaining.into_iter().enumerate() {
            let ended = read_batch(&connection, config, batch, at)?;
            // who asks behind the last row would call a whole read a part of one
            if !ended || (no < last && control::stopping()) {
                break;
            }
        }
        Ok(())
    }
}

impl Config {
    fn check_stream(&self, stream: &str) -> Result<()> {
        if stream == self.stream {
            return Ok(());
        }
        let message = format!(
            "what is pushed is the stream {:?}, not {stream:?}",
            self.stream
        );
        Err(tributary_sdk::Error::config("/config/stream", message))
    }
}

/// The run's batches in order.
fn batches(connection: &Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let listing = files::list(connection, "", true, page.as_deref())?;
        found.extend(listing.entries.into_iter().map(|entry| entry.path));
        page = listing.next;
        if page.is_none() {
            return Ok(found);
        }
    }
}

/// What is to be read from a checkpoint on, with the place to start at.
fn remaining(batches: &[String], last: Option<Place>) -> Vec<(&str, Position)> {
    let start = Position { line: 1, offset: 0 };
    let known = last.and_then(|last| {
        let at = batches.iter().position(|batch| *batch == last.batch)?;
        Some((at, last))
    });
    let Some((at, last)) = known else {
        return batches
            .iter()
            .map(|batch| (batch.as_str(), start))
            .collect();
    };
    let inside = Position {
        line: last.line,
        offset: last.offset,
    };
    batches
        .iter()
        .enumerate()
        .skip(if last.done { at + 1 } else { at })
        .map(|(no, batch)| (batch.as_str(), if no == at { inside } else { start }))
        .collect()
}

/// Rows are said to come from the batch's id, which its receipt names. Answers whether the batch was read to its
/// end.
fn read_batch(connection: &Connection, config: &Config, batch: &str, at: Position) -> Result<bool> {
    let id = batch.rsplit('/').next().unwrap_or(batch);
    let reader = files::open(connection, batch, at.offset, None)?;
    let options = json!({ "source": id, "start": { "line": at.line, "offset": at.offset } });
    let rows = Rows::decode(reader, "ndjson", &options)?;
    loop {
        let piped = rows.pipe(&config.stream, 1)?;
        checkpoint(&Place {
            batch: batch.to_owned(),
            line: piped.next.line,
            offset: piped.next.offset,
            done: piped.ended,
        })?;
        if piped.ended {
            return Ok(true);
        }
        if control::stopping() {
            return Ok(false);
        }
    }
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(Push);

#[cfg(test)]
mod tests {
    use super::*;

    fn left(last: Option<Place>) -> Vec<(String, u64)> {
        let batches = ["1/a", "2/b", "3/c"].map(str::to_owned);
        remaining(&batches, last)
            .into_iter()
            .map(|(batch, at)| (batch.to_owned(), at.offset))
            .collect()
    }

    fn place(batch: &str, done: bool) -> Option<Place> {
        Some(Place {
            batch: batch.to_owned(),
            line: 3,
            offset: 40,
            done,
        })
    }

    #[test]
    fn reading_goes_on_where_it_stood() {
        let all = [("1/a", 0), ("2/b", 0), ("3/c", 0)].map(|(b, o)| (b.to_owned(), o));
        assert_eq!(left(None), all);
        assert_eq!(left(place("0/of-another-run", true)), all);
        assert_eq!(left(place("2/b", true)), [("3/c".to_owned(), 0)]);
        assert_eq!(
            left(place("2/b", false)),
            [("2/b".to_owned(), 40), ("3/c".to_owned(), 0)]
        );
        assert_eq!(left(place("3/c", true)), []);
    }
}
