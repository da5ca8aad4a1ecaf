//! Documents: what is stored, what is refused and where, secrets that never come out, versions.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};
use tributary_model::role::Role;

use crate::harness::{Api, Call, DOCUMENTS, document_of, manifest};

fn path(kind: &str, name: &str) -> String {
    format!("/api/v1/tenants/acme/{kind}/{name}")
}

#[tokio::test]
async fn documents_come_back_as_they_were_put_and_versions_stay() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    for (kind, name) in DOCUMENTS {
        let get = api.ok(Call::get(&path(kind, name)).bearer(&engineer)).await;
        assert_eq!(get.headers[header::ETAG], "\"1\"", "{kind}");
        assert_eq!(get.json()["name"], name, "{kind}");
        let again = Call::put(&path(kind, name), &document_of(kind, name)).bearer(&engineer);
        let again = api.ok(again).await;
        assert_eq!(
            again.json()["outcome"],
            "unchanged",
            "{kind}: {}",
            again.text()
        );
        let mut changed = document_of(kind, name);
        changed["title"] = json!("changed");
        let put = api
            .ok(Call::put(&path(kind, name), &changed).bearer(&engineer))
            .await;
        assert_eq!(
            put.json(),
            json!({"name": name, "outcome": "updated", "version": 2})
        );
        let list = api
            .ok(Call::get(&path(kind, "")[..path(kind, "").len() - 1]).bearer(&engineer))
            .await;
        let items = list.json()["items"].as_array().unwrap().clone();
        let item = items.iter().find(|item| item["name"] == name).unwrap();
        assert_eq!(
            (&item["title"], &item["version"]),
            (&json!("changed"), &json!(2))
        );
        if kind != "connections" {
            let old = api
                .ok(Call::get(&format!("{}?version=1", path(kind, name))).bearer(&engineer))
                .await;
            assert_ne!(old.json()["title"], "changed", "{kind}");
        }
    }
}

/// A mapping is kept as it was written, digit by digit; a number that would be read as another one is refused.
#[tokio::test]
async fn numbers_of_a_mapping_keep_their_digits() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let document = |constant: &str| {
        format!(
            r#"{{ "version": 1, "name": "digits", "source": {{ "format": "json", "key": ["$.id"] }},
            "fields": [{{ "id": "rate", "to": "rate", "type": "decimal", "const": {constant} }}],
            "tests": [{{ "name": "exact", "rows": [{{ "id": 1, "amount": 12345678901234567.89 }}], "expect": {{ "rate": 3.000 }} }}] }}"#
        )
    };
    let put = |text: &str| {
        Call::new(Method::PUT, &path("mappings", "digits"))
            .body("application/json", text.as_bytes().to_vec())
            .bearer(&engineer)
    };
    let get = || Call::get(&path("mappings", "digits")).bearer(&engineer);
    for constant in ["3.000", "\"12345678901234567.89\"", "-0.10"] {
        let text = document(constant);
        api.ok(put(&text)).await;
        assert_eq!(api.ok(get()).await.text(), text);
    }
    let kept = api.ok(get()).await.text();
    let refused = api.call(put(&document("12345678901234567.89"))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/fields/0/const");
    assert_eq!(api.ok(get()).await.text(), kept);
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let api = Api::start().await;
    let operator = api.operator();
    let mut seen = String::new();
    for route in tributary_api::registry::routes() {
        if route.method != utoipa::openapi::path::HttpMethod::Get || route.path.contains("{run}") {
            continue;
        }
        for name in ["shop", "taxman", "orders", "units"] {
            let path = route
                .path
                .replace("{tenant}", "acme")
                .replace("{name}", name)
                .replace("{key}", "1");
            let answer = api.call(Call::get(&path).bearer(&operator)).await;
            seen.push_str(&answer.text());
        }
    }
    assert!(seen.contains("sftp.example"), "nothing was read");
    assert!(!seen.contains("canary"), "a secret came out");
    // a put without secrets keeps them: the check still gets them
    let engineer = api.engineer("acme");
    let mut document = document_of("connections", "shop");
    document.as_object_mut().unwrap().remove("secrets");
    document["title"] = json!("without secrets");
    api.ok(Call::put(&path("connections", "shop"), &document).bearer(&engineer))
        .await;
    let check = Call::new(Method::POST, &path("connections", "shop/check")).bearer(&engineer);
    let check = api.ok(check).await.json();
    assert_eq!(
        check,
        json!({"ok": true, "steps": [
        {"name": "reach", "ok": true, "message": "acme has 1 secrets", "took_ms": 3}]})
    );
}

