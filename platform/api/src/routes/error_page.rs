//! The page that explains an error code, for people: the `type` of every problem leads here.
//!
//! The texts are in [`crate::error_text`].

use axum::http::header;
use axum::response::IntoResponse;
use pulldown_cmark::{CowStr, Event, Parser, Tag, html};
use serde::Deserialize;
use tributary_model::error_code::ErrorCode;

use crate::error_text;
use crate::problem::ApiError;
use crate::request::parts::Names;

/// The path.
#[derive(Deserialize)]
pub(crate) struct PagePath {
    code: String,
}

/// What an error code means, who must act and what to do.
#[utoipa::path(
    get,
    path = "/docs/errors/{code}",
    params(("code" = String, Path, description = "the code of a problem")),
    responses((status = 200, description = "the page", body = String, content_type = "text/html"))
)]
pub(crate) async fn get_error_page(
    Names(path): Names<PagePath>,
) -> Result<impl IntoResponse, ApiError> {
    let code = ErrorCode::parse(&path.code).ok_or_else(ApiError::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    Ok((headers, page(code.as_str(), error_text::page(code))))
}

/// A page without style and script: the answer's content security policy allows neither.
fn page(title: &str, text: &str) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title} - Tributary</title>\n</head>\n<body>\n<main>\n"
    );
    html::push_html(&mut out, Parser::new(text).map(served));
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Links between pages name files in the repository; served, they have no suffix. HTML in a page
/// is shown as text.
fn served(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) => Event::Start(Tag::Link {
            link_type,
            dest_url: match dest_url.strip_suffix(".md") {
                Some(stem) => CowStr::from(stem.to_owned()),
                None => dest_url,
            },
            title,
            id,
        }),
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_that_names_it_and_says_what_to_do() {
        for code in ErrorCode::ALL {
            let html = page(code.as_str(), error_text::page(*code));
            assert!(html.contains(&format!("<h1>{code}</h1>")), "{html}");
            for part in ["<h2>What it means</h2>", "<h2>What to do</h2>", "<li>"] {
                assert!(html.contains(part), "{code}: no {part}");
            }
            for link in html.split("href=\"").skip(1) {
                let to = link.split('"').next().unwrap_or_default();
                assert!(ErrorCode::parse(to).is_some(), "{code}: {to} is not served");
            }
        }
    }

    #[test]
    fn markup_in_a_page_is_text() {
        let text = "# x\n\na <script>alert(1)</script> b\n\n<img src=x>\n\n[y](not_found.md)\n";
        let html = page("x", text);
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{html}"
        );
        assert!(html.contains("<a href=\"not_found\">y</a>"), "{html}");
    }
}
