//! The form of each kind of credential: titles, descriptions, examples, a JSON Schema (2020-12) of
//! `endpoint.auth` and one of `secrets`, whose members are marked `writeOnly`. Page, command line
//! and the check of a connection all read the same file, so that they cannot disagree.
//!
//! Invariant: nothing here ever repeats the value of a secret, only its name.

use serde_json::Value;

use crate::document::{ConnectionDocument, Endpoint, HttpAuth, S3Auth, SshAuth};
use crate::problem::Place;

/// All forms as JSON: `{"endpoints": [{"kind", "title", "settings", "auth": [{"kind", "title",
/// "description", "auth", "secrets", "example"}]}]}`.
pub const FORMS: &str = include_str!("connection_forms.json");

/// The kind of credential of an endpoint that has none: what is behind it came in by the platform's own
/// API, or signs in by certificate at most.
const NO_ACCOUNT: &str = "none";

/// The forms as a value.
///
/// # Errors
/// Never with the file as it is; a test reads it.
pub fn forms() -> serde_json::Result<Value> {
    serde_json::from_str(FORMS)
}

/// What belongs to one endpoint as it is configured.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// schema of `endpoint`
    pub settings: &'a Value,
    /// schema of `endpoint.auth`
    pub auth: &'a Value,
    secrets: &'a Value,
    certificate: Option<&'a Value>,
}

impl<'a> Form<'a> {
    /// The form of this endpoint and its kind of credential.
    #[must_use]
    pub fn of(forms: &'a Value, endpoint: &Endpoint) -> Option<Self> {
        let (kind, auth_kind, certificate) = match endpoint {
            Endpoint::Http { auth, tls, .. } => ("http", auth.kind(), tls.client_certificate),
            Endpoint::Sftp { auth, .. } => match auth {
                SshAuth::Password => ("sftp", "password", false),
                SshAuth::Key => ("sftp", "key", false),
            },
            Endpoint::S3 { auth, .. } => match auth {
                S3Auth::AccessKey { .. } => ("s3", "access_key", false),
            },
            Endpoint::Sql { auth, .. } => ("sql", auth.kind(), false),
            Endpoint::Tcp { tls, .. } => ("tcp", NO_ACCOUNT, tls.client_certificate),
            Endpoint::Uploads {} => ("uploads", NO_ACCOUNT, false),
            Endpoint::Push {} => ("push", NO_ACCOUNT, false),
        };
        let named = |list: &'a Value, wanted: &str| -> Option<&'a Value> {
            let is = |entry: &&Value| entry.get("kind").and_then(Value::as_str) == Some(wanted);
            list.as_array()?.iter().find(is)
        };
        let place = named(forms.get("endpoints")?, kind)?;
        let credential = named(place.get("auth")?, auth_kind)?;
        Some(Self {
            settings: place.get("settings")?,
            auth: credential.get("auth")?,
            secrets: credential.get("secrets")?,
            certificate: match certificate {
                true => place.get("client_certificate")?.get("secrets"),
                false => None,
            },
        })
    }

    fn parts(&self) -> impl Iterator<Item = &'a Value> {
        std::iter::once(self.secrets).chain(self.certificate)
    }

    fn knows(&self, name: &str) -> bool {
        self.parts()
            .filter_map(|part| part.get("properties"))
            .any(|properties| properties.get(name).is_some())
    }

    fn required(&self) -> impl Iterator<Item = &'a str> {
        self.parts()
            .filter_map(|part| part.get("required"))
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(Value::as_str)
    }

    /// What is wrong with a document's secrets. A document without any keeps those that are
    /// stored, so nothing is wrong with it.
    #[must_use]
    pub fn secret_faults(&self, document: &ConnectionDocument) -> Vec<Place> {
        let secrets = &document.secrets;
        if secrets.is_empty() {
            return Vec::new();
        }
        let place = |name: &str, detail: String| Place {
            pointer: format!("/secrets/{name}"),
            detail,
        };
        let missing = self
            .required()
            .chain(first_refresh_token(&document.endpoint))
            .filter(|name| secrets.get(*name).is_none_or(String::is_empty))
            .map(|name| place(name, format!("the secret {name:?} is missing")));
        let known = || {
            let properties = self.parts().filter_map(|part| part.get("properties"));
            let names = properties.filter_map(Value::as_object);
            let names: Vec<&str> = names
                .flat_map(|names| names.keys())
                .map(String::as_str)
                .collect();
            match names.is_empty() {
                true => "none".to_owned(),
                false => names.join(", "),
            }
        };
        let unknown = secrets.keys().filter(|name| !self.knows(name)).map(|name| {
            let detail = format!(
                "this kind of credential has no secret {name:?}; it has {}",
                known()
            );
            place(name, detail)
        });
        missing.chain(unknown).collect()
    }
}