type Change = fn(&mut Value);
/// Kind, code, pointer, and what makes a good document wrong.
type Wrong = (&'static str, &'static str, &'static str, Change);

fn wrong_documents() -> Vec<Wrong> {
    vec![
        ("connections", "field_unknown", "/colour", |d| {
            d["colour"] = json!(1)
        }),
        ("connections", "document_invalid", "/name", |d| {
            d["name"] = json!("other")
        }),
        ("connections", "document_invalid", "/name", |d| {
            d["name"] = json!("No Name")
        }),
        ("connections", "reference_missing", "/connector", |d| {
            d["connector"] = json!("nothing")
        }),
        ("connections", "config_invalid", "/endpoint/kind", |d| {
            d["connector"] = json!("tax")
        }),
        ("connections", "config_invalid", "/config/folder", |d| {
            d["config"] = json!({"folder": 7})
        }),
        ("connections", "config_invalid", "/config", |d| {
            d["config"] = json!({"x": 7})
        }),
    ]
}

fn wrong_tables() -> Vec<Wrong> {
    vec![
        ("lookups", "document_invalid", "/key", |d| {
            d["key"] = json!([])
        }),
        ("lookups", "document_invalid", "/rows/0", |d| {
            d["rows"] = json!([{"unit": "x"}])
        }),
        ("lookups", "document_invalid", "/rows/1", |d| {
            d["rows"] = json!([{"code": "a"}, {"code": "a"}])
        }),
        ("lookups", "document_invalid", "/rows/0/code", |d| {
            d["rows"] = json!([{"code": 7}])
        }),
        ("integrations", "reference_missing", "/mapping", |d| {
            d["mapping"] = json!("nothing")
        }),
        (
            "integrations",
            "reference_missing",
            "/source/connection",
            |d| d["source"]["connection"] = json!("nothing"),
        ),
        (
            "integrations",
            "reference_missing",
            "/target/connection",
            |d| d["target"]["connection"] = json!("shop"),
        ),
        (
            "integrations",
            "document_invalid",
            "/delivery/concurrency",
            |d| d["delivery"] = json!({"concurrency": 0}),
        ),
        (
            "integrations",
            "document_invalid",
            "/tolerance/max_bad_percent",
            |d| d["tolerance"] = json!({"max_bad_percent": 101}),
        ),
    ]
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place_and_nothing_is_stored() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    for (kind, code, pointer, change) in wrong_documents().into_iter().chain(wrong_tables()) {
        let mut document = document_of(kind, "new");
        change(&mut document);
        let answer = api
            .call(Call::put(&path(kind, "new"), &document).bearer(&engineer))
            .await;
        let body = answer.json();
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{kind} {pointer}: {body}"
        );
        assert_eq!(
            (body["code"].as_str(), body["pointer"].as_str()),
            (Some(code), Some(pointer)),
            "{body}"
        );
        assert_eq!(body["type"], format!("/docs/errors/{code}"));
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(
            body["instance"],
            answer.headers["x-request-id"].to_str().unwrap()
        );
        let get = api
            .call(Call::get(&path(kind, "new")).bearer(&engineer))
            .await;
        assert_eq!(
            get.status,
            StatusCode::NOT_FOUND,
            "{kind} {pointer} was stored"
        );
    }
    let bad_mapping = json!({"version": 1, "name": "new", "source": {"format": "json"}, "fields": [], "colour": 1});
    let answer = api
        .call(Call::put(&path("mappings", "new"), &bad_mapping).bearer(&engineer))
        .await;
    assert_eq!(
        answer.json()["code"],
        "mapping_invalid",
        "{}",
        answer.text()
    );
    assert!(!answer.json()["errors"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_are_read_strictly_and_up_to_a_limit() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let at = path("lookups", "units");
    let put = |kind: &str, body: &[u8]| {
        Call::new(Method::PUT, &at)
            .body(kind, body.to_vec())
            .bearer(&engineer)
    };
    let good = document_of("lookups", "units").to_string();
    for (kind, body, status) in [
        (
            "text/plain",
            good.as_bytes(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ),
        (
            "application/json",
            b"{".as_slice(),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("application/json", b"", StatusCode::UNPROCESSABLE_ENTITY),
        (
            "application/json",
            b"\xff\xfe",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "application/json",
            b"[[[[[",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            "application/json; charset=utf-8",
            good.as_bytes(),
            StatusCode::OK,
        ),
    ] {
        let answer = api.call(put(kind, body)).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
    }
    let deep = "[".repeat(100_000);
    let answer = api.call(put("application/json", deep.as_bytes())).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let long = format!("{good}{}", " ".repeat(33 << 20));
    let answer = api.call(put("application/json", long.as_bytes())).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json()["code"], "request_invalid");
    let get = Call::get(&at)
        .body("application/json", b"x".to_vec())
        .bearer(&engineer);
    assert_eq!(
        api.call(get).await.status,
        StatusCode::OK,
        "a body nobody reads is no fault"
    );
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let at = path("lookups", "units");
    for (method, path, status) in [
        (Method::DELETE, at.as_str(), StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/api/v1/nothing", StatusCode::NOT_FOUND),
        (Method::GET, "/", StatusCode::NOT_FOUND),
        (
            Method::GET,
            "/api/v1/tenants/acme/lookups/No%20Name",
            StatusCode::NOT_FOUND,
        ),
        (
            Method::GET,
            "/api/v1/tenants/acme/lookups/%FF",
            StatusCode::NOT_FOUND,
        ),
        (
            Method::GET,
            "/api/v1/tenants/..%2Fglobex/lookups/units",
            StatusCode::NOT_FOUND,
        ),
        (
            Method::GET,
            "/api/v1/tenants/acme/runs/run_1",
            StatusCode::NOT_FOUND,
        ),
    ] {
        let answer = api.call(Call::new(method, path).bearer(&engineer)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        assert_eq!(
            answer.headers.contains_key(header::ALLOW),
            status == StatusCode::METHOD_NOT_ALLOWED
        );
    }
}

#[tokio::test]
async fn changes_meet_conditions_and_an_apply_keeps_what_a_person_changed() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let document = |title: &str| {
        let mut document = document_of("lookups", "more");
        document["title"] = json!(title);
        document
    };
    let at = path("lookups", "more");
    let put = |title: &str, name: &str, value: &str| {
        Call::put(&at, &document(title))
            .header(name, value)
            .bearer(&engineer)
    };
    assert_eq!(
        api.call(put("a", "if-match", "\"1\"")).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        api.call(put("a", "if-none-match", "*")).await.status,
        StatusCode::CREATED
    );
    assert_eq!(
        api.call(put("b", "if-none-match", "*")).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        api.call(put("b", "if-match", "\"1\"")).await.json()["version"],
        2
    );
    assert_eq!(
        api.call(put("c", "if-match", "\"1\"")).await.json()["code"],
        "conflict"
    );
    assert_eq!(
        api.call(put("c", "if-match", "1")).await.status,
        StatusCode::BAD_REQUEST
    );

    let apply =
        |title: &str| Call::put(&format!("{at}?origin=apply"), &document(title)).bearer(&engineer);
    assert_eq!(api.call(apply("file")).await.json()["outcome"], "updated");
    assert_eq!(
        api.call(put("person", "x", "y")).await.json()["outcome"],
        "updated"
    );
    assert_eq!(
        api.call(apply("file")).await.json()["outcome"],
        "kept_person_change"
    );
    assert_eq!(
        api.call(apply("new file")).await.json()["outcome"],
        "updated"
    );
    let wrong = Call::put(&format!("{at}?origin=me"), &document("x")).bearer(&engineer);
    assert_eq!(api.call(wrong).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn tenants_and_connectors_are_made_by_operators() {
    let api = Api::start().await;
    let operator = api.operator();
    let put = Call::put(
        "/api/v1/tenants/initech",
        &document_of("tenants", "initech"),
    );
    assert_eq!(
        api.call(put.bearer(&operator)).await.status,
        StatusCode::CREATED
    );
    let again = Call::put(
        "/api/v1/tenants/initech",
        &document_of("tenants", "initech"),
    );
    assert_eq!(
        api.ok(again.bearer(&operator)).await.json()["outcome"],
        "unchanged"
    );
    let engineer = api.token(Role::Engineer, "initech");
    let lookup = Call::put(
        "/api/v1/tenants/initech/lookups/units",
        &document_of("lookups", "units"),
    );
    assert_eq!(
        api.call(lookup.bearer(&engineer)).await.status,
        StatusCode::CREATED
    );

    let wasm = |name: &str| format!("wasm:{}", manifest(name, "source")).into_bytes();
    let put = |path: &str, body: Vec<u8>| {
        Call::new(Method::PUT, path)
            .body("application/wasm", body)
            .bearer(&operator)
    };
    let installed = api.call(put("/api/v1/connectors/ftp", wasm("ftp"))).await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );
    let list = api
        .ok(Call::get("/api/v1/connectors").bearer(&engineer))
        .await
        .json();
    let names: Vec<&str> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["files", "ftp", "push", "tax", "upload"]);
    for (path, body) in [
        ("/api/v1/connectors/other", wasm("ftp")),
        ("/api/v1/connectors/ftp", b"\0asm".to_vec()),
    ] {
        let answer = api.call(put(path, body)).await;
        assert_eq!(answer.json()["code"], "connector_invalid", "{path}");
    }
    assert_eq!(
        api.call(put("/api/v1/connectors/ftp", Vec::new()))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_panic_is_an_answer_that_says_nothing_and_the_next_request_is_served() {
    let api = Api::start().await;
    let operator = api.operator();
    let put = Call::new(Method::PUT, "/api/v1/connectors/ftp")
        .body("application/wasm", b"wasm:panic".to_vec())
        .bearer(&operator);
    let answer = api.call(put).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.json()["code"], "internal");
    assert!(!answer.text().contains("inside"), "{}", answer.text());
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    api.ok(Call::get("/api/v1/connectors").bearer(&operator))
        .await;
}
