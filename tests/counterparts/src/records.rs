//! APIs that take JSON records, in the manners that one meets: what they do about a second call
//! differs, how they say yes and no differs.
//!
//! | endpoint | a second call | answers |
//! |---|---|---|
//! | `POST /keyed/records` | `Idempotency-Key` or `X-Request-Id` is known again | 201 `{"id", "code"}` |
//! | `POST /blind/records` | is one more effect | 201 |
//! | `GET /blind/records?code=` | | 200 `{"items": […]}` with what is there under the code |
//! | `PUT /upsert/records/{code}` | same content: no effect | 200 |
//! | `POST /unique/records` | 409 `EXISTS` with the id | 201 |
//! | `POST /flagged/records` | as `/keyed`, by `{"request", "record"}` | 200 `{"ok", …}`, also for no |
//! | `POST /bulk/records` | each element has its `key` | 200 `{"results"}` by key, last first |
//! | `POST /placed/records` | same content: no effect | 200, an array in the records' order |
//! | `GET /ping` | | 200 |
//! | `GET /_control/effects` | | [`Effects`] |
//! | `GET`, `POST /_control/faults` | | the switches of [`crate::faults`] |
//!
//! A record needs `code`; one without, or whose code is among `refuse_codes`, is refused. Every effect
//! is counted by code, so that a lost or doubled one shows.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value that is indexed gives null where nothing is; nothing else is indexed"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::faults::{Faults, Switchboard, unauthorized};
use crate::web::{self, Handle, authorized};

/// What came to be.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Effects {
    /// effects by code
    pub by_code: BTreeMap<String, u32>,
    pub effects: u64,
    /// calls or elements that were known again
    pub replays: u64,
    pub refused: u64,
    /// requests, whatever became of them
    pub requests: u64,
    /// the last record of each code
    pub records: BTreeMap<String, Value>,
}

#[derive(Default)]
struct Books {
    told: Effects,
    /// key → (status, answer)
    keys: HashMap<String, (StatusCode, Value)>,
}

impl Books {
    /// Enters a record.
    fn enter(&mut self, record: &Value) -> Value {
        let code = code_of(record).unwrap_or_default().to_owned();
        self.told.effects += 1;
        *self.told.by_code.entry(code.clone()).or_default() += 1;
        self.told.records.insert(code.clone(), record.clone());
        json!({ "id": format!("R-{code}"), "code": code, "ok": true })
    }

    fn is_same(&self, record: &Value) -> bool {
        code_of(record).and_then(|code| self.told.records.get(code)) == Some(record)
    }

    fn keyed(&mut self, key: &str, refuse: &[String], record: &Value) -> (StatusCode, Value) {
        if let Some(answer) = self.keys.get(key).filter(|_| !key.is_empty()) {
            self.told.replays += 1;
            return answer.clone();
        }
        let answer = match refusal(record, refuse) {
            Some(refusal) => {
                self.told.refused += 1;
                // a refusal is not remembered: the record may be corrected on the other side
                return (StatusCode::UNPROCESSABLE_ENTITY, refusal);
            }
            None => (StatusCode::CREATED, self.enter(record)),
        };
        self.keys.insert(key.to_owned(), answer.clone());
        answer
    }
}

fn code_of(record: &Value) -> Option<&str> {
    record.get("code").and_then(Value::as_str)
}

fn refusal(record: &Value, refuse: &[String]) -> Option<Value> {
    let (code, message) = match code_of(record) {
        None => ("CODE_MISSING", "the record has no code".to_owned()),
        Some(code) if refuse.iter().any(|refused| refused == code) => {
            ("REFUSED", format!("{code} is refused"))
        }
        Some(_) => return None,
    };
    let error = json!({ "code": code, "message": message, "field": "/code" });
    Some(json!({ "ok": false, "error": error }))
}

/// What is looked for.
#[derive(Deserialize)]
struct Wanted {
    code: String,
}

struct Api {
    token: String,
    faults: Arc<Switchboard>,
    books: Mutex<Books>,
}

impl Api {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Faults before, the work, faults after.
    async fn play(
        &self,
        work: impl FnOnce(&mut Books, &[String]) -> (StatusCode, Value),
    ) -> Response {
        self.books().told.requests += 1;
        let plan = match self.faults.before().await {
            Ok(plan) => plan,
            Err(answer) => return *answer,
        };
        let refuse = self.faults.get().refuse_codes;
        let (status, answer) = work(&mut self.books(), &refuse);
        if plan.drop_after_commit || plan.error_after_commit || plan.cut_answer {
            self.faults.count();
        }
        plan.after_commit((status, Json(answer)).into_response())
    }
}

