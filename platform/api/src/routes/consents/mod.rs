//! Consent of a person to a connection (OAuth 2.0 authorization code, RFC 6749 §4.1): an engineer asks
//! for it, a person gives it in a browser that has no token of ours, the host keeps what comes of it.
//!
//! `create` (API) gives an address with a ticket; behind it is `page`, which says who wants what; its
//! button (`leave`) sends the browser to the other side with a state; `receive` takes what it brings
//! back; `get` (API) tells how it ended.
//!
//! Invariants: ticket and state are 256 random bits, good for one consent of one connection, for a quarter of an
//! hour; the state is taken once, and only from the browser that saw the page (a cookie), so that
//! nobody's code lands in another's connection (RFC 9700 §2.1); code, state and verifier are in no
//! log, and pages are not kept by caches. What is sealed is opened by the tenant's own key.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod leave;
pub(crate) mod page;
pub(crate) mod receive;
mod shown;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderMap, header};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use tributary_model::clock::UnixMillis;
use tributary_model::document::{ConnectionDocument, Endpoint, HttpAuth};
use tributary_model::http_auth::Oauth2Code;
use tributary_model::id::TenantId;
use tributary_model::problem::Problem;
use tributary_store::{Consent, TenantStore};
use tributary_vault::TenantVault;

use crate::problem::ApiError;
use crate::routes::connections::with_secrets_of;
use crate::state::ApiState;
use crate::wire::document::stored;
use shown::Shown;

/// How long a person has, ms.
const FOR_MS: i64 = 15 * 60_000;
/// Paths of the pages; the cookie is sent to them only.
const PAGES: &str = "/oauth/";
/// Where the other side sends browsers back to; to be registered there.
const CALLBACK: &str = "/oauth/callback";
const COOKIE: &str = "tributary_consent";
/// `kind` under which the vault seals what a browser must bring back; the object is the consent's id.
const OPENED_KIND: &str = "consent";

/// The secret of an address, or a state: whose it is, which consent, and 256 random bits.
struct Ticket {
    tenant: TenantId,
    id: String,
    secret: String,
}

/// What a browser must bring back, and what belongs to it.
#[derive(Serialize, Deserialize)]
struct Opened {
    /// hash of the state's secret
    state: String,
    /// hash of the cookie
    browser: String,
    /// of PKCE (RFC 7636)
    verifier: String,
}

/// How a consent ended.
#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Outcome {
    Given {
        /// the platform gets further tokens by itself
        renewable: bool,
        /// end of the first access token; absent: the other side did not say
        #[serde(default, skip_serializing_if = "Option::is_none")]
        access_until_ms: Option<UnixMillis>,
    },
    Refused {
        code: String,
        detail: String,
        hint: String,
    },
}

impl Outcome {
    fn refused(problem: &Problem) -> Self {
        Self::Refused {
            code: problem.code.as_str().to_owned(),
            detail: problem.detail.clone(),
            hint: problem.hint.clone(),
        }
    }

    fn of(consent: &Consent) -> Result<Option<Self>, ApiError> {
        consent.outcome.as_deref().map(stored).transpose()
    }
}

impl Ticket {
    /// `acme.con_0198….mZ3…`; `None` if it is none.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (tenant, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let plausible = parts.next().is_none() && id.len() <= 64 && secret.len() == 43;
        plausible.then_some(Self {
            tenant: TenantId::parse(tenant).ok()?,
            id: id.to_owned(),
            secret: secret.to_owned(),
        })
    }

    fn text(&self) -> String {
        format!("{}.{}.{}", self.tenant, self.id, self.secret)
    }
}

/// A consent that a browser came for, and its tenant's things.
struct Found {
    tenant: TenantId,
    /// for people
    title: String,
    id: String,
    consent: Consent,
    store: TenantStore,
    vault: TenantVault,
}

