//! `odata` against a real SAP CAP server, in both versions: every order with its items once, then only
//! what changed; and what a person reads when something is wrong. `rest` reads the same server, which
//! it knows nothing of, by configuration alone.

use serde_json::{Value, json};
use tributary_counterparts::{records, web};
use tributary_tests::cap::{Cap, TIES, items_of};
use tributary_tests::fetched::or_skipped;
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

use crate::flow::{self, bearer, put};
use crate::theatre::control;

const ORDERS: usize = 1_000;

fn service(
    (name, connector): (&str, &str),
    (url, user, password): (&str, &str, &str),
    config: &Value,
) -> Value {
    json!({
        "name": name, "connector": connector, "config": config,
        "endpoint": { "kind": "http", "base_url": url, "auth": { "kind": "basic", "user": user } },
        "secrets": { "password": password },
    })
}

/// An order with the sum and the first product of its items.
fn mapping() -> Value {
    json!({
        "version": 1, "name": "orders", "title": "Orders with their items",
        "source": { "format": "json", "locale": "en-US", "time_zone": "UTC", "key": ["$.orderNo"] },
        "fields": [
            { "id": "code", "to": "code", "type": "string(20)", "from": "$.orderNo" },
            { "id": "status", "to": "status", "type": "string(12)", "from": "$.status" },
            { "id": "customer", "to": "customer", "type": "string(100)", "from": "$.customer.name" },
            { "id": "total", "to": "total", "type": "decimal(14,2)", "from": "$.total",
              "do": [{ "fn": "to_decimal" }] },
            { "id": "lines", "to": "lines", "as": "line", "each": "$.items", "fields": [
                { "id": "sku", "to": "sku", "type": "string(20)", "from": "$.product.sku" },
                { "id": "quantity", "to": "quantity", "type": "decimal(10,3)", "from": "$.quantity",
                  "do": [{ "fn": "to_decimal" }] },
            ] },
        ],
    })
}