/// The secret that a schema cannot ask for, since it depends on the settings: where nobody can give
/// consent, its outcome is needed.
fn first_refresh_token(endpoint: &Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Http { auth, .. } => match auth.as_ref() {
            HttpAuth::Oauth2Code(code) if code.authorize_url.is_none() => Some("refresh_token"),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn examples() -> Vec<(String, Value)> {
        let forms = forms().unwrap();
        let mut examples = Vec::new();
        for endpoint in forms["endpoints"].as_array().unwrap() {
            for form in endpoint["auth"].as_array().unwrap() {
                let mut example = form["example"].clone();
                let place = match endpoint["kind"].as_str().unwrap() {
                    "http" => json!({"kind": "http", "base_url": "https://api.example.com/"}),
                    "s3" => json!({"kind": "s3", "region": "eu-central-1", "bucket": "acme"}),
                    "sql" => json!({"kind": "sql", "driver": "postgres", "host": "db.example.com",
                        "database": "erp"}),
                    "tcp" => json!({"kind": "tcp", "host": "scales.example.com", "port": 9100}),
                    kind @ ("uploads" | "push") => json!({ "kind": kind }),
                    _ => json!({"kind": "sftp", "host": "files.example.com", "user": "u",
                        "host_keys": ["ssh-ed25519 AAAA"]}),
                };
                let document = json!({
                    "name": "api", "connector": "rest",
                    "endpoint": place,
                    "secrets": example.get("secrets").cloned().unwrap_or_else(|| json!({})),
                });
                let mut document = document;
                if let Some(auth) = example.get_mut("auth") {
                    document["endpoint"]["auth"] = auth.take();
                }
                examples.push((form["kind"].as_str().unwrap().to_owned(), document));
            }
        }
        examples
    }

    #[test]
    fn every_example_is_a_document_and_finds_its_form() {
        let forms = forms().unwrap();
        let examples = examples();
        assert_eq!(examples.len(), 18);
        for (kind, document) in examples {
            let document: ConnectionDocument =
                serde_json::from_value(document).unwrap_or_else(|error| panic!("{kind}: {error}"));
            let form = Form::of(&forms, &document.endpoint).unwrap();
            assert!(form.secret_faults(&document).is_empty(), "{kind}");
            if let Endpoint::Http { auth, .. } = &document.endpoint {
                assert_eq!(auth.kind(), kind);
                // what serde writes is what the form knows
                let written = serde_json::to_value(auth).unwrap();
                for name in written.as_object().unwrap().keys() {
                    assert!(form.auth["properties"].get(name).is_some(), "{kind} {name}");
                }
            }
        }
    }

    #[test]
    fn every_secret_is_marked() {
        let forms = forms().unwrap();
        let mut secrets = 0;
        for endpoint in forms["endpoints"].as_array().unwrap() {
            let certificate = endpoint.get("client_certificate").into_iter();
            for form in endpoint["auth"]
                .as_array()
                .unwrap()
                .iter()
                .chain(certificate)
            {
                for (name, schema) in form["secrets"]["properties"].as_object().unwrap() {
                    assert_eq!(schema["writeOnly"], json!(true), "{name}");
                    assert_eq!(schema["format"], json!("password"), "{name}");
                    secrets += 1;
                }
            }
        }
        assert!(secrets > 15, "{secrets}");
    }

    #[test]
    fn secrets_that_lack_or_are_unknown_are_named_and_not_shown() {
        let forms = forms().unwrap();
        let document = |tls: Value, secrets: Value| -> ConnectionDocument {
            serde_json::from_value(json!({
                "name": "api", "connector": "rest",
                "endpoint": {"kind": "http", "base_url": "https://x.example", "tls": tls,
                    "auth": {"kind": "basic", "user": "u"}},
                "secrets": secrets,
            }))
            .unwrap()
        };
        let faults = |document: &ConnectionDocument| {
            let form = Form::of(&forms, &document.endpoint).unwrap();
            form.secret_faults(document)
        };
        let wrong = document(json!({}), json!({"pasword": "canary"}));
        let places = faults(&wrong);
        assert_eq!(places[0].pointer, "/secrets/password");
        assert_eq!(places[1].pointer, "/secrets/pasword");
        assert!(places[1].detail.contains("it has password"), "{places:?}");
        assert!(!format!("{places:?}").contains("canary"));
        assert!(faults(&document(json!({}), json!({}))).is_empty(), "kept");
        let mut consent = document(json!({}), json!({"client_secret": "s"}));
        for (authorize_url, missing) in [(None, 1), (Some("https://x.example/authorize"), 0)] {
            let auth = json!({"kind": "oauth2_code", "token_url": "https://x.example/token",
                "client_id": "c", "authorize_url": authorize_url});
            let Endpoint::Http { auth: of, .. } = &mut consent.endpoint else {
                unreachable!()
            };
            **of = serde_json::from_value(auth).unwrap();
            assert_eq!(faults(&consent).len(), missing, "{authorize_url:?}");
        }
        let certificate = document(
            json!({"client_certificate": true}),
            json!({"password": "p"}),
        );
        assert_eq!(faults(&certificate).len(), 2);
    }
}
