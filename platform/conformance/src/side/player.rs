//! Plays a cassette, with at most one fault. The same requests get the same answers, in whatever order
//! a resumed read asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tributary_host::{
    FileBytes, FileEntry, HttpRequest, HttpResponse, OtherSide, OtherSocket, QueryAnswer, SendError,
};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::fault::{Fault, Plan};
use super::heard::line;
use super::recorder::MASK;
use super::sockets::Played;
use crate::case::{Cassette, Exchange, RecordedFile, RecordedQuery};

/// See the module.
pub struct Player {
    cassette: Arc<Cassette>,
    asked: Asked,
}

/// What was asked so far, by the player and its sockets.
#[derive(Clone, Default)]
pub(super) struct Asked {
    plan: Option<Plan>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    asked: usize,
    /// how often an answer list was asked, by the place of its first answer
    turns: HashMap<usize, usize>,
    /// the same of what was said over sockets
    socket_turns: HashMap<usize, usize>,
    misses: Vec<String>,
}

impl Asked {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request and tells its fault.
    pub(super) async fn fault(&self) -> Option<Fault> {
        let number = {
            let mut state = self.state();
            state.asked += 1;
            state.asked - 1
        };
        let plan = self.plan.as_ref().filter(|plan| plan.hits(number))?;
        if let Fault::Slow(time) = &plan.fault {
            tokio::time::sleep(*time).await;
        }
        Some(plan.fault.clone())
    }

    /// How often this was asked over sockets before.
    pub(super) fn turn(&self, first: usize) -> usize {
        let mut state = self.state();
        let turn = state.socket_turns.entry(first).or_default();
        *turn += 1;
        *turn - 1
    }

    pub(super) fn miss(&self, what: &str) -> Problem {
        self.state().misses.push(what.to_owned());
        let detail = format!("the cassette has no answer to {what}");
        Problem::new(ErrorCode::SourceProtocol, detail)
            .hint("record the case again, or add the answer to its cassette")
    }
}

impl Player {
    /// Plays `cassette` as it is.
    #[must_use]
    pub fn new(cassette: Arc<Cassette>) -> Self {
        Self {
            cassette,
            asked: Asked::default(),
        }
    }

    pub(crate) fn with(cassette: Arc<Cassette>, plan: Plan) -> Self {
        let mut player = Self::new(cassette);
        player.asked.plan = Some(plan);
        player
    }

    /// How many requests came.
    pub(crate) fn asked(&self) -> usize {
        self.asked.state().asked
    }

    /// Requests that the cassette has no answer to.
    #[must_use]
    pub fn misses(&self) -> Vec<String> {
        self.asked.state().misses.clone()
    }

    /// How many answers the cassette has to this request.
    pub(crate) fn answers_to(&self, request: &HttpRequest) -> usize {
        let fits = |exchange: &&Exchange| answers(exchange, request);
        self.cassette.http.iter().filter(fits).count()
    }

    fn recorded(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let fits = |(_, exchange): &(usize, &Exchange)| answers(exchange, request);
        let found: Vec<(usize, &Exchange)> =
            self.cassette.http.iter().enumerate().filter(fits).collect();
        let (first, _) = found.first()?;
        let turn = {
            let mut state = self.asked.state();
            let turn = state.turns.entry(*first).or_default();
            *turn += 1;
            *turn - 1
        };
        let (_, exchange) = found.get(turn).or(found.last())?;
        let answer = &exchange.response;
        Some(HttpResponse {
            status: answer.status,
            headers: answer.headers.clone(),
            body: Bytes::from(answer.bytes()?),
            duration_ms: 1,
        })
    }

    fn file(&self, path: &str) -> Result<&RecordedFile, Problem> {
        let found = self.cassette.files.iter().find(|file| file.path == path);
        found.ok_or_else(|| {
            let detail = format!("{path}: there is no such file");
            Problem::new(ErrorCode::SourceNotFound, detail)
        })
    }
}

/// Whether the exchange is the answer to `request`.
fn answers(exchange: &Exchange, request: &HttpRequest) -> bool {
    let recorded = &exchange.request;
    let sorted = |pairs: &[(String, String)]| {
        let mut pairs = pairs.to_vec();
        pairs.sort();
        pairs
    };
    let plain = |path: &str| path.trim_start_matches('/').to_owned();
    recorded.method.eq_ignore_ascii_case(&request.method)
        && plain(&recorded.path) == plain(&request.path)
        && sorted(&recorded.query) == sorted(&request.query)
        && recorded.body.as_ref().is_none_or(|body| {
            let sent = request.body.as_deref().unwrap_or_default();
            same_body(body.as_bytes(), sent)
        })
}

/// Bytes, or JSON that says the same.
fn same_body(recorded: &[u8], sent: &[u8]) -> bool {
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let both = || Some((json(recorded)?, json(sent)?));
    recorded == sent || both().is_some_and(|(recorded, sent)| same_json(&recorded, &sent))
}