fn stream(more: &Value) -> Value {
    let mut stream = json!({
        "entity_set": "Orders", "cursor": "modifiedAt", "select": ["orderNo", "status", "total"],
        "expand": ["items", "items/product", "customer"], "page_size": 70,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        stream[name] = value.clone();
    }
    stream
}

struct Scene {
    cap: Cap,
    target: web::Handle,
    rest: Rest,
    _stage: Stage,
}

async fn scene() -> anyhow::Result<Option<Scene>> {
    let Some(cap) = or_skipped(Cap::start(ORDERS))? else {
        return Ok(None);
    };
    let target = records::start().await?;
    let mut stage = Stage::new(&[cap.place.clone(), target.address.to_string()])?;
    let rest = flow::open(&mut stage, &["odata", "rest", "rest-target"]).await?;
    put(&rest, "mappings", "orders", &mapping()).await?;
    let config = json!({
        "request": { "method": "put", "path": "upsert/records/{/code}" },
        "resend": { "kind": "upsert" }, "external_id": "/id",
    });
    let to = bearer(
        "rest-target",
        "target",
        (&target.url, &target.token),
        &config,
    );
    put(&rest, "connections", "target", &to).await?;
    Ok(Some(Scene {
        cap,
        target,
        rest,
        _stage: stage,
    }))
}

async fn integration(rest: &Rest, name: &str) -> anyhow::Result<()> {
    let document = json!({
        "name": name, "source": { "connection": name, "stream": "orders" }, "mapping": "orders",
        "target": { "connection": "target" }, "mode": "incremental",
    });
    put(rest, "integrations", name, &document).await
}

fn count(run: &Value, what: &str) -> usize {
    let count = run["counters"][what].as_u64().unwrap_or(u64::MAX);
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// What each way of reading must come to.
async fn all_then_changes(scene: &Scene, name: &str, status: &str) -> anyhow::Result<()> {
    let before = control(&scene.target, "effects", None).await?;
    let first = flow::run(&scene.rest, name, "incremental").await?;
    assert_eq!(first["state"], "succeeded", "{name}: {first}");
    assert_eq!(
        (count(&first, "read"), count(&first, "delivered")),
        (ORDERS, ORDERS),
        "{name}"
    );
    let effects = control(&scene.target, "effects", None).await?;
    let records = effects["records"].as_object().cloned().unwrap_or_default();
    assert_eq!(records.len(), ORDERS, "{name}");
    for number in [0, 7, 499, 999] {
        let record = &records[&format!("SO{number:06}")];
        let lines = record["lines"].as_array().map_or(0, Vec::len);
        assert_eq!(lines, items_of(number), "{name}: {record}");
        assert_eq!(record["customer"], format!("Customer {}", number % 50 + 1));
        assert_eq!(record["lines"][0]["quantity"], json!(1.5), "{record}");
        assert_eq!(
            record["total"],
            json!(f64::from(items_of(number) as u32) * 10.0 + 0.1)
        );
    }

    // Nothing changed: the ties of the newest instant come again and are found unchanged.
    let again = flow::run(&scene.rest, name, "incremental").await?;
    assert_eq!(count(&again, "delivered"), 0, "{name}: {again}");
    assert!(
        (1..=TIES).contains(&count(&again, "read")),
        "{name}: {again}"
    );

    for number in [3, 77, 700] {
        scene
            .cap
            .change(number, &json!({ "status": status }))
            .await?;
    }
    let third = flow::run(&scene.rest, name, "incremental").await?;
    assert_eq!(count(&third, "delivered"), 3, "{name}: {third}");
    assert!(count(&third, "read") <= TIES + 3, "{name}: {third}");
    let after = control(&scene.target, "effects", None).await?;
    assert_eq!(after["records"]["SO000077"]["status"], status);
    let grown = after["effects"].as_u64().unwrap_or(0) - before["effects"].as_u64().unwrap_or(0);
    anyhow::ensure!(grown >= 3, "{grown}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_comes_once_and_then_only_what_changed() -> anyhow::Result<()> {
    let Some(scene) = scene().await? else {
        return Ok(());
    };
    let (v4, v2) = (scene.cap.v4.clone(), scene.cap.v2.clone());
    let ways = [
        (
            "by-keys",
            &v4,
            json!({ "streams": { "orders": stream(&json!({})) } }),
            "keys",
        ),
        (
            "by-links",
            &v4,
            json!({ "streams": { "orders": stream(&json!({ "paging": "links", "delta": true })) } }),
            "links",
        ),
        (
            "second-version",
            &v2,
            json!({ "version": "v2", "streams": { "orders": stream(&json!({})) } }),
            "v2",
        ),
    ];
    for (name, url, config, status) in ways {
        let connection = service((name, "odata"), (url, "alice", "alice-secret"), &config);
        put(&scene.rest, "connections", name, &connection).await?;
        integration(&scene.rest, name).await?;
        let told = flow::checked(&scene.rest, name).await?;
        anyhow::ensure!(told.contains("4 entity sets"), "{told}");
        all_then_changes(&scene, name, status).await?;
    }
    // What the service does not have is said where a person looks.
    let path = format!("/tenants/{}/runs?integration=by-links", flow::TENANT);
    let runs = scene.rest.get(&path).await?;
    let id = runs["items"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let lines = scene
        .rest
        .lines(&format!("/tenants/{}/runs/{id}/logs", flow::TENANT))
        .await?;
    let said = lines.iter().any(|line| {
        line["message"]
            .as_str()
            .unwrap_or_default()
            .contains("no delta link")
    });
    anyhow::ensure!(said, "{lines:?}");
    Ok(())
}

/// Orders with their items as a JSON API, page by page in one of two ways.
fn api(pages: &Value) -> Value {
    json!({ "streams": { "orders": {
        "path": "Orders", "records": "/value", "primary_key": ["ID"],
        "query": {
            "$expand": "items($expand=product),customer", "$orderby": "ID",
            "$filter": "modifiedAt ge {since}",
        },
        "pages": pages, "incremental": { "field": "/modifiedAt" },
    } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_service_is_read_by_configuration_alone() -> anyhow::Result<()> {
    let Some(scene) = scene().await? else {
        return Ok(());
    };
    let url = scene.cap.v4.clone();
    let links = json!({ "kind": "next_url", "next": "/@odata.nextLink" });
    let offsets = json!({ "kind": "offset", "param": "$skip", "size": 90, "size_param": "$top" });
    // the server's own pages, and those that are asked for
    for (name, pages, rows) in [
        ("next-links", links, "100 rows"),
        ("offsets", offsets, "90 rows"),
    ] {
        let connection = service(
            (name, "rest"),
            (&url, "alice", "alice-secret"),
            &api(&pages),
        );
        put(&scene.rest, "connections", name, &connection).await?;
        integration(&scene.rest, name).await?;
        let told = flow::checked(&scene.rest, name).await?;
        anyhow::ensure!(told.contains(rows), "{told}");
        all_then_changes(&scene, name, name).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_by_its_place() -> anyhow::Result<()> {
    let Some(scene) = scene().await? else {
        return Ok(());
    };
    let url = scene.cap.v4.clone();
    let good = json!({ "streams": { "orders": stream(&json!({})) } });
    let select = json!({ "streams": { "orders": stream(&json!({ "select": ["nope"] })) } });
    let filter = json!({ "streams": { "orders": stream(&json!({ "filter": "nope eq 1" })) } });
    let set = json!({ "streams": { "orders": stream(&json!({ "entity_set": "Odrers" })) } });
    for (name, user, password, config, code, word) in [
        (
            "wrong-password",
            "alice",
            "wrong",
            &good,
            "connection_auth_failed",
            "401",
        ),
        (
            "forbidden",
            "bob",
            "bob-secret",
            &good,
            "connection_auth_failed",
            "Reader",
        ),
        (
            "unknown-property",
            "alice",
            "alice-secret",
            &select,
            "config_invalid",
            "has no property \\\"nope\\\"",
        ),
        (
            "unknown-in-filter",
            "alice",
            "alice-secret",
            &filter,
            "config_invalid",
            "nope",
        ),
        (
            "unknown-set",
            "alice",
            "alice-secret",
            &set,
            "source_not_found",
            "it has Customers, OrderItems, Orders",
        ),
    ] {
        let connection = service((name, "odata"), (&url, user, password), config);
        put(&scene.rest, "connections", name, &connection).await?;
        integration(&scene.rest, name).await?;
        let told = flow::checked(&scene.rest, name).await?;
        anyhow::ensure!(told.contains(word), "{name}: {told}");
        let run = flow::run(&scene.rest, name, "full").await?;
        assert_eq!(run["state"], "failed", "{name}: {run}");
        assert_eq!(run["problem"]["code"], code, "{name}: {run}");
        anyhow::ensure!(!run.to_string().contains("alice-secret"), "{run}");
    }
    Ok(())
}
