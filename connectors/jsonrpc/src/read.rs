//! Page after page, by keyset: after the last record's date and id, so that a record that changes
//! meanwhile moves to the end and can't make another one slip through.
//!
//! `write_date` is null until a record is first changed. Hence two passes, each with a cursor of its own:
//! records never changed, by `create_date`; then changed ones, by `write_date`. A record that is created
//! while the second pass reads is behind the first one's cursor in the next run. A read that is told that its
//! time is nearly over ends at its page and is called again.

use serde::{Deserialize, Serialize};
use tributary_http_json::emit::emit;
use tributary_http_json::instant::{self, SinceFormat};
use tributary_http_json::pace::Pace;
use tributary_http_json::pointer::{at, scalar};
use tributary_http_json::raw::items;
use tributary_http_json::walk::{MAX_PAGES, Walk};
use tributary_sdk::serde_json::{self, Value, json};
use tributary_sdk::{Error, Result, checkpoint, control, log};

use crate::config::Stream;
use crate::rpc::Database;
use crate::typed::{datetime, plain};
use crate::{Checkpoint, Span};

/// Which records of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// never changed
    #[default]
    Created,
    /// changed at least once
    Written,
    /// of a model without dates
    All,
}

impl Pass {
    fn column(self) -> Option<&'static str> {
        match self {
            Self::Created => Some("create_date"),
            Self::Written => Some("write_date"),
            Self::All => None,
        }
    }
}

/// The last record of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    pub date: Option<String>,
    pub id: i64,
}

/// Which page.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub name: &'a str,
    pub stream: &'a Stream,
    pub span: &'a Span,
    pub pass: Pass,
    pub after: Option<&'a Last>,
}

/// A page's records as lines, and where the next page begins.
pub struct Page {
    pub lines: String,
    pub rows: usize,
    pub next: Option<Last>,
    pub newest: Option<String>,
}

/// Reads a stream on from a checkpoint.
pub fn run(
    database: Database<'_>,
    name: &str,
    stream: &Stream,
    mut state: Checkpoint,
) -> Result<()> {
    let mut pace = Pace::new(database.config.rate_limit.as_ref());
    let mut walk = Walk::default();
    if !stream.dated {
        state.pass = Pass::All;
    }
    loop {
        let ask = Ask {
            name,
            stream,
            span: &state.span,
            pass: state.pass,
            after: state.after.as_ref(),
        };
        let page = page(database, ask, &mut pace)?;
        let next = page.next.as_ref();
        let next = next
            .map(|last| serde_json::to_string(&(state.pass, last)))
            .transpose()?;
        let label = format!("{} {:?}", stream.model, state.pass);
        walk.step((&label, MAX_PAGES), next.as_deref(), || {
            let ids = page
                .lines
                .lines()
                .map(|line| at(line, "/id").and_then(scalar));
            Ok(Some(ids.collect()))
        })?;
        emit(name, page.lines.as_bytes())?;
        let newest = match state.pass {
            Pass::Created => &mut state.created,
            Pass::Written | Pass::All => &mut state.written,
        };
        instant::keep(newest, page.newest);
        let rows = page.rows.to_string();
        let fields = [
            ("stream", name),
            ("rows", rows.as_str()),
            ("records", label.as_str()),
        ];
        log::info("a page was read", &fields);
        state.after = page.next;
        if state.after.is_none() {
            match state.pass {
                Pass::Created => state.pass = Pass::Written,
                Pass::Written | Pass::All => state.done = true,
            }
        }
        checkpoint(&state)?;
        if state.done || control::stopping() {
            return Ok(());
        }
    }
}

/// Asks for a page.
pub fn page(database: Database<'_>, ask: Ask<'_>, pace: &mut Pace<'_>) -> Result<Page> {
    let method = format!("model.{}.search_read", ask.stream.model);
    let field = format!("/config/streams/{}", ask.name);
    let parameters = parameters(ask, &json!(database.config.context))?;
    let text = database.call(&method, &parameters, &field, pace)?;
    let records = items(&text).ok_or_else(|| {
        Error::data(format!("{method}: the result is no list of records"))
            .with_code("source_protocol")
    })?;
    let mut page = Page {
        lines: String::with_capacity(text.len()),
        rows: records.len(),
        next: None,
        newest: None,
    };
    let mut last = None;
    for record in records {
        let line = plain(record);
        let id = at(&line, "/id")
            .and_then(scalar)
            .and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| {
            Error::data(format!("{method}: a record has no id")).with_code("source_protocol")
        })?;
        let column = ask.pass.column();
        let date = column.and_then(|name| at(&line, &format!("/{name}")).and_then(scalar));
        instant::keep(&mut page.newest, date.clone());
        last = Some(Last { date, id });
        page.lines.push_str(&line);
        page.lines.push('\n');
    }
    if page.rows >= ask.stream.page_size() as usize {
        page.next = last;
    }
    Ok(page)
}