/// Starts the server.
///
/// # Errors
/// When there is no port.
pub async fn start() -> anyhow::Result<Handle> {
    let token = web::random_word()?;
    let api = Arc::new(Api {
        token: token.clone(),
        faults: Arc::default(),
        books: Mutex::default(),
    });
    let faults = Arc::clone(&api.faults);
    let router = Router::new()
        .route("/ping", get(|| async { Json(json!({ "ok": true })) }))
        .route("/keyed/records", post(keyed))
        .route("/blind/records", post(blind).get(found))
        .route("/upsert/records/{code}", put(upsert))
        .route("/unique/records", post(unique))
        .route("/flagged/records", post(flagged))
        .route("/bulk/records", post(bulk))
        .route("/placed/records", post(placed))
        .route("/_control/effects", get(effects))
        .route("/_control/faults", get(get_faults).post(set_faults))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&api),
            authenticate,
        ))
        .with_state(api);
    let listener = web::listen(0).await?;
    web::serve(listener, token, router, faults)
}

async fn authenticate(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    if authorized(request.headers(), &api.token) {
        next.run(request).await
    } else {
        unauthorized()
    }
}

async fn keyed(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Json(record): Json<Value>,
) -> Response {
    let key = ["idempotency-key", "x-request-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    api.play(|books, refuse| books.keyed(&key, refuse, &record))
        .await
}

async fn blind(State(api): State<Arc<Api>>, Json(record): Json<Value>) -> Response {
    api.play(|books, refuse| books.keyed("", refuse, &record))
        .await
}

async fn found(State(api): State<Arc<Api>>, Query(wanted): Query<Wanted>) -> Response {
    api.play(|books, _| {
        let record = books.told.records.get(&wanted.code);
        let items: Vec<Value> = record
            .map(|record| {
                let mut item = record.clone();
                item["id"] = json!(format!("R-{}", wanted.code));
                item
            })
            .into_iter()
            .collect();
        (StatusCode::OK, json!({ "items": items }))
    })
    .await
}

async fn upsert(
    State(api): State<Arc<Api>>,
    Path(code): Path<String>,
    Json(record): Json<Value>,
) -> Response {
    api.play(|books, refuse| {
        if code_of(&record) != Some(code.as_str()) {
            let error = json!({ "code": "PATH", "message": "path and record have two codes" });
            return (StatusCode::BAD_REQUEST, json!({ "error": error }));
        }
        if books.is_same(&record) {
            books.told.replays += 1;
            return (StatusCode::OK, json!({ "id": format!("R-{code}") }));
        }
        books.keyed("", refuse, &record)
    })
    .await
}

async fn unique(State(api): State<Arc<Api>>, Json(record): Json<Value>) -> Response {
    api.play(|books, refuse| {
        let code = code_of(&record).unwrap_or_default();
        if books.told.records.contains_key(code) {
            books.told.replays += 1;
            let error = json!({ "code": "EXISTS", "message": "it is there already" });
            let answer = json!({ "error": error, "id": format!("R-{code}") });
            return (StatusCode::CONFLICT, answer);
        }
        books.keyed("", refuse, &record)
    })
    .await
}

async fn flagged(State(api): State<Arc<Api>>, Json(body): Json<Value>) -> Response {
    api.play(|books, refuse| {
        let key = body["request"].as_str().unwrap_or_default();
        (StatusCode::OK, books.keyed(key, refuse, &body["record"]).1)
    })
    .await
}

async fn bulk(State(api): State<Arc<Api>>, Json(body): Json<Value>) -> Response {
    api.play(|books, refuse| {
        let mut results = Vec::new();
        for item in body["items"].as_array().into_iter().flatten() {
            let key = item["key"].as_str().unwrap_or_default();
            let (_, mut result) = books.keyed(key, refuse, &item["data"]);
            result["key"] = json!(key);
            results.push(result);
        }
        results.reverse();
        (StatusCode::OK, json!({ "results": results }))
    })
    .await
}

async fn placed(State(api): State<Arc<Api>>, Json(body): Json<Value>) -> Response {
    api.play(|books, refuse| {
        let mut results = Vec::new();
        for record in body.as_array().into_iter().flatten() {
            if books.is_same(record) {
                books.told.replays += 1;
                results.push(json!({ "ok": true, "id": format!("R-{}", code_of(record).unwrap_or_default()) }));
            } else {
                results.push(books.keyed("", refuse, record).1);
            }
        }
        (StatusCode::OK, Value::Array(results))
    })
    .await
}

async fn effects(State(api): State<Arc<Api>>) -> Json<Effects> {
    Json(api.books().told.clone())
}

async fn get_faults(State(api): State<Arc<Api>>) -> Json<Faults> {
    Json(api.faults.get())
}

async fn set_faults(State(api): State<Arc<Api>>, Json(faults): Json<Faults>) -> Json<Faults> {
    api.faults.set(faults.clone());
    Json(faults)
}
