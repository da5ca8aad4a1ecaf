//! The pages that a person sees on the way. Everything that was not written here is shown as text.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use pulldown_cmark::{CowStr, Event, HeadingLevel, Tag, TagEnd, html};
use tributary_model::http_auth::Oauth2Code;
use tributary_model::problem::Problem;
use tributary_store::StoreError;
use tributary_vault::VaultError;

use super::{Found, Outcome};
use crate::problem::ApiError;
use crate::request::frame::ForPeople;

const STYLE: &str = "body{margin:0;background:#f4f6f8;color:#1b2733;font:16px/1.5 system-ui,sans-serif}\
main{max-width:34rem;margin:12vh auto;padding:2rem 2.5rem;background:#fff;border:1px solid #d8dee4;border-radius:12px}\
h1{margin:0 0 1rem;font-size:1.4rem;line-height:1.3}\
p{margin:0 0 1rem;overflow-wrap:anywhere}\
button{padding:.7rem 1.2rem;border:0;border-radius:8px;background:#0b5cad;color:#fff;font:inherit;font-weight:600;cursor:pointer}\
button:focus-visible{outline:3px solid #7db5ee;outline-offset:2px}\
@media(prefers-color-scheme:dark){body{background:#11181f;color:#e6edf3}main{background:#18212b;border-color:#2c3947}button{background:#3b8be0}}";

/// The one style that the content security policy lets in.
static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| BASE64.encode(digest(&SHA256, STYLE.as_bytes()).as_ref()));

/// A page.
pub(crate) struct Shown {
    status: StatusCode,
    title: String,
    paragraphs: Vec<String>,
    button: Option<Button>,
    cookie: Option<String>,
}

struct Button {
    label: String,
    proof: String,
    /// where the form leads to in the end
    origin: String,
}

impl Shown {
    fn new(status: StatusCode, title: &str, paragraphs: &[&str]) -> Self {
        Self {
            status,
            title: title.to_owned(),
            paragraphs: paragraphs.iter().map(|text| (*text).to_owned()).collect(),
            button: None,
            cookie: None,
        }
    }

    /// Who wants what, and the button.
    pub(super) fn question(found: &Found, settings: &Oauth2Code, proof: String) -> Self {
        let address = settings.authorize_url.as_deref().unwrap_or_default();
        let (host, origin) = place(address);
        let (title, tenant) = (&found.title, &found.tenant);
        let connection = &found.consent.connection;
        let mut paragraphs = vec![format!(
            "{title} (tenant {tenant}) asks for access to {host}, for its connection {connection}. \
             You will be sent to {host} to sign in and to agree; Tributary never sees your password there."
        )];
        if !settings.scope.is_empty() {
            paragraphs.push(format!("It asks for: {}", settings.scope));
        }
        paragraphs.push(
            "Go on only if you began this yourself, or if somebody you know asked you to."
                .to_owned(),
        );
        Self {
            status: StatusCode::OK,
            title: format!("Give {title} access to {host}?"),
            paragraphs,
            button: Some(Button {
                label: format!("Continue to {host}"),
                proof,
                origin,
            }),
            cookie: None,
        }
    }

