//! The configuration; `connector.json` has its schema, which is the form that people see. What a
//! schema can't say is checked here, and named by its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use tributary_http_json::rule::Rule;
use tributary_sdk::serde_json::Value;
use tributary_sdk::{Error, Result};

use crate::template::{Node, Text};

/// Most records of one call, whatever the configuration says; the manifest says the same.
pub const MAX_ROWS: usize = 1_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub request: RequestTemplate,
    /// several records in one call
    #[serde(default)]
    pub batch: Option<BatchRule>,
    #[serde(default)]
    pub resend: Resend,
    #[serde(default)]
    pub success: Success,
    /// JSON Pointer to the target's own id, in the answer or in a record's result
    #[serde(default)]
    pub external_id: Option<String>,
    /// where an answer (or a record's result) says what is wrong
    #[serde(default)]
    pub error: ErrorPlaces,
    /// what answers mean, tried in order
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    #[serde(default)]
    pub check: Option<Probe>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTemplate {
    #[serde(default)]
    pub method: Method,
    pub path: String,
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// None: the record as it is, or the array of a batch
    #[serde(default)]
    pub body: Option<Value>,
    #[serde(default = "json")]
    pub content_type: String,
}

fn json() -> String {
    "application/json".to_owned()
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    #[default]
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRule {
    pub max_rows: usize,
    #[serde(default = "max_bytes")]
    pub max_bytes: usize,
    /// of the array; None: the record as it is
    #[serde(default)]
    pub item: Option<Value>,
    /// what became of each record; None: they all share the answer's fate
    #[serde(default)]
    pub results: Option<Results>,
}

fn max_bytes() -> usize {
    1_000_000
}

/// Results of single records in the answer of a batch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// JSON Pointer to their array
    #[serde(default)]
    pub at: String,
    /// JSON Pointer within a result to what names its record; None: they come in the order of the
    /// records
    #[serde(default)]
    pub key: Option<String>,
    /// JSON Pointer within the record to the same name; None: the platform's key
    #[serde(default)]
    pub record_key: Option<String>,
    /// a result without it is a refusal
    #[serde(default)]
    pub success: Option<Flag>,
}

/// What makes a second call harmless. The platform reads it too (manifest, `delivery/by_config`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    #[serde(default)]
    pub kind: ResendKind,
    /// carries the key
    #[serde(default)]
    pub header: Option<String>,
    /// how long the target remembers a key, s; for the platform
    #[serde(default)]
    pub window_s: Option<u64>,
    /// how long a call whose answer was lost may still be at work, s; for the platform
    #[serde(default)]
    pub wait_s: Option<u64>,
    /// how the target is asked for a record
    #[serde(default)]
    pub lookup: Option<LookUp>,
}

/// A GET that tells whether a record is there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUp {
    pub path: String,
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// JSON Pointer to what was found, in the answer; empty there: nothing was found
    #[serde(default)]
    pub found: String,
    /// statuses that say that nothing is there
    #[serde(default = "not_found")]
    pub absent: Vec<u16>,
    /// what must be alike for it to be this record
    #[serde(default)]
    pub same: Vec<Same>,
    /// JSON Pointer to the target's own id, in what was found
    #[serde(default)]
    pub external_id: Option<String>,
}

fn not_found() -> Vec<u16> {
    vec![404]
}

/// Two scalars that must be alike: as numbers if both are, else as text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Same {
    /// JSON Pointer into what was found
    pub at: String,
    /// JSON Pointer into the record
    pub record: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResendKind {
    /// nothing: what may have arrived is uncertain
    #[default]
    None,
    /// the target knows the key again
    IdempotencyKey,
    /// the same call twice has one effect
    Upsert,
    /// the target can be asked whether a record is there
    Lookup,
}

impl ResendKind {
    /// A second call would be a second effect.
    pub fn doubles(self) -> bool {
        matches!(self, Self::None | Self::Lookup)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Success {
    /// none: every 2xx
    #[serde(default)]
    pub status: Vec<u16>,
    /// what the answer must say too
    #[serde(default)]
    pub flag: Option<Flag>,
}

/// A scalar at a place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// JSON Pointer
    pub at: String,
    /// any of these, as text; none: something must be there
    #[serde(default)]
    pub equals: Vec<String>,
}

/// JSON Pointers into an answer or a result.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorPlaces {
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
    #[serde(default)]
    pub field: Option<String>,
}

/// What an answer or a result means. Without `status`: any answer that is no success, and every
/// result that is none.
pub type ErrorRule = Rule<RuleKind>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// it is there already: as good as done now
    Delivered,
    Rejected,
    /// one of several records is to blame
    Split,
    Retry,
    RateLimited,
    Auth,
    Config,
}

/// A GET that changes nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    pub path: String,
    #[serde(default)]
    pub status: Vec<u16>,
}