fn parameters(ask: Ask<'_>, context: &Value) -> Result<Value> {
    let mut domain: Vec<Value> = Vec::new();
    if !ask.stream.domain.is_empty() {
        domain.push(json!(ask.stream.domain));
    }
    let mut order = vec![json!(["id", "ASC"])];
    let mut fields = ask.span.fields.clone();
    if let Some(column) = ask.pass.column() {
        order.insert(0, json!([column, "ASC"]));
        let written = if ask.pass == Pass::Created { "=" } else { "!=" };
        domain.push(json!(["write_date", written, null]));
        let since = match ask.pass {
            Pass::Created => &ask.span.created,
            _ => &ask.span.written,
        };
        if let (Some(since), None) = (since, ask.after) {
            domain.push(json!([column, ">=", moment(&earlier(ask, since)?)?]));
        }
        for name in ["write_date", "create_date"] {
            if !fields.iter().any(|field| field == name) {
                fields.push(name.to_owned());
            }
        }
    }
    if let Some(last) = ask.after {
        let by_id = json!(["id", ">", last.id]);
        domain.push(match (ask.pass.column(), &last.date) {
            (Some(column), Some(date)) => {
                let date = moment(date)?;
                json!(["OR", [column, ">", date], [[column, "=", date], by_id]])
            }
            _ => by_id,
        });
    }
    Ok(json!([
        domain,
        0,
        ask.stream.page_size(),
        order,
        fields,
        context
    ]))
}

fn earlier(ask: Ask<'_>, since: &str) -> Result<String> {
    instant::asked(since, SinceFormat::Same, ask.stream.overlap_s).map_err(|message| {
        Error::config(&format!("/config/streams/{}/overlap_s", ask.name), message)
    })
}

fn moment(text: &str) -> Result<Value> {
    datetime(text).ok_or_else(|| {
        let message = format!("{text:?} is no instant such as 2026-01-31T12:00:00Z");
        Error::data(message).with_code("source_protocol")
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use tributary_sdk::serde_json::from_value;

    use super::*;

    fn asked(pass: Pass, span: &Span, after: Option<&Last>) -> Value {
        let stream: Stream = from_value(
            json!({"model": "sale.sale", "domain": [["state", "=", "done"]], "page_size": 2}),
        )
        .unwrap();
        let ask = Ask {
            name: "sales",
            stream: &stream,
            span,
            pass,
            after,
        };
        parameters(ask, &json!({})).unwrap()
    }

    #[test]
    fn each_pass_has_its_own_records_and_goes_on_after_the_last() {
        let span = Span {
            stream: "sales".to_owned(),
            fields: vec!["number".to_owned()],
            created: Some("2026-01-01T00:00:00Z".to_owned()),
            written: Some("2026-02-01T00:00:00Z".to_owned()),
            round: 0,
        };
        let first = asked(Pass::Created, &span, None);
        assert_eq!(first[0][0], json!([["state", "=", "done"]]));
        assert_eq!(first[0][1], json!(["write_date", "=", null]));
        assert_eq!(first[0][2][0], "create_date");
        assert_eq!(first[0][2][2]["month"], 1);
        assert_eq!((&first[1], &first[2]), (&json!(0), &json!(2)));
        assert_eq!(first[3], json!([["create_date", "ASC"], ["id", "ASC"]]));
        assert_eq!(first[4], json!(["number", "write_date", "create_date"]));
        let last = Last {
            date: Some("2026-03-01T00:00:00.5Z".to_owned()),
            id: 7,
        };
        let next = asked(Pass::Written, &span, Some(&last));
        assert_eq!(next[0][1], json!(["write_date", "!=", null]));
        assert_eq!(next[0][2][0], "OR");
        assert_eq!(next[0][2][1][2]["microsecond"], 500_000);
        assert_eq!(next[0][2][2][1], json!(["id", ">", 7]));
        assert_eq!(next[0].as_array().unwrap().len(), 3);
        let all = asked(
            Pass::All,
            &Span::default(),
            Some(&Last { date: None, id: 9 }),
        );
        assert_eq!(all[0][1], json!(["id", ">", 9]));
        assert_eq!(all[3], json!([["id", "ASC"]]));
        assert_eq!(all[4], json!([]));
    }
}
