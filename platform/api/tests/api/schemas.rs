//! Schemas of a tenant, and what the check of a mapping says because of them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Api, Call, document_of};

fn path(kind: &str, name: &str) -> String {
    format!("/api/v1/tenants/acme/{kind}/{name}")
}

#[tokio::test]
async fn a_mapping_is_checked_against_the_schemas_that_it_names() {
    let api = Api::start().await;
    let engineer = api.engineer("acme");
    let at = path("mappings", "orders");
    let put = |document: &Value| api.call(Call::put(&at, document).bearer(&engineer));
    let mut mapping = document_of("mappings", "orders");
    mapping["source"]["schema"] = json!("none");
    let answer = put(&mapping).await;
    assert_eq!(answer.json()["code"], "reference_missing");
    assert_eq!(answer.json()["pointer"], "/source/schema");

    mapping["source"]["schema"] = json!("rows");
    assert_eq!(put(&mapping).await.status, StatusCode::OK);

    // the source has no such member
    let schema = json!({
        "type": "object", "properties": {"no": {"type": "string"}}, "additionalProperties": false,
    });
    let at_schema = path("schemas", "rows");
    api.ok(Call::put(&at_schema, &schema).bearer(&engineer))
        .await;
    let answer = put(&mapping).await;
    assert_eq!(
        answer.json()["code"],
        "mapping_invalid",
        "{}",
        answer.text()
    );
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let list = Call::put(&at_schema, &json!([])).bearer(&engineer);
    assert_eq!(api.call(list).await.json()["code"], "document_invalid");
}

#[tokio::test]
async fn warnings_of_a_mapping_come_with_the_answer() {
    let api = Api::start().await;
    let mut mapping = document_of("mappings", "orders");
    // an error policy for a value that cannot fail: M2008
    let fixed = json!({
        "id": "f2", "to": "fixed", "type": "string", "const": "x", "on_error": "null",
    });
    mapping["fields"].as_array_mut().unwrap().push(fixed);
    let at = path("mappings", "orders");
    let answer = api
        .ok(Call::put(&at, &mapping).bearer(&api.engineer("acme")))
        .await;
    let warnings = answer.json()["warnings"].clone();
    assert_eq!(
        warnings[0]["pointer"],
        "/fields/1/on_error",
        "{}",
        answer.text()
    );
}