impl Config {
    /// What the schema can't say. The error names the field.
    pub fn check(&self) -> Result<()> {
        let single = self.batch.is_none();
        let text = |text: &str, place: &str| {
            let wrong = |message| Error::config(&format!("/config/request/{place}"), message);
            let parsed = Text::parse(text).map_err(wrong)?;
            match single || !parsed.has_values() {
                true => Ok(()),
                false => Err(wrong(
                    "a call with several records has no single record to take a value from"
                        .to_owned(),
                )),
            }
        };
        text(&self.request.path, "path")?;
        for (name, value) in &self.request.query {
            text(value, &format!("query/{name}"))?;
        }
        for (name, value) in &self.request.headers {
            text(value, &format!("headers/{name}"))?;
        }
        let body = self.body()?;
        let item = self.item()?;
        match &self.batch {
            None if body.has_records() => Err(Error::config(
                "/config/request/body",
                "{records} needs `batch`; one record is {record}",
            )),
            Some(_) if !body.has_records() || body.has_values() => Err(Error::config(
                "/config/request/body",
                "with `batch`, the body has {records} and no value of a single record; those belong into `batch/item`",
            )),
            Some(_) if item.has_records() => Err(Error::config(
                "/config/batch/item",
                "an element is one record: {record}",
            )),
            Some(_) if self.resend.kind == ResendKind::IdempotencyKey && !item.has_key() => {
                Err(Error::config(
                    "/config/batch/item",
                    "put {key} into each element: a header names a call, and the next call may have other records",
                ))
            }
            _ => self.check_lookup(),
        }
    }

    fn check_lookup(&self) -> Result<()> {
        let at = "/config/resend/lookup";
        let Some(lookup) = &self.resend.lookup else {
            return match self.resend.kind {
                ResendKind::Lookup => {
                    Err(Error::config(at, "how is the target asked for a record?"))
                }
                _ => Ok(()),
            };
        };
        let all = lookup.query.iter().chain(&lookup.headers);
        let all = all.map(|(name, text)| (name.as_str(), text));
        let mut named = false;
        for (name, text) in std::iter::once(("path", &lookup.path)).chain(all) {
            let wrong = |message| Error::config(&format!("{at}/{name}"), message);
            named |= Text::parse(text).map_err(wrong)?.has_values();
        }
        match named {
            true => Ok(()),
            false => Err(Error::config(
                at,
                "nothing in it names the record: put {/pointer} or {key} into the path or a parameter",
            )),
        }
    }

    /// The body's template.
    pub fn body(&self) -> Result<Node> {
        let at = "/config/request/body";
        match (&self.request.body, &self.batch) {
            (Some(body), _) => Node::parse(body).map_err(|message| Error::config(at, message)),
            (None, None) => Ok(Node::Record),
            (None, Some(_)) => Ok(Node::Records),
        }
    }

    /// The template of a batch's element.
    pub fn item(&self) -> Result<Node> {
        let item = self.batch.as_ref().and_then(|batch| batch.item.as_ref());
        match item {
            None => Ok(Node::Record),
            Some(item) => {
                Node::parse(item).map_err(|message| Error::config("/config/batch/item", message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tributary_sdk::serde_json::{from_value, json};

    use super::*;

    #[test]
    fn what_does_not_fit_is_named_by_its_place() {
        let batch = json!({"max_rows": 9});
        let keyed = json!({"kind": "idempotency_key"});
        for (config, wrong) in [
            (json!({"request": {"path": "x/{/id}"}}), None),
            (json!({"request": {"path": "x/{id}"}}), Some("request/path")),
            (
                json!({"request": {"path": "x", "query": {"q": "{"}}}),
                Some("request/query/q"),
            ),
            (
                json!({"request": {"path": "x/{/id}"}, "batch": batch}),
                Some("request/path"),
            ),
            (
                json!({"request": {"path": "x", "headers": {"X": "{key}"}}, "batch": batch}),
                Some("request/headers/X"),
            ),
            (
                json!({"request": {"path": "x", "body": {"all": "{records}"}}}),
                Some("request/body"),
            ),
            (
                json!({"request": {"path": "x", "body": {"all": "{records}"}}, "batch": batch}),
                None,
            ),
            (
                json!({"request": {"path": "x", "body": {"one": "{record}"}}, "batch": batch}),
                Some("request/body"),
            ),
            (
                json!({"request": {"path": "x"}, "batch": batch, "resend": keyed}),
                Some("batch/item"),
            ),
            (
                json!({"request": {"path": "x"}, "batch": {"max_rows": 9, "item": {"k": "{key}", "r": "{record}"}}, "resend": keyed}),
                None,
            ),
            (
                json!({"request": {"path": "x"}, "batch": {"max_rows": 9, "item": "{records}"}}),
                Some("batch/item"),
            ),
            (
                json!({"request": {"path": "x"}, "resend": {"kind": "lookup"}}),
                Some("resend/lookup"),
            ),
            (
                json!({"request": {"path": "x"}, "resend": {"kind": "lookup", "lookup": {"path": "x"}}}),
                Some("resend/lookup"),
            ),
            (
                json!({"request": {"path": "x"}, "resend": {"kind": "lookup", "lookup": {"path": "x", "query": {"q": "{"}}}}),
                Some("resend/lookup/q"),
            ),
            (
                json!({"request": {"path": "x"}, "resend": {"kind": "lookup", "lookup": {"path": "x", "query": {"no": "{/no}"}}}}),
                None,
            ),
        ] {
            let parsed: Config = from_value(config.clone()).unwrap();
            let found = parsed.check().err().map(|error| error.field.unwrap());
            let wrong = wrong.map(|place| format!("/config/{place}"));
            assert_eq!(found, wrong, "{config}");
        }
    }
}
