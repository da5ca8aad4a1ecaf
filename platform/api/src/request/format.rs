//! In which form a list is wanted: `?format=` decides, then `Accept`.

use axum::http::{HeaderMap, header};
use serde::Deserialize;

/// A form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Json,
    Ndjson,
    Csv,
}

impl Format {
    /// What the request asks for, `default` if it does not say.
    pub(crate) fn wanted(asked: Option<Self>, headers: &HeaderMap, default: Self) -> Self {
        if let Some(format) = asked {
            return format;
        }
        let accept = headers.get(header::ACCEPT);
        let accept = accept.and_then(|value| value.to_str().ok()).unwrap_or("");
        // the first that we have; weights are not looked at, nobody sends them here
        accept
            .split(',')
            .filter_map(|kind| kind.split(';').next())
            .find_map(|kind| match kind.trim() {
                "application/json" => Some(Self::Json),
                "application/x-ndjson" | "application/ndjson" => Some(Self::Ndjson),
                "text/csv" => Some(Self::Csv),
                _ => None,
            })
            .unwrap_or(default)
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }
}
