//! HTTP: axum and utoipa; enqueues, never runs a connector.
