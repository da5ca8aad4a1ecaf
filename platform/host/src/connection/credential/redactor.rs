//! Takes our secrets out of what the other side says: servers repeat keys in error texts, and
//! pagination links repeat a key that came in the query.
//!
//! Invariant: data is not damaged by a weak secret. In an answer of success only texts of
//! [`LONG`] characters and more are replaced; what is that long and equal is the secret.

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use data_encoding::BASE64;
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};

use super::Secrets;
use crate::connection::http::address::percent;

/// Shortest secret that is looked for in error texts.
const SHORT: usize = 6;
/// Shortest secret that is looked for in data.
const LONG: usize = 16;
const REPLACEMENT: &str = "[redacted]";

pub(crate) struct Redactor {
    fixed: Vec<SecretString>,
    /// tokens in use, the last ones only
    current: RwLock<Vec<SecretString>>,
}

/// Tokens that are remembered: the one in use, the one before, and what came with them.
const MAX_CURRENT: usize = 8;

impl Redactor {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let fixed = secrets.values().flat_map(spellings).collect();
        Self {
            fixed,
            current: RwLock::new(Vec::new()),
        }
    }

    /// A secret that came into being later.
    pub(crate) fn add(&self, secret: &SecretString) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let text = secret.expose_secret();
        let known = current
            .iter()
            .position(|known| known.expose_secret() == text);
        if let Some(known) = known {
            current.remove(known); // it is in use again, so it is not the next to be forgotten
        }
        if current.len() >= MAX_CURRENT {
            current.remove(0);
        }
        current.push(secret.clone());
    }

    /// `text` of an error or a header.
    pub(crate) fn text(&self, text: &str) -> String {
        let clean = self.clean(text.as_bytes(), SHORT);
        clean.map_or_else(
            || text.to_owned(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// An answer's body; `data` if the answer is one of success.
    pub(crate) fn body(&self, body: Bytes, data: bool) -> Bytes {
        let shortest = if data { LONG } else { SHORT };
        self.clean(&body, shortest).map_or(body, Bytes::from)
    }

    fn clean(&self, bytes: &[u8], shortest: usize) -> Option<Vec<u8>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        let mut clean: Option<Vec<u8>> = None;
        for secret in self.fixed.iter().chain(current.iter()) {
            let secret = secret.expose_secret().as_bytes();
            if secret.len() < shortest {
                continue;
            }
            let seen = clean.as_deref().unwrap_or(bytes);
            if memmem::find(seen, secret).is_some() {
                clean = Some(replaced(seen, secret));
            }
        }
        clean
    }
}

fn replaced(bytes: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in memmem::find_iter(bytes, secret) {
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        out.extend_from_slice(REPLACEMENT.as_bytes());
        from = at + secret.len();
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out
}

/// The forms in which a server may repeat a secret, longest first.
fn spellings(secret: &str) -> Vec<SecretString> {
    let secret = secret.trim();
    let mut forms = vec![
        percent(secret.as_bytes()),
        secret.to_owned(),
        BASE64.encode(secret.as_bytes()),
    ];
    if let Ok(quoted) = serde_json::to_string(secret) {
        forms.push(quoted.trim_matches('"').to_owned());
    }
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms.dedup();
    forms.into_iter().map(SecretString::from).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn redactor(secret: &str) -> Redactor {
        let secrets = BTreeMap::from([("x".to_owned(), secret.to_owned())]);
        Redactor::new(&Secrets::new(&secrets))
    }

    #[test]
    fn every_spelling_goes_and_data_is_spared_by_weak_secrets() {
        let strong = redactor("geheim+\"ü\"-0123456789");
        for text in [
            "key geheim+\"ü\"-0123456789 is wrong".to_owned(),
            format!(
                "next=?key={}&a=b",
                percent("geheim+\"ü\"-0123456789".as_bytes())
            ),
            format!(
                "{{\"sent\":{}}}",
                serde_json::json!("geheim+\"ü\"-0123456789")
            ),
            BASE64.encode("geheim+\"ü\"-0123456789".as_bytes()),
        ] {
            let clean = strong.text(&text);
            assert!(clean.contains(REPLACEMENT), "{clean}");
            assert!(!clean.contains("0123456789"), "{clean}");
            let body = strong.body(Bytes::from(text), true);
            assert!(memmem::find(&body, REPLACEMENT.as_bytes()).is_some());
        }
        let weak = redactor("4711-08");
        let order = Bytes::from_static(b"{\"order\":\"4711-08\"}");
        assert_eq!(weak.body(order.clone(), true), order, "data stays");
        assert_ne!(weak.body(order.clone(), false), order, "an error text not");
        assert_eq!(redactor("a").body(order.clone(), false), order);
    }

    #[test]
    fn later_tokens_are_known_and_old_ones_forgotten() {
        let redactor = redactor("never-mentioned-here");
        for number in 0..20 {
            redactor.add(&SecretString::from(format!("token-number-{number:04}")));
        }
        assert_eq!(redactor.text("token-number-0019"), REPLACEMENT);
        assert_eq!(redactor.text("token-number-0001"), "token-number-0001");
        for number in 20..30 {
            redactor.add(&SecretString::from("token-number-0019"));
            redactor.add(&SecretString::from(format!("token-number-{number:04}")));
        }
        assert_eq!(redactor.text("token-number-0019"), REPLACEMENT, "in use");
    }
}
