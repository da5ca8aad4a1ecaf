//! A signature over a text that the API's documentation describes: the connection says how that
//! text is made and which headers carry the result, the host signs.

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tributary_model::clock::Clock;
use tributary_model::http_auth::{HmacSigning, KeyEncoding};
use tributary_model::problem::Problem;

use super::template::{Fields, Template};
use super::{Secrets, digest, header_name, moment, nonce};
use crate::connection::config_problem;
use crate::connection::http::address::{encoded_query, query_pairs};

/// What the signed text may name.
const SIGNED_FIELDS: [&str; 12] = [
    "method",
    "path",
    "query",
    "sorted_query",
    "host",
    "timestamp",
    "nonce",
    "key_id",
    "content_type",
    "body",
    "body_sha256",
    "body_sha512",
];
/// What a header's value may name.
const HEADER_FIELDS: [&str; 6] = [
    "signature",
    "timestamp",
    "nonce",
    "key_id",
    "body_sha256",
    "body_sha512",
];

pub(crate) struct Signer {
    settings: HmacSigning,
    template: Template,
    headers: Vec<(HeaderName, Template)>,
    key: SecretSlice<u8>,
    clock: Arc<dyn Clock>,
}

impl Signer {
    pub(super) fn new(
        settings: &HmacSigning,
        secrets: &Secrets,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Problem> {
        let Described { template, headers } = described(settings)?;
        let key = key(&secrets.required("signing_key")?, settings.key_encoding)?;
        Ok(Self {
            settings: settings.clone(),
            template,
            headers,
            key,
            clock,
        })
    }

    pub(super) fn owns(&self, header: &str) -> bool {
        self.headers.iter().any(|(name, _)| name.as_str() == header)
    }

    pub(super) fn apply(&self, request: &mut reqwest::Request, body: &[u8]) -> Result<(), Problem> {
        let values = self.values(request, body, self.clock.now_ms(), &nonce()?);
        for (name, value) in values {
            let mut value = HeaderValue::from_bytes(&value).map_err(|_| {
                let place = format!("/endpoint/auth/headers/{name}");
                config_problem(&place, "what was made of it is no header value")
            })?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(())
    }

    /// The headers, for a moment and a nonce.
    fn values(
        &self,
        request: &reqwest::Request,
        body: &[u8],
        now_ms: i64,
        nonce: &str,
    ) -> Vec<(HeaderName, Vec<u8>)> {
        let url = request.url();
        let mut sorted = query_pairs(url);
        sorted.sort();
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let content_type = request.headers().get(CONTENT_TYPE);
        let content_type = content_type.map(HeaderValue::as_bytes).unwrap_or_default();
        let written = |hash: &[u8]| digest::written(hash, self.settings.encoding).into_bytes();
        let mut fields = Fields::from([
            ("method", request.method().as_str().as_bytes().to_vec()),
            ("path", url.path().as_bytes().to_vec()),
            ("query", url.query().unwrap_or_default().as_bytes().to_vec()),
            ("sorted_query", encoded_query(&sorted).into_bytes()),
            ("host", host.into_bytes()),
            (
                "timestamp",
                moment::written(now_ms, self.settings.timestamp).into_bytes(),
            ),
            ("nonce", nonce.as_bytes().to_vec()),
            ("key_id", self.settings.key_id.as_bytes().to_vec()),
            ("content_type", content_type.to_vec()),
            ("body_sha256", written(&digest::sha256(body))),
            ("body_sha512", written(&digest::sha512(body))),
        ]);
        if self.template.names("body") {
            fields.insert("body", body.to_vec());
        }
        let text = self.template.bytes(&fields);
        let signature = digest::hmac(self.settings.algorithm, self.key.expose_secret(), &text);
        fields.insert("signature", written(&signature));
        self.headers
            .iter()
            .map(|(name, value)| (name.clone(), value.bytes(&fields)))
            .collect()
    }
}

/// What the settings describe, read.
struct Described {
    template: Template,
    headers: Vec<(HeaderName, Template)>,
}

fn described(settings: &HmacSigning) -> Result<Described, Problem> {
    let at = "/endpoint/auth";
    let place = format!("{at}/template");
    let template = Template::parse(&settings.template, &SIGNED_FIELDS, &place)?;
    let mut headers = Vec::new();
    for (name, value) in &settings.headers {
        let place = format!("{at}/headers/{name}");
        let value = Template::parse(value, &HEADER_FIELDS, &place)?;
        headers.push((header_name(name, &place)?, value));
    }
    if !headers.iter().any(|(_, value)| value.names("signature")) {
        let detail = "no header carries {signature}";
        return Err(config_problem(&format!("{at}/headers"), detail));
    }
    Ok(Described { template, headers })
}

/// The headers that a description would set.
///
/// # Errors
/// What cannot be read of it.
pub(super) fn headers_of(settings: &HmacSigning) -> Result<Vec<HeaderName>, Problem> {
    let described = described(settings)?;
    if described.template == Template::default() {
        let detail = "the text that is signed is empty";
        return Err(config_problem("/endpoint/auth/template", detail));
    }
    let names = described.headers.into_iter().map(|(name, _)| name);
    Ok(names.collect())
}

fn key(secret: &SecretString, encoding: KeyEncoding) -> Result<SecretSlice<u8>, Problem> {
    let text = secret.expose_secret();
    let bytes = match encoding {
        KeyEncoding::Text => Some(text.as_bytes().to_vec()),
        KeyEncoding::Hex => HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok(),
        KeyEncoding::Base64 => BASE64.decode(text.trim().as_bytes()).ok(),
    };
    match bytes {
        Some(bytes) if !bytes.is_empty() => Ok(SecretSlice::from(bytes)),
        _ => Err(config_problem(
            "/secrets/signing_key",
            "the signing key is not written as `key_encoding` says",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reqwest::{Method, Request, Url};
    use tributary_model::clock::FixedClock;
    use tributary_model::http_auth::{DigestEncoding, HmacAlgorithm, TimestampFormat};

    use super::*;

    fn settings(template: &str) -> HmacSigning {
        HmacSigning {
            template: template.to_owned(),
            headers: BTreeMap::from([("X-Signature".to_owned(), "v1={signature}".to_owned())]),
            key_id: "k1".to_owned(),
            algorithm: HmacAlgorithm::Sha256,
            encoding: DigestEncoding::Hex,
            key_encoding: KeyEncoding::Text,
            timestamp: TimestampFormat::UnixS,
        }
    }

    fn signer(settings: &HmacSigning, key: &str) -> Result<Signer, Problem> {
        let secrets = BTreeMap::from([("signing_key".to_owned(), key.to_owned())]);
        Signer::new(settings, &Secrets::new(&secrets), Arc::new(FixedClock(0)))
    }

    #[test]
    fn the_vectors_of_rfc_4231() {
        let request = Request::new(Method::GET, Url::parse("https://x.example/").unwrap());
        let signed = |key: &str, encoding, body: &[u8]| {
            let mut settings = settings("{body}");
            settings.key_encoding = encoding;
            let signer = signer(&settings, key).unwrap();
            let values = signer.values(&request, body, 0, "n");
            String::from_utf8(values[0].1.clone()).unwrap()
        };
        assert_eq!(
            signed("Jefe", KeyEncoding::Text, b"what do ya want for nothing?"),
            "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            signed(&"0b".repeat(20), KeyEncoding::Hex, b"Hi There"),
            "v1=b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn every_field_of_the_text_is_what_is_sent() {
        let mut request = Request::new(
            Method::POST,
            Url::parse("https://x.example:8443/a%20b?z=1&a=x%2By").unwrap(),
        );
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let names = SIGNED_FIELDS.map(|name| format!("{{{name}}}")).join("|");
        let signer = signer(&settings(&names), "key").unwrap();
        let text = "POST|/a%20b|z=1&a=x%2By|a=x%2By&z=1|x.example:8443|1|n|k1|application/json|body|230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5|";
        let hash = digest::written(&digest::sha512(b"body"), DigestEncoding::Hex);
        let wanted = digest::hmac(
            HmacAlgorithm::Sha256,
            b"key",
            format!("{text}{hash}").as_bytes(),
        );
        let values = signer.values(&request, b"body", 1000, "n");
        assert_eq!(
            String::from_utf8(values[0].1.clone()).unwrap(),
            format!("v1={}", digest::written(&wanted, DigestEncoding::Hex))
        );
    }

    #[test]
    fn descriptions_that_do_not_fit_are_named() {
        let at = |settings: &HmacSigning, key: &str| {
            signer(settings, key)
                .err()
                .and_then(|problem| problem.pointer)
        };
        assert_eq!(
            at(&settings("{pth}"), "k").as_deref(),
            Some("/endpoint/auth/template")
        );
        let mut no_signature = settings("{path}");
        no_signature.headers = BTreeMap::from([("X-Key".to_owned(), "{key_id}".to_owned())]);
        assert_eq!(
            at(&no_signature, "k").as_deref(),
            Some("/endpoint/auth/headers")
        );
        let mut hex = settings("{path}");
        hex.key_encoding = KeyEncoding::Hex;
        assert_eq!(at(&hex, "no hex").as_deref(), Some("/secrets/signing_key"));
        assert_eq!(at(&hex, "").as_deref(), Some("/secrets/signing_key"));
    }
}
