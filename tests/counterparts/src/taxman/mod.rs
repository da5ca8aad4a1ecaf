//! TAXMAN, a tax service: takes transactions, answers their tax.
//!
//! | endpoint | does |
//! |---|---|
//! | `GET /v1/ping` | `{"authenticated": true, ...}` |
//! | `POST /v1/transactions` | one transaction, header `Idempotency-Key`; 201 or 400 `{"error"}` |
//! | `POST /v1/transactions/{code}/adjust` | a new version of one that is there; 200, 400, 404 |
//! | `POST /v1/transactions/{code}/void` | takes it out of all sums; of the body only the name counts |
//! | `POST /v1/calculations` | the tax of a transaction; records nothing and needs no key |
//! | `POST /v1/transactions/batch` | up to 100, each with its key, `action` (`create`) and result |
//! | `GET /v1/transactions/{code}` | the latest version with its key; `?company_code=` narrows; 404 |
//! | `GET /_control/effects` | what was committed, counted per key |
//! | `GET`, `POST /_control/faults` | the switches of [`crate::faults`] |
//!
//! Invariants: the same key has one effect, however often it comes; its answer is the first one,
//! byte for byte. The same key with another body is an error (`idempotency_key_reused`), bodies
//! compared as text. A refused transaction leaves no trace, so its key may come again corrected.
//! A voided transaction counts in no sum; voiding it again has no effect, creating it again has one.
//! Tax is exact: half up per line. Amounts come as JSON numbers and go as texts (`"7.10"`).

mod answer;
mod check;
mod journal;
mod ledger;
mod rates;
mod service;
mod wire;
mod work;

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use crate::faults::{Faults, Plan, error_answer, unauthorized};
use crate::web::{self, Handle, authorized};
pub use ledger::{CompanyEffects, Effects};
use service::{RequestFault, Service, Single};
use wire::Action;

/// How TAXMAN runs.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// 0 or a port that is taken: any free one
    pub port: u16,
    /// empty: a random one
    pub token: String,
    /// keep hashes and sums only, not the answers
    pub forget: bool,
    /// a file that keeps the effects over a restart
    pub journal: Option<PathBuf>,
}

/// Starts TAXMAN.
///
/// # Errors
/// When there is no port, or the journal cannot be used.
pub async fn start(config: Config) -> anyhow::Result<Handle> {
    let token = if config.token.is_empty() {
        web::random_word()?
    } else {
        config.token
    };
    let service = Arc::new(Service::new(token.clone(), config.forget, config.journal)?);
    let faults = Arc::clone(&service.faults);
    let listener = web::listen(config.port).await?;
    web::serve(listener, token, router(service), faults)
}

fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/v1/ping", get(ping))
        .route("/v1/transactions", post(create_transaction))
        .route("/v1/transactions/batch", post(create_batch))
        .route("/v1/transactions/{code}", get(get_transaction))
        .route("/v1/transactions/{code}/adjust", post(adjust_transaction))
        .route("/v1/transactions/{code}/void", post(void_transaction))
        .route("/v1/calculations", post(calculate))
        .route("/_control/effects", get(get_effects))
        .route("/_control/faults", get(get_faults).post(set_faults))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&service),
            authenticate,
        ))
        .layer(DefaultBodyLimit::max(16 << 20))
        .with_state(service)
}

async fn authenticate(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    if authorized(request.headers(), &service.token) {
        next.run(request).await
    } else {
        unauthorized()
    }
}

async fn ping(State(service): State<Arc<Service>>) -> Response {
    match service.faults.before().await {
        Ok(_) => Json(serde_json::json!({ "authenticated": true, "version": "1" })).into_response(),
        Err(answer) => *answer,
    }
}

async fn create_transaction(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    single(service, (Action::Create, None), &headers, body).await
}

async fn adjust_transaction(
    State(service): State<Arc<Service>>,
    Path(code): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    single(service, (Action::Adjust, Some(code)), &headers, body).await
}

async fn void_transaction(
    State(service): State<Arc<Service>>,
    Path(code): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    single(service, (Action::Void, Some(code)), &headers, body).await
}

async fn calculate(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    single(service, (Action::Calculate, None), &headers, body).await
}

async fn single(
    service: Arc<Service>,
    (action, code): (Action, Option<String>),
    headers: &HeaderMap,
    body: Bytes,
) -> Response {
    let plan = match service.faults.before().await {
        Ok(plan) => plan,
        Err(answer) => return *answer,
    };
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let key = key.unwrap_or_default().to_owned();
    let again = Arc::clone(&service);
    let work = move |service: &Service| {
        service.single(Single {
            action,
            code: code.as_deref(),
            idempotency_key: &key,
            body: &body,
        })
    };
    let status = match action {
        Action::Create => StatusCode::CREATED,
        Action::Adjust | Action::Void | Action::Calculate => StatusCode::OK,
    };
    let answer = match work(&service) {
        Ok(text) => json(status, text),
        Err(fault) => return refused(fault),
    };
    finish(plan, answer, move || drop(work(&again)))
}

async fn create_batch(State(service): State<Arc<Service>>, body: Bytes) -> Response {
    let plan = match service.faults.before().await {
        Ok(plan) => plan,
        Err(answer) => return *answer,
    };
    let answer = match service.batch(&body) {
        Ok(results) => Json(results).into_response(),
        Err(fault) => return refused(fault),
    };
    let again = Arc::clone(&service);
    finish(plan, answer, move || drop(again.batch(&body)))
}

/// Plays what comes after the work: a lost answer, a late duplicate.
fn finish(plan: Plan, answer: Response, again: impl FnOnce() + Send + 'static) -> Response {
    if let Some(after) = plan.duplicate_after {
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            again();
        });
    }
    plan.after_commit(answer)
}

#[derive(Debug, Deserialize)]
struct FindQuery {
    company_code: Option<String>,
}

async fn get_transaction(
    State(service): State<Arc<Service>>,
    Path(code): Path<String>,
    Query(query): Query<FindQuery>,
) -> Response {
    if let Err(answer) = service.faults.before().await {
        return *answer;
    }
    match service.find(query.company_code.as_deref(), &code) {
        Some(text) => json(StatusCode::OK, text),
        None => error_answer(
            StatusCode::NOT_FOUND,
            "EntityNotFoundError",
            "there is no transaction with this code",
            false,
        ),
    }
}

async fn get_effects(State(service): State<Arc<Service>>) -> Json<Effects> {
    Json(service.effects())
}

async fn get_faults(State(service): State<Arc<Service>>) -> Json<Faults> {
    Json(service.faults.get())
}

async fn set_faults(
    State(service): State<Arc<Service>>,
    Json(faults): Json<Faults>,
) -> Json<Faults> {
    service.faults.set(faults.clone());
    Json(faults)
}

fn json(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn refused(fault: RequestFault) -> Response {
    match fault {
        RequestFault::Refused(refusal) => {
            let status = match refusal.code {
                "EntityNotFoundError" => StatusCode::NOT_FOUND,
                _ => StatusCode::BAD_REQUEST,
            };
            let body = serde_json::json!({ "error": refusal });
            (status, Json(body)).into_response()
        }
        RequestFault::Poisoned => error_answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UnhandledException",
            "a poison code is in the request",
            true,
        ),
        RequestFault::Journal(error) => error_answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UnhandledException",
            &format!("the journal cannot be written: {error}"),
            true,
        ),
    }
}
