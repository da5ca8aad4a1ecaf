//! From the registry to an axum router: each route gets its policy, its body limit and the
//! common frame around it.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

use crate::auth::authorize;
use crate::problem::ApiError;
use crate::registry::{Pace, Route, routes};
use crate::request::frame::frame;
use crate::state::ApiState;

/// The whole API below `/api/v1`, and the pages below `/docs`.
pub fn router(state: ApiState) -> Router {
    router_of(state, &routes())
}

pub(crate) fn router_of(state: ApiState, routes: &[Route]) -> Router {
    let mut router = Router::new();
    for route in routes {
        let policy = from_fn_with_state((state.clone(), route.policy), authorize);
        let method_router = route
            .method_router()
            .layer::<_, Infallible>(DefaultBodyLimit::max(route.body_limit))
            // streams are not cut: the time is until the head of the answer
            .layer::<_, Infallible>(TimeoutLayer::with_status_code(
                StatusCode::SERVICE_UNAVAILABLE,
                match route.pace {
                    Pace::Usual => state.limits.handler_timeout,
                    Pace::Compiling => state.limits.compile_timeout,
                    Pace::Receiving => state.limits.upload_timeout,
                },
            ))
            .layer(policy);
        router = router.route(&route.path, method_router);
    }
    router
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async {
            ApiError::request("this path does not have this method")
                .with_status(StatusCode::METHOD_NOT_ALLOWED)
        })
        // a body that stops coming
        .layer(RequestBodyTimeoutLayer::new(Duration::from_secs(30)))
        .layer(from_fn_with_state(state.clone(), frame))
        .layer(from_fn(crate::request::frame::secure_headers))
        .with_state(state)
}
