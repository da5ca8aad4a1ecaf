//! JSON bodies. Two readers that differ in the code of their errors: [`Json`] for requests,
//! [`Document`] for what a person wrote and keeps in a file. Both refuse unknown fields, wrong
//! content types and trailing text, and point to the wrong place.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use tributary_model::error_code::ErrorCode;

use crate::problem::ApiError;

/// A request.
pub(crate) struct Json<T>(pub(crate) T);

/// A document.
pub(crate) struct Document<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = json_bytes(request, state).await?;
        parse(&bytes, ErrorCode::RequestInvalid).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Document<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = json_bytes(request, state).await?;
        parse(&bytes, ErrorCode::DocumentInvalid).map(Self)
    }
}

/// The body, if it says that it is JSON and keeps to the route's limit.
pub(crate) async fn json_bytes<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<Bytes, ApiError> {
    if !is_json(&request) {
        let error = ApiError::request("the body is not declared as JSON");
        return Err(error
            .hint("send the header Content-Type: application/json")
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    body_bytes(request, state).await
}

/// The body, if it keeps to the route's limit.
pub(crate) async fn body_bytes<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|error| {
        use axum::response::IntoResponse;
        let status = error.into_response().status();
        let detail = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "the body is longer than this route takes",
            _ => "the body could not be read to its end",
        };
        ApiError::request(detail).with_status(status)
    })
}

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let Some(kind) = kind.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Reads `bytes` as `T`; `code` is that of a fault, except for an unknown field in a document.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], code: ErrorCode) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let text = error.inner().to_string();
        let unknown = text.starts_with("unknown field");
        let code = match code {
            ErrorCode::DocumentInvalid if unknown => ErrorCode::FieldUnknown,
            code => code,
        };
        ApiError::new(code, text).at(pointer(error.path()))
    })?;
    deserializer
        .end()
        .map_err(|error| ApiError::new(code, error.to_string()).at(""))?;
    Ok(value)
}

/// RFC 6901: `/a/0/b`, with `~0` for `~` and `~1` for `/`.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let text = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            // a variant's name is not in the document; an unknown segment ends what is known
            Segment::Enum { .. } => continue,
            Segment::Unknown => break,
        };
        pointer.push('/');
        pointer.push_str(&text);
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Outer {
        list: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Inner {
        number: u8,
    }

    #[test]
    fn faults_say_where() {
        let fault = |text: &str| {
            let error = parse::<Outer>(text.as_bytes(), ErrorCode::DocumentInvalid).unwrap_err();
            (error.problem.code, error.problem.pointer.unwrap())
        };
        let wrong_type = r#"{"list":[{"number":1},{"number":"x"}]}"#;
        assert_eq!(
            fault(wrong_type),
            (ErrorCode::DocumentInvalid, "/list/1/number".into())
        );
        let unknown = r#"{"list":[{"number":1,"colour":2}]}"#;
        assert_eq!(
            fault(unknown),
            (ErrorCode::FieldUnknown, "/list/0/colour".into())
        );
        assert_eq!(fault(r#"{"list":[]} x"#).0, ErrorCode::DocumentInvalid);
        assert_eq!(
            fault(r#"{"list":[],"list":[]}"#).0,
            ErrorCode::DocumentInvalid
        );
        assert_eq!(fault("{").0, ErrorCode::DocumentInvalid);
    }
}
