//! Records to calls: in batches `{"items":[{"idempotency_key":"…","transaction":{…}},…]}`, or one each.
//!
//! Invariants: where every record has the same action and they travel in batches, no record is parsed and each
//! is pasted as its bytes. Otherwise a call carries at most one record of a transaction; those after it are
//! of the call too, but not in it: they go out when the one before them has its end, so that they keep their
//! order whatever becomes of an answer. A record whose action makes no sense is in no call that changes
//! anything; the contract has every record in a call, so a GET stands in for it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use tributary_http_json::link::escaped;
use tributary_sdk::{Call, Error, Result, serde_json};

use crate::config::{Action, Calls, Config};
use crate::record::{self, Name, Record, Refused, VALUE_MISSING};

/// TAXMAN takes this many transactions in one call.
pub const MAX_ROWS: usize = 100;
/// Rows of a call, with those that wait: `max_rows_per_call` of the manifest. The platform's batches have no more.
const MOST_OF_CALL: usize = 500;
/// And a body of 1 MiB; one larger transaction still goes alone.
const MAX_BODY_BYTES: usize = 1_000_000;
/// Changes nothing; for checks, and for calls that are not made.
pub const PING: &str = "v1/ping";

/// What `settle` has to know of a call.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Context {
    /// of the transactions in the body, in their order
    pub keys: Vec<String>,
    /// one for each of `keys`, or one for all
    pub actions: Vec<Action>,
    /// its answer is a transaction, not a list of results
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub single: bool,
    /// rows that are not in the body, each with the row of the same transaction that it waits for
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub after: BTreeMap<u32, u32>,
    /// rows that are not sent, and why: code, message, field
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<u32, (String, String, Option<String>)>,
}

impl Context {
    /// Each of `rows` but the first waits for it.
    fn wait(&mut self, rows: &[u32]) {
        let Some((first, others)) = rows.split_first() else {
            return;
        };
        let pairs = others.iter().map(|row| (*row, *first));
        self.after.extend(pairs);
    }

    /// The action of the transaction at a place in the body.
    #[must_use]
    pub fn action(&self, place: usize) -> Action {
        let own = self.actions.get(place).or(self.actions.first());
        own.copied().unwrap_or_default()
    }
}

/// The calls for the lines of a batch, each line with its key.
pub fn calls(config: &Config, ndjson: &[u8], keys: &[String]) -> Result<Vec<Call>> {
    let rows: Vec<&[u8]> = ndjson
        .split(|byte| *byte == b'\n')
        .filter(|row| !row.is_empty())
        .collect();
    if rows.len() != keys.len() {
        let message = format!("{} rows came with {} keys", rows.len(), keys.len());
        return Err(Error::bug(message));
    }
    if config.action_field.is_none() && config.calls == Calls::Batch {
        return pasted(config, &rows, keys);
    }
    read(config, &rows, keys)
}

/// All records alike: nothing is parsed.
fn pasted(config: &Config, rows: &[&[u8]], keys: &[String]) -> Result<Vec<Call>> {
    let mut packing = Packing::new(config);
    for (number, (row, key)) in (0..).zip(rows.iter().zip(keys)) {
        packing.add(config.action, (*row, key.as_str()), &[number])?;
    }
    packing.end()
}

/// A record that goes out now, with those of the same transaction that wait for it.
struct Leading<'a> {
    record: Record<'a>,
    key: &'a str,
    rows: Vec<u32>,
}

fn read(config: &Config, rows: &[&[u8]], keys: &[String]) -> Result<Vec<Call>> {
    let mut refused: BTreeMap<u32, Refused> = BTreeMap::new();
    let mut leading: Vec<Leading<'_>> = Vec::with_capacity(rows.len());
    let mut first: HashMap<Name, usize> = HashMap::new();
    for (number, (row, key)) in (0..).zip(rows.iter().zip(keys)) {
        let text = std::str::from_utf8(row).map_err(|_| Error::bug("the rows are not UTF-8"))?;
        let record = match record::read(config, text) {
            Ok(record) => record,
            Err(why) => {
                refused.insert(number, why);
                continue;
            }
        };
        if let (Calls::Single, Some(why)) = (config.calls, unnamed(&record)) {
            refused.insert(number, why);
            continue;
        }
        // What records nothing neither waits nor is waited for.
        let name = record.name.clone().filter(|_| record.action.records());
        if let Some(name) = name {
            let place = *first.entry(name).or_insert(leading.len());
            if let Some(before) = leading.get_mut(place) {
                before.rows.push(number);
                continue;
            }
        }
        let rows = vec![number];
        leading.push(Leading { record, key, rows });
    }
    let mut packing = Packing::new(config);
    let mut calls = Vec::new();
    for it in &leading {
        match config.calls {
            Calls::Single => calls.push(single(it)?),
            Calls::Batch => {
                let body = (it.record.text.as_bytes(), it.key);
                packing.add(it.record.action, body, &it.rows)?;
            }
        }
    }
    calls.extend(packing.end()?);
    if !refused.is_empty() {
        calls.push(stand_in(refused)?);
    }
    Ok(calls)
}