/// What the recorder has masked may have been any text.
fn same_json(recorded: &Value, sent: &Value) -> bool {
    match (recorded, sent) {
        (Value::String(text), Value::String(_)) if text == MASK => true,
        (Value::Array(ours), Value::Array(theirs)) => {
            let mut pairs = ours.iter().zip(theirs);
            ours.len() == theirs.len() && pairs.all(|(ours, theirs)| same_json(ours, theirs))
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let there = |(name, value): (&String, &Value)| {
                let sent = theirs.get(name);
                sent.is_some_and(|sent| same_json(value, sent))
            };
            ours.len() == theirs.len() && ours.iter().all(there)
        }
        _ => recorded == sent,
    }
}

fn entry(file: &RecordedFile) -> FileEntry {
    FileEntry {
        path: file.path.clone(),
        size: file.length(),
        modified_ms: file.modified_ms,
        version: None,
    }
}

#[async_trait]
impl OtherSide for Player {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let fault = self.asked.fault().await;
        let good = self.recorded(&request);
        let bad = fault.and_then(|fault| fault.answer(good.as_ref()));
        if let Some(bad) = bad {
            return bad;
        }
        good.ok_or_else(|| SendError {
            problem: self.asked.miss(&line(&request)),
            sent: true,
        })
    }

    async fn list(&self, folder: &str, recursive: bool) -> Result<Vec<FileEntry>, Problem> {
        if let Some(problem) = self
            .asked
            .fault()
            .await
            .and_then(|fault| fault.problem(folder))
        {
            return Err(problem);
        }
        // the top of a bucket has no name
        let below = match folder.trim_end_matches('/') {
            "" if !folder.starts_with('/') => String::new(),
            folder => format!("{folder}/"),
        };
        let there = |file: &&RecordedFile| {
            let name = file.path.strip_prefix(&below);
            name.is_some_and(|name| recursive || !name.contains('/'))
        };
        let mut entries: Vec<FileEntry> = self
            .cassette
            .files
            .iter()
            .filter(there)
            .map(entry)
            .collect();
        if entries.is_empty() {
            let detail = format!("{below}: there is no such folder");
            return Err(Problem::new(ErrorCode::SourceNotFound, detail));
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    async fn stat(&self, path: &str) -> Result<FileEntry, Problem> {
        if let Some(problem) = self
            .asked
            .fault()
            .await
            .and_then(|fault| fault.problem(path))
        {
            return Err(problem);
        }
        self.file(path).map(entry)
    }

    async fn read(&self, path: &str, offset: u64) -> Result<FileBytes, Problem> {
        let fault = self.asked.fault().await;
        let file = self.file(path)?;
        let content = file
            .bytes()
            .ok_or_else(|| self.asked.miss(&format!("open {path}")))?;
        let from = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(content.len());
        let mut bytes = Bytes::from(content).slice(from..);
        let mut broken = None;
        match fault {
            Some(fault @ Fault::Cut) => {
                bytes.truncate(bytes.len() / 2);
                broken = fault.problem(path);
            }
            Some(Fault::Truncated) => bytes.truncate(bytes.len() / 2),
            Some(fault) => {
                if let Some(problem) = fault.problem(path) {
                    return Err(problem);
                }
            }
            None => {}
        }
        Ok(FileBytes {
            size: file.length(),
            bytes,
            broken,
        })
    }

    async fn query(&self, statement: &str, params: &str) -> Result<QueryAnswer, Problem> {
        let fault = self.asked.fault().await;
        let asked: Option<Value> = serde_json::from_str(params).ok();
        let fits = |query: &&RecordedQuery| {
            let same = query
                .statement
                .split_whitespace()
                .eq(statement.split_whitespace());
            same && asked.as_ref() == Some(&Value::Array(query.params.clone()))
        };
        let found = self.cassette.queries.iter().find(fits);
        let cut = fault == Some(Fault::Cut);
        let problem = fault.and_then(|fault| fault.problem("the database"));
        if let (Some(problem), false) = (&problem, cut) {
            return Err(problem.clone());
        }
        let query = found.ok_or_else(|| self.asked.miss(&format!("{statement} with {params}")))?;
        let mut rows = query.ndjson();
        if cut {
            // a database's answer breaks between rows
            let half = rows.len() / 2;
            let whole = rows.iter().take(half).rposition(|byte| *byte == b'\n');
            rows.truncate(whole.map_or(0, |place| place + 1));
        }
        Ok(QueryAnswer {
            rows: Bytes::from(rows),
            broken: problem,
        })
    }

    async fn connect(&self) -> Result<Box<dyn OtherSocket>, Problem> {
        let fault = self.asked.fault().await;
        if let Some(problem) = fault.and_then(|fault| fault.problem("the server")) {
            return Err(problem);
        }
        let cassette = Arc::clone(&self.cassette);
        Ok(Box::new(Played::new(cassette, self.asked.clone())))
    }
}
