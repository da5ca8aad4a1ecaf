//! Addresses below a base address, and percent-encoding as RFC 3986 has it.
//!
//! Invariant: a path cannot leave the base address, however it is spelled; only what RFC 3986 calls
//! unreserved is left as it is in a query, so that a blank is `%20` (OData servers refuse `+`) and
//! a signature is made over the very bytes that are sent.

use reqwest::Url;
use tributary_model::problem::Problem;

use super::denied;
use crate::connection::climb::climbs;
use crate::connection::config_problem;

/// A base address with what is asked of it again and again.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) url: Url,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Base {
    /// Reads an address that requests go below. `at` is its place in the connection document.
    pub(crate) fn parse(text: &str, at: &str) -> Result<Self, Problem> {
        // The text itself is not repeated: it might hold a password by mistake.
        let wrong = |what: &str| config_problem(at, format!("the address {what}"));
        let mut url = Url::parse(text).map_err(|error| wrong(&format!("is no URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("must start with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(
                "must not contain credentials; put them into auth and secrets",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must have no query and no fragment"));
        }
        let host = url.host_str().ok_or_else(|| wrong("has no host"))?;
        let host = host.to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{path}/"));
        Ok(Self { url, host, port })
    }

    /// The address of `path` with `query`.
    pub(crate) fn below(&self, path: &str, query: &[(String, String)]) -> Result<Url, Problem> {
        let escapes =
            path.contains(['?', '#', '\\']) || path.chars().any(char::is_control) || climbs(path);
        let prefix = self.url.path().trim_end_matches('/');
        let mut url = self.url.clone();
        url.set_path(&format!("{prefix}/{}", path.trim_start_matches('/')));
        if escapes || !url.path().starts_with(prefix) {
            return Err(denied(format!("the path {path:?} leaves the base address")));
        }
        if !query.is_empty() {
            url.set_query(Some(&encoded_query(query)));
        }
        Ok(url)
    }
}

/// `a=b&c=d`, strictly encoded.
pub(crate) fn encoded_query(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| {
        format!("{}={}", percent(name.as_bytes()), percent(value.as_bytes()))
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// The decoded pairs of a query as it is sent.
pub(crate) fn query_pairs(url: &Url) -> Vec<(String, String)> {
    url.query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Everything but letters, digits and `-._~` as `%XX`.
pub(crate) fn percent(bytes: &[u8]) -> String {
    percent_but(bytes, b"")
}

/// As [`percent`], but leaves `kept` alone too.
pub(crate) fn percent_but(bytes: &[u8], kept: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || kept.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Percent-decoded once; what is no `%XX` stays.
pub(crate) fn decoded(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail
            .get(..2)
            .filter(|pair| pair.iter().all(u8::is_ascii_hexdigit))
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if *first == b'%' => {
                decoded.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    decoded
}
