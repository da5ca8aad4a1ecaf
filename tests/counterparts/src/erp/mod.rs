//! An ERP with a REST API of orders.
//!
//! | endpoint | does |
//! |---|---|
//! | `GET /api/orders?limit=&cursor=&updated_since=` | `{"orders": [...], "next_cursor": "..." or null}`, by `updated_at`, then `id` |
//! | `GET /api/orders/{id}` | one order; 404 |
//! | `POST /_control/change` | changes, adds or deletes an order ([`Change`]) |
//! | `GET`, `POST /_control/faults` | the switches of [`crate::faults`] |
//!
//! As real ERPs do: bulk changes leave many orders with the same `updated_at`, so a client needs
//! the cursor or a tie-breaker; `updated_since` is inclusive; a deleted order is just gone.

mod orders;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::faults::{Faults, Switchboard, error_answer, unauthorized};
use crate::web::{self, Handle, authorized};
pub use orders::{Change, Orders};

/// Most orders on one page.
pub const MAX_LIMIT: usize = 500;
/// Orders on a page when nothing is asked for.
pub const DEFAULT_LIMIT: usize = 50;

/// How the ERP runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// 0 or a port that is taken: any free one
    pub port: u16,
    /// empty: a random one
    pub token: String,
    /// a JSON array of orders, each with `id` and `updated_at` (RFC 3339)
    pub orders: PathBuf,
}

struct Erp {
    token: String,
    faults: Arc<Switchboard>,
    orders: Mutex<Orders>,
}

impl Erp {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Starts the ERP.
///
/// # Errors
/// When there is no port, or the orders cannot be read.
pub async fn start(config: Config) -> anyhow::Result<Handle> {
    let token = if config.token.is_empty() {
        web::random_word()?
    } else {
        config.token
    };
    let erp = Arc::new(Erp {
        token: token.clone(),
        faults: Arc::default(),
        orders: Mutex::new(Orders::load(&config.orders)?),
    });
    let faults = Arc::clone(&erp.faults);
    let router = Router::new()
        .route("/api/orders", get(list_orders))
        .route("/api/orders/{id}", get(get_order))
        .route("/_control/change", post(change_order))
        .route("/_control/faults", get(get_faults).post(set_faults))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&erp),
            authenticate,
        ))
        .with_state(erp);
    let listener = web::listen(config.port).await?;
    web::serve(listener, token, router, faults)
}

async fn authenticate(State(erp): State<Arc<Erp>>, request: Request, next: Next) -> Response {
    if authorized(request.headers(), &erp.token) {
        next.run(request).await
    } else {
        unauthorized()
    }
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    limit: Option<usize>,
    cursor: Option<String>,
    updated_since: Option<String>,
}

async fn list_orders(State(erp): State<Arc<Erp>>, Query(query): Query<ListQuery>) -> Response {
    if let Err(answer) = erp.faults.before().await {
        return *answer;
    }
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return bad_request(&format!("limit is {limit}, 1 to {MAX_LIMIT} are allowed"));
    }
    let page = erp.orders().page(
        limit,
        query.cursor.as_deref(),
        query.updated_since.as_deref(),
    );
    match page {
        Ok(text) => json(text),
        Err(message) => bad_request(&message),
    }
}

async fn get_order(State(erp): State<Arc<Erp>>, Path(id): Path<String>) -> Response {
    if let Err(answer) = erp.faults.before().await {
        return *answer;
    }
    let order = erp.orders().find(&id);
    match order {
        Some(text) => json(text),
        None => error_answer(
            StatusCode::NOT_FOUND,
            "NotFound",
            "there is no such order",
            false,
        ),
    }
}

#[derive(Debug, Serialize)]
struct Changed {
    order_id: String,
    updated_at: String,
    orders: usize,
}

async fn change_order(State(erp): State<Arc<Erp>>, Json(change): Json<Change>) -> Response {
    let order_id = change.order_id.clone();
    let mut orders = erp.orders();
    match orders.change(change) {
        Ok(updated_at) => Json(Changed {
            order_id,
            updated_at,
            orders: orders.len(),
        })
        .into_response(),
        Err(message) => bad_request(&message),
    }
}

async fn get_faults(State(erp): State<Arc<Erp>>) -> Json<Faults> {
    Json(erp.faults.get())
}

async fn set_faults(State(erp): State<Arc<Erp>>, Json(faults): Json<Faults>) -> Json<Faults> {
    erp.faults.set(faults.clone());
    Json(faults)
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn bad_request(message: &str) -> Response {
    error_answer(StatusCode::BAD_REQUEST, "BadRequest", message, false)
}