/// The consent of a ticket, if it can still be given; else the page that says why not. What `is_theirs`
/// does not believe is answered like what is not there.
async fn find(
    state: &ApiState,
    ticket: &Ticket,
    is_theirs: impl FnOnce(&Consent) -> bool,
) -> Result<Found, Shown> {
    let store = state.store.tenant(&ticket.tenant);
    let owner = store.owner().await?.ok_or_else(Shown::unknown)?;
    let consent = store.consent(&ticket.id).await?.filter(is_theirs);
    let consent = consent.ok_or_else(Shown::unknown)?;
    if let Some(outcome) = Outcome::of(&consent)? {
        return Err(Shown::over(&outcome));
    }
    if consent.expired {
        return Err(Shown::expired());
    }
    Ok(Found {
        vault: state.vault.tenant(&ticket.tenant, &owner.wrapped_key)?,
        tenant: ticket.tenant.clone(),
        title: owner.title,
        id: ticket.id.clone(),
        consent,
        store,
    })
}

/// The consent of the address that an engineer handed on.
async fn find_by_address(state: &ApiState, ticket: &str) -> Result<Found, Shown> {
    let ticket = Ticket::parse(ticket).ok_or_else(Shown::unknown)?;
    let secret = hash(&ticket.secret);
    find(state, &ticket, |consent| consent.ticket == secret).await
}

impl Found {
    /// The connection with its secrets, for the [`crate::state::ConnectorPort`] alone.
    async fn document(&self) -> Result<ConnectionDocument, Shown> {
        let name = &self.consent.connection;
        let found = with_secrets_of(&self.store, &self.vault, name).await?;
        let document = found.ok_or_else(Shown::changed)?;
        settings(&document).ok_or_else(Shown::changed)?;
        Ok(document)
    }
}

/// The settings of a connection that a person consents to.
fn settings(document: &ConnectionDocument) -> Option<&Oauth2Code> {
    match &document.endpoint {
        Endpoint::Http { auth, .. } => match auth.as_ref() {
            HttpAuth::Oauth2Code(code) if code.authorize_url.is_some() => Some(code),
            _ => None,
        },
        _ => None,
    }
}

fn hash(secret: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    bytes
}

fn hash_text(secret: &str) -> String {
    HEXLOWER.encode(&hash(secret))
}

/// The browser's own secret, if it has one.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter();
    let pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let ours = |pair: &str| {
        pair.trim()
            .split_once('=')
            .is_some_and(|(name, _)| name == COOKIE)
    };
    let value = pairs.into_iter().find(|pair| ours(pair))?;
    let (_, value) = value.trim().split_once('=')?;
    (value.len() == 43).then_some(value)
}

/// Sent back with the top-level navigation that the other side ends with, hence `Lax`.
fn set_cookie(state: &ApiState, secret: &str) -> String {
    let seconds = FOR_MS / 1000;
    let secure = match state.public_url.starts_with("https:") {
        true => "; Secure",
        false => "",
    };
    format!("{COOKIE}={secret}; Path={PAGES}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn callback(state: &ApiState) -> String {
    format!("{}{CALLBACK}", state.public_url)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn tickets_are_read_as_written_and_nothing_else_is_one() {
        let secret = "s".repeat(43);
        let text = format!("acme.con_1.{secret}");
        assert_eq!(Ticket::parse(&text).unwrap().text(), text);
        for text in [
            "",
            "acme.con_1",
            "acme.con_1.short",
            &format!("ACME!.con_1.{secret}"),
            &format!("acme.con_1.{secret}.more"),
            &format!("acme.{}.{secret}", "x".repeat(65)),
        ] {
            assert!(Ticket::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn only_our_cookie_counts() {
        let secret = "s".repeat(43);
        let with = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(text).unwrap());
            cookie(&headers).map(str::to_owned)
        };
        assert_eq!(
            with(&format!("a=b; {COOKIE}={secret}; c")),
            Some(secret.clone())
        );
        assert_eq!(with(&format!("x{COOKIE}={secret}")), None);
        assert_eq!(with(&format!("{COOKIE}=short")), None);
    }
}