    /// How it ended.
    pub(super) fn over(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Given {
                renewable,
                access_until_ms,
            } => {
                let mut page = Self::new(
                    StatusCode::OK,
                    "Access was given",
                    &["The connection can be used. You can close this page."],
                );
                if !renewable && access_until_ms.is_some() {
                    page.paragraphs.push(
                        "The other side gave no refresh token, so the access ends soon and consent must be given again \
                         then. Many ask for a parameter or a scope for that (Google: access_type=offline and prompt=consent; \
                         Microsoft: the scope offline_access)."
                            .to_owned(),
                    );
                }
                page
            }
            Outcome::Refused { detail, hint, .. } => {
                let detail = format!("What happened: {detail}.");
                let hint = format!("What to do: {hint}.");
                let again =
                    "For another try, have a new address made: tributary connection consent.";
                let texts = [detail.as_str(), hint.as_str(), again];
                Self::new(StatusCode::OK, "No access was given", &texts)
            }
        }
    }

    /// The other side was not even asked.
    pub(super) fn problem(problem: &Problem) -> Self {
        let mut page = Self::over(&Outcome::refused(problem));
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
        page
    }

    pub(super) fn unknown() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "This address leads nowhere",
            &[
                "It is not complete, or it is too old. Have a new one made: tributary connection consent.",
            ],
        )
    }

    pub(super) fn expired() -> Self {
        Self::new(
            StatusCode::GONE,
            "This address is no longer good",
            &[
                "It is good for a quarter of an hour. Have a new one made: tributary connection consent.",
            ],
        )
    }

    pub(super) fn used() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "This page was answered already",
            &[
                "The answer is being worked on, or was lost. If the connection does not work soon, open the \
               address that you were given once more.",
            ],
        )
    }

    pub(super) fn changed() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "The connection has changed",
            &["It no longer asks for anybody's consent."],
        )
    }

    pub(super) fn other_browser() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This did not begin in this browser",
            &[
                "Open the address that you were given in this browser, and go on from there. If you were given none, \
               somebody may have tried to connect an account of yours to something of theirs: then close this page. \
               If you did begin here, allow cookies for this site.",
            ],
        )
    }

    pub(super) fn with_cookie(mut self, cookie: String) -> Self {
        self.cookie = Some(cookie);
        self
    }

    fn html(&self) -> String {
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>Tributary</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        );
        html::push_html(&mut out, self.events().into_iter());
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }

    /// The writer of Markdown escapes texts.
    fn events(&self) -> Vec<Event<'_>> {
        let text = |text: &'_ str| Event::Text(CowStr::from(text.to_owned()));
        let heading = Tag::Heading {
            level: HeadingLevel::H1,
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        };
        let mut events = vec![
            Event::Start(heading),
            text(&self.title),
            Event::End(TagEnd::Heading(HeadingLevel::H1)),
        ];
        for paragraph in &self.paragraphs {
            events.extend([
                Event::Start(Tag::Paragraph),
                text(paragraph),
                Event::End(TagEnd::Paragraph),
            ]);
        }
        if let Some(button) = &self.button {
            // the proof is hexadecimal
            let form = format!(
                "<form method=\"post\"><input type=\"hidden\" name=\"proof\" value=\"{}\"><button>",
                button.proof
            );
            events.extend([
                Event::Html(CowStr::from(form)),
                text(&button.label),
                Event::Html(CowStr::from("</button></form>\n")),
            ]);
        }
        events
    }
}

/// Host and origin of an address, for people and for the policy of a page.
fn place(address: &str) -> (String, String) {
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    (host.to_owned(), format!("{scheme}://{host}"))
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let to = self.button.as_ref().map(|button| button.origin.as_str());
        // browsers judge where a form's answer redirects to as well
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; frame-ancestors 'none'; form-action {}",
            *STYLE_HASH,
            to.map_or_else(|| "'none'".to_owned(), |origin| format!("'self' {origin}"))
        );
        let mut response = (self.status, self.html()).into_response();
        let headers = response.headers_mut();
        let mut put = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        put(header::CONTENT_TYPE, "text/html; charset=utf-8");
        put(header::CACHE_CONTROL, "no-store");
        put(header::CONTENT_SECURITY_POLICY, &policy);
        if let Some(cookie) = &self.cookie {
            put(header::SET_COOKIE, cookie);
        }
        response.extensions_mut().insert(ForPeople);
        response
    }
}

impl From<ApiError> for Shown {
    fn from(error: ApiError) -> Self {
        let cause = error.cause.as_deref().unwrap_or("-");
        tracing::error!(error.code = %error.problem.code, error.cause = cause, "page failed");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The platform could not answer",
            &["Try again in a minute. If it stays so, tell whoever runs the platform."],
        )
    }
}

impl From<StoreError> for Shown {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<VaultError> for Shown {
    fn from(error: VaultError) -> Self {
        ApiError::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_text() {
        let refused = Outcome::Refused {
            code: "x".to_owned(),
            detail: "<script>alert(1)</script>".to_owned(),
            hint: "\"><img src=x>".to_owned(),
        };
        let html = Shown::over(&refused).html();
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{html}"
        );
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn the_place_is_the_addresss_own() {
        let (host, origin) = place("https://login.example.com:8443/authorize?x=y");
        assert_eq!(
            (host.as_str(), origin.as_str()),
            ("login.example.com:8443", "https://login.example.com:8443")
        );
    }
}