/// A path of TAXMAN must name it, and cannot.
fn unnamed(record: &Record<'_>) -> Option<Refused> {
    let needed = matches!(record.action, Action::Adjust | Action::Void);
    (needed && record.name.is_none()).then(|| Refused {
        code: VALUE_MISSING,
        message: format!(
            "to {} a transaction in a call of its own needs a code other than \".\" and \"..\"; make it required \
             in the mapping",
            record.action.word()
        ),
        field: Some("/code".to_owned()),
    })
}

/// `v1/transactions/{code}`, and what narrows it.
pub fn place_of(name: &Name) -> (String, Vec<(String, String)>) {
    let company = name.company.iter();
    let query = company.map(|company| ("company_code".to_owned(), company.clone()));
    (
        format!("v1/transactions/{}", escaped(&name.code)),
        query.collect(),
    )
}

fn single(it: &Leading<'_>) -> Result<Call> {
    let action = it.record.action;
    let named = it.record.name.as_ref().map(|name| place_of(name).0);
    let path = match (action, named) {
        (Action::Adjust | Action::Void, Some(place)) => format!("{place}/{}", action.word()),
        (Action::Calculate, _) => "v1/calculations".to_owned(),
        _ => "v1/transactions".to_owned(),
    };
    let mut context = Context {
        keys: vec![it.key.to_owned()],
        actions: vec![action],
        single: true,
        ..Context::default()
    };
    context.wait(&it.rows);
    let mut call = post(path, it.record.text.as_bytes().to_vec());
    call.rows.clone_from(&it.rows);
    call.idempotency_key = Some(it.key.to_owned());
    call.context = Some(serde_json::to_string(&context)?);
    Ok(call)
}

fn post(path: String, body: Vec<u8>) -> Call {
    Call {
        method: "POST".to_owned(),
        path,
        query: Vec::new(),
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
        ],
        body,
        rows: Vec::new(),
        // In a batch each item has its own, so a resend in another cut is harmless too.
        idempotency_key: None,
        context: None,
    }
}

/// A GET that changes nothing, in place of calls that are not made.
fn stand_in(refused: BTreeMap<u32, Refused>) -> Result<Call> {
    let rows = refused.keys().copied().collect();
    let told = refused.into_iter();
    let context = Context {
        refused: told
            .map(|(row, why)| (row, (why.code.to_owned(), why.message, why.field)))
            .collect(),
        ..Context::default()
    };
    Ok(Call {
        method: "GET".to_owned(),
        path: PING.to_owned(),
        query: Vec::new(),
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: Vec::new(),
        rows,
        idempotency_key: None,
        context: Some(serde_json::to_string(&context)?),
    })
}

/// Batches in the making.
struct Packing {
    most: usize,
    closed: Vec<Call>,
    body: Vec<u8>,
    rows: Vec<u32>,
    context: Context,
}

impl Packing {
    fn new(config: &Config) -> Self {
        Self {
            most: config.rows(),
            closed: Vec::new(),
            body: Vec::new(),
            rows: Vec::new(),
            context: Context::default(),
        }
    }

    /// Adds an item, and the rows that are of its transaction.
    fn add(&mut self, action: Action, (row, key): (&[u8], &str), rows: &[u32]) -> Result<()> {
        let full = self.context.keys.len() >= self.most
            || self.rows.len() + rows.len() > MOST_OF_CALL
            || self.body.len() + row.len() > MAX_BODY_BYTES;
        if full && !self.context.keys.is_empty() {
            self.close()?;
        }
        self.body
            .extend_from_slice(if self.context.keys.is_empty() {
                b"{\"items\":["
            } else {
                b","
            });
        self.body.extend_from_slice(b"{\"idempotency_key\":");
        self.body.extend_from_slice(&serde_json::to_vec(key)?);
        if action != Action::Create {
            self.body.extend_from_slice(b",\"action\":\"");
            self.body.extend_from_slice(action.word().as_bytes());
            self.body.push(b'"');
        }
        self.body.extend_from_slice(b",\"transaction\":");
        self.body.extend_from_slice(row);
        self.body.push(b'}');
        self.context.keys.push(key.to_owned());
        self.context.actions.push(action);
        self.context.wait(rows);
        self.rows.extend_from_slice(rows);
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let mut context = std::mem::take(&mut self.context);
        let first = context.actions.first().copied();
        if context.actions.iter().all(|action| Some(*action) == first) {
            context.actions.truncate(1);
        }
        self.body.extend_from_slice(b"]}");
        let body = std::mem::take(&mut self.body);
        let mut call = post("v1/transactions/batch".to_owned(), body);
        call.rows = std::mem::take(&mut self.rows);
        call.context = Some(serde_json::to_string(&context)?);
        self.closed.push(call);
        Ok(())
    }

    fn end(mut self) -> Result<Vec<Call>> {
        if !self.context.keys.is_empty() {
            self.close()?;
        }
        Ok(self.closed)
    }
}
