//! A login call: a POST with user and password, and a header that is made of its answer. Tryton:
//! JSON-RPC `common.db.login`, then `Authorization: Session base64(user:id:key)`. SAP Business One:
//! a cookie.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tributary_model::error_code::ErrorCode;
use tributary_model::http_auth::{BodyFormat, Login, ValueEncoding};
use tributary_model::issue::shorten;
use tributary_model::problem::Problem;

use super::template::{Fields, Template};
use super::token::Fetched;
use super::{Redactor, Secrets, Surroundings, header_name};
use crate::connection::config_problem;
use crate::connection::http::address::{Base, encoded_query};
use crate::connection::http::transport::{Answer, Transport};

pub(crate) struct LoginGrant {
    settings: Login,
    address: Url,
    header: HeaderName,
    value: Template,
    password: SecretString,
    transport: Arc<Transport>,
    redactor: Arc<Redactor>,
}

const BODY_FIELDS: [&str; 2] = ["user", "password"];

impl LoginGrant {
    pub(super) fn new(
        settings: &Login,
        secrets: &Secrets,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Problem> {
        let (header, value) = described(settings)?;
        let grant = Self {
            settings: settings.clone(),
            address: surroundings.base.below(&settings.path, &[])?,
            header,
            value,
            password: secrets.required("password")?,
            transport: Arc::clone(surroundings.transport),
            redactor: Arc::clone(surroundings.redactor),
        };
        // A body that cannot be made is found here, not at the first request.
        grant.body()?;
        Ok(grant)
    }

    pub(super) fn header(&self) -> &HeaderName {
        &self.header
    }

    pub(super) async fn fetch(&self) -> Result<Fetched, Problem> {
        let mut request = reqwest::Request::new(Method::POST, self.address.clone());
        let content_type = match self.settings.body_format {
            BodyFormat::Json => "application/json",
            BodyFormat::Form => "application/x-www-form-urlencoded",
        };
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        *request.body_mut() = Some(self.body()?.into());
        let answer = self.transport.exchange(request).await;
        let answer = answer.map_err(|error| error.problem)?;
        if !(200..300).contains(&answer.status) {
            return Err(self.refusal(&answer));
        }
        let mut taken = BTreeMap::new();
        for (name, place) in &self.settings.take {
            let found = taken_at(&answer, place).ok_or_else(|| self.nothing_at(&answer, place))?;
            // at once: what is told if the next one is missing may repeat it
            self.redactor.add(&SecretString::from(found.clone()));
            taken.insert(name.as_str(), found);
        }
        let mut fields: Fields<'_> = taken
            .iter()
            .map(|(name, value)| (*name, value.as_bytes().to_vec()))
            .collect();
        fields.insert("user", self.settings.user.as_bytes().to_vec());
        let value = self.value.bytes(&fields);
        let value = match self.settings.encoding {
            ValueEncoding::Plain => String::from_utf8_lossy(&value).into_owned(),
            ValueEncoding::Base64 => BASE64.encode(&value),
        };
        Ok(Fetched {
            value: SecretString::from(format!("{}{value}", self.settings.prefix)),
            lifetime_s: self.settings.lifetime_s.map(u64::from),
            refresh_token: None,
        })
    }

    fn body(&self) -> Result<Vec<u8>, Problem> {
        body(&self.settings, self.password.expose_secret())
    }

    fn refusal(&self, answer: &Answer) -> Problem {
        let place = self.transport.place();
        match answer.status {
            429 => {
                let retry_after = answer.headers.get("retry-after");
                let seconds =
                    retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
                let detail = format!("{place} asks to slow down with logins");
                let mut problem = Problem::new(ErrorCode::RateLimited, detail);
                problem.retry_after_ms = seconds.map(|seconds: u64| seconds.saturating_mul(1000));
                problem
            }
            500..=599 => Problem::new(
                ErrorCode::ConnectionUnreachable,
                format!("{place} failed at the login: status {}", answer.status),
            ),
            404 | 405 => config_problem(
                "/endpoint/auth/path",
                format!("there is no login at this path (status {})", answer.status),
            ),
            status => {
                let user = &self.settings.user;
                let detail = format!("{place} refused the login of {user:?} (status {status})");
                Problem::new(ErrorCode::ConnectionAuth, detail)
                    .hint("enter the current password; the platform waits before it tries again, so that the account is not locked")
            }
        }
    }

    /// Many APIs answer a refused login with status 200.
    fn nothing_at(&self, answer: &Answer, place: &str) -> Problem {
        let said = shorten(&self.redactor.text(&complaint(answer)), 200);
        let detail = format!(
            "the login of {:?} at {} was answered without {place}{said}",
            self.settings.user,
            self.transport.place()
        );
        Problem::new(ErrorCode::ConnectionAuth, detail).hint(
            "if the credentials are right, correct `take` to where the answer has the session",
        )
    }
}

/// The header that the other calls carry and what it is made of.
fn described(settings: &Login) -> Result<(HeaderName, Template), Problem> {
    let at = "/endpoint/auth";
    for place in settings.take.values() {
        if !["/", "header:", "cookie:"]
            .iter()
            .any(|start| place.starts_with(start))
        {
            let detail = format!(
                "{place:?} is no place in the answer: a JSON Pointer, header:NAME or cookie:NAME"
            );
            return Err(config_problem(&format!("{at}/take"), detail));
        }
    }
    let mut known = vec!["user"];
    known.extend(settings.take.keys().map(String::as_str));
    let value = Template::parse(&settings.value, &known, &format!("{at}/value"))?;
    let header = header_name(&settings.header, &format!("{at}/header"))?;
    Ok((header, value))
}

/// The header that a description would set.
///
/// # Errors
/// What cannot be read of it.
pub(super) fn header_of(settings: &Login, base: &Base) -> Result<HeaderName, Problem> {
    let (header, value) = described(settings)?;
    base.below(&settings.path, &[])?;
    body(settings, "password")?;
    if !settings.take.keys().any(|name| value.names(name)) {
        let detail = "nothing that is taken of the answer is in the value";
        return Err(config_problem("/endpoint/auth/value", detail));
    }
    Ok(header)
}

fn body(settings: &Login, password: &str) -> Result<Vec<u8>, Problem> {
    let fields = Fields::from([
        ("user", settings.user.as_bytes().to_vec()),
        ("password", password.as_bytes().to_vec()),
    ]);
    let at = "/endpoint/auth/body";
    let filled = filled(&settings.body, &fields, at)?;
    if settings.body_format == BodyFormat::Json {
        return serde_json::to_vec(&filled)
            .map_err(|_| config_problem(at, "the body can't be written as JSON"));
    }
    let pairs: Option<Vec<(String, String)>> = filled.as_object().and_then(|object| {
        let pair = |(name, value): (&String, &Value)| {
            value.as_str().map(|value| (name.clone(), value.to_owned()))
        };
        object.iter().map(pair).collect()
    });
    let pairs =
        pairs.ok_or_else(|| config_problem(at, "the body of a form is an object of texts"))?;
    Ok(encoded_query(&pairs).into_bytes())
}

/// What the answer calls its error. Nothing else of the answer is shown: it may hold a session.
fn complaint(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let places = [
        "/error/message/value",
        "/error/message",
        "/error_description",
        "/message",
        "/error",
    ];
    let found = places.iter().filter_map(|place| body.pointer(place));
    let text = found
        .filter(|value| !value.is_null())
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
    text.map(|text| format!("; it says: {text}"))
        .next()
        .unwrap_or_default()
}

/// The body with its fields filled in.
fn filled(value: &Value, fields: &Fields<'_>, at: &str) -> Result<Value, Problem> {
    Ok(match value {
        Value::String(text) => Value::String(Template::parse(text, &BODY_FIELDS, at)?.text(fields)),
        Value::Array(items) => {
            let mut list = Vec::new();
            for (index, item) in items.iter().enumerate() {
                list.push(filled(item, fields, &format!("{at}/{index}"))?);
            }
            Value::Array(list)
        }
        Value::Object(members) => {
            let mut object = serde_json::Map::new();
            for (name, member) in members {
                let member = filled(member, fields, &format!("{at}/{name}"))?;
                object.insert(name.clone(), member);
            }
            Value::Object(object)
        }
        other => other.clone(),
    })
}

fn taken_at(answer: &Answer, place: &str) -> Option<String> {
    if let Some(name) = place.strip_prefix("header:") {
        let value = answer.headers.get(name)?.to_str().ok()?;
        return Some(value.to_owned());
    }
    if let Some(name) = place.strip_prefix("cookie:") {
        let cookies = answer.headers.get_all(SET_COOKIE);
        return cookies.iter().find_map(|cookie| {
            let first = cookie.to_str().ok()?.split(';').next()?;
            let (key, value) = first.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        });
    }
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    match body.pointer(place)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
