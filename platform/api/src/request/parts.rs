//! Names in the path and query parameters.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use tributary_model::error_code::ErrorCode;

use crate::problem::ApiError;

/// Parameters of the path, by name; `tenant` is left to `auth`. A text that can be no name of an
/// object is answered like an object that is not there.
pub(crate) struct Names<T>(pub(crate) T);

/// Query parameters; unknown ones are refused (the type says so).
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Names<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0))
            .map_err(|_| ApiError::not_found())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|error| {
            use std::error::Error;
            // axum's own sentence names its types; the source says what is wrong
            let source = error.source().map_or_else(String::new, ToString::to_string);
            let detail = format!("a query parameter is wrong: {source}");
            ApiError::new(ErrorCode::RequestInvalid, detail)
        })
    }
}
