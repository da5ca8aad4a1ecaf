//! The pages for people: what a problem's `type` names is there, for everyone.

use axum::http::{StatusCode, header};
use tributary_model::error_code::ErrorCode;

use crate::harness::{Api, Call};

#[tokio::test]
async fn the_type_of_a_problem_is_a_page_that_needs_no_token() {
    let api = Api::start().await;
    let refused = api.call(Call::get("/api/v1/tenants/acme")).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let problem = refused.json();
    let page = api.ok(Call::get(problem["type"].as_str().unwrap())).await;
    assert_eq!(
        page.headers[header::CONTENT_TYPE],
        "text/html; charset=utf-8"
    );
    assert_eq!(
        page.headers[header::CONTENT_SECURITY_POLICY],
        "default-src 'none'; frame-ancestors 'none'"
    );
    let heading = format!("<h1>{}</h1>", problem["code"].as_str().unwrap());
    assert!(page.text().contains(&heading), "{}", page.text());
}

#[tokio::test]
async fn every_code_has_its_page_and_nothing_else_has_one() {
    let api = Api::start().await;
    for code in ErrorCode::ALL {
        let page = api.ok(Call::get(&format!("/docs/errors/{code}"))).await;
        assert!(page.text().starts_with("<!doctype html>"), "{code}");
    }
    for path in ["no_such_code", "internal.md", "..%2fformats", "INTERNAL"] {
        let answer = api.call(Call::get(&format!("/docs/errors/{path}"))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.json()["code"], "not_found", "{path}");
    }
}
