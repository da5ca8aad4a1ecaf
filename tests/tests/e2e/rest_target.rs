//! `rest-target` against APIs of every manner, with answers that are refused, lost, cut or wrong: each
//! record has one effect, and where nobody can know it is called uncertain.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tributary_counterparts::{erp, records, web};
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

use crate::flow::{self, bearer, put};
use crate::theatre::control;

const ORDERS: usize = 120;

/// A manner of the other side, and how it is described.
fn manners() -> BTreeMap<&'static str, Value> {
    let error =
        json!({ "code": "/error/code", "message": "/error/message", "field": "/error/field" });
    let single = |path: &str, resend: Value| {
        json!({
            "request": { "path": path }, "resend": resend, "external_id": "/id", "error": error,
            "check": { "path": "ping" },
        })
    };
    let with = |mut config: Value, more: Value| {
        for (name, value) in more.as_object().into_iter().flatten() {
            config[name] = value.clone();
        }
        config
    };
    let keyed = json!({ "kind": "idempotency_key", "window_s": 86400 });
    let upsert = json!({ "kind": "upsert" });
    let ok = json!({ "at": "/ok", "equals": ["true"] });
    BTreeMap::from([
        ("keyed", single("keyed/records", keyed.clone())),
        (
            "other-header",
            single(
                "keyed/records",
                json!({ "kind": "idempotency_key", "header": "X-Request-Id" }),
            ),
        ),
        (
            "upsert",
            with(
                single("", upsert.clone()),
                json!({ "request": { "method": "put", "path": "upsert/records/{/code}" } }),
            ),
        ),
        (
            "unique",
            with(
                single("unique/records", upsert.clone()),
                json!({ "errors": [{ "status": [409], "at": "/error/code", "equals": "EXISTS", "kind": "delivered" }] }),
            ),
        ),
        (
            "flagged",
            with(
                single("", keyed.clone()),
                json!({
                    "request": { "path": "flagged/records", "body": { "request": "{key}", "record": "{record}" } },
                    "success": { "flag": ok },
                }),
            ),
        ),
        (
            "bulk",
            with(
                single("", keyed),
                json!({
                    "request": { "path": "bulk/records", "body": { "items": "{records}" } },
                    "batch": {
                        "max_rows": 7, "item": { "key": "{key}", "data": "{record}" },
                        "results": { "at": "/results", "key": "/key", "success": ok },
                    },
                }),
            ),
        ),
        (
            "placed",
            with(
                single("placed/records", upsert),
                json!({ "batch": { "max_rows": 7, "results": { "success": ok } } }),
            ),
        ),
        ("blind", single("blind/records", json!({ "kind": "none" }))),
        ("asked", single("blind/records", asked())),
    ])
}

/// A target that knows no keys and can be asked.
fn asked() -> Value {
    json!({ "kind": "lookup", "wait_s": 0, "lookup": {
        "path": "blind/records", "query": { "code": "{/code}" }, "found": "/items/0",
        "same": [{ "at": "/total", "record": "/total" }], "external_id": "/id",
    } })
}

fn mapping() -> Value {
    json!({
        "version": 1, "name": "orders", "title": "Orders as they are",
        "source": { "format": "json", "locale": "en-US", "time_zone": "UTC", "key": ["$.id"] },
        "fields": [
            { "id": "code", "to": "code", "type": "string(50)", "from": "$.id" },
            { "id": "total", "to": "total", "type": "decimal(14,2)", "from": "$.total",
              "do": [{ "fn": "to_decimal" }] },
        ],
    })
}

struct Scene {
    stage: Stage,
    _erp: web::Handle,
    targets: BTreeMap<&'static str, web::Handle>,
    rest: Rest,
}

/// An ERP with 120 orders, and a server of each manner.
async fn scene() -> anyhow::Result<Scene> {
    let folder = tempfile::tempdir()?;
    let orders: Vec<Value> = (0..ORDERS)
        .map(|number| {
            // the last one's id is no segment of a path
            let id = match number + 1 {
                ORDERS => "..".to_owned(),
                _ => format!("SO {number}/ü"),
            };
            json!({ "id": id, "updated_at": "2026-10-05T10:00:00Z", "total": "17.10" })
        })
        .collect();
    let file = folder.path().join("orders.json");
    std::fs::write(&file, Value::Array(orders).to_string())?;
    let erp = erp::start(erp::Config {
        port: 0,
        token: String::new(),
        orders: file,
    })
    .await?;
    let mut targets = BTreeMap::new();
    for name in manners().into_keys() {
        targets.insert(name, records::start().await?);
    }
    let mut egress: Vec<String> = targets.values().map(|t| t.address.to_string()).collect();
    egress.push(erp.address.to_string());
    let mut stage = Stage::new(&egress)?;
    let rest = flow::open(&mut stage, &["rest", "rest-target"]).await?;
    let source = json!({ "streams": { "orders": {
        "path": "api/orders", "records": "/orders", "primary_key": ["id"],
        "pages": { "next": "/next_cursor", "cursor_param": "cursor", "size": 50, "size_param": "limit" },
    } } });
    let source = bearer("rest", "erp", (&erp.url, &erp.token), &source);
    put(&rest, "connections", "erp", &source).await?;
    put(&rest, "mappings", "orders", &mapping()).await?;
    for (name, config) in manners() {
        let at = &targets[name];
        let target = bearer("rest-target", name, (&at.url, &at.token), &config);
        put(&rest, "connections", name, &target).await?;
        let integration = json!({
            "name": name, "source": { "connection": "erp", "stream": "orders" }, "mapping": "orders",
            "target": { "connection": name }, "mode": "full", "tolerance": { "max_bad_percent": 20 },
            "delivery": { "concurrency": 4, "max_attempts": 8, "max_backoff_ms": 3000, "timeout_ms": 10000,
                "breaker": { "failed_calls": 0 } },
        });
        put(&rest, "integrations", name, &integration).await?;
    }
    Ok(Scene {
        stage,
        _erp: erp,
        targets,
        rest,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_has_one_effect_whatever_becomes_of_the_answers() -> anyhow::Result<()> {
    let scene = scene().await?;
    for (name, target) in &scene.targets {
        let faults = json!({
            "throttle_next": 3, "retry_after_s": 1, "drop_after_commit_next": 3,
            "error_after_commit_next": 3, "cut_answer_next": 3,
            "refuse_codes": ["SO 5/ü", "SO 77/ü"],
        });
        control(target, "faults", Some(&faults)).await?;
        let run = flow::run(&scene.rest, name, "full").await?;
        let count = |what: &str| run["counters"][what].as_u64().unwrap_or(u64::MAX);
        let effects = control(target, "effects", None).await?;
        let story = format!("{name}: {run}\n{} effects", effects["effects"]);
        assert_eq!(count("read"), ORDERS as u64, "{story}");
        let by_code = effects["by_code"].as_object().cloned().unwrap_or_default();
        anyhow::ensure!(by_code.values().all(|n| *n == json!(1)), "doubled: {story}");
        assert_eq!(run["state"], "completed_with_errors", "{story}");
        let refused = 2 + usize::from(*name == "upsert");
        assert_eq!(count("rejected"), refused as u64, "{story}");
        assert_eq!(by_code.len(), ORDERS - refused, "{story}");
        if *name == "blind" {
            assert_eq!(count("uncertain"), 9, "{story}");
            assert_eq!(count("delivered"), ORDERS as u64 - 11, "{story}");
            continue;
        }
        assert_eq!(count("delivered"), (ORDERS - refused) as u64, "{story}");
        let played = effects["requests"].as_u64().unwrap_or(0);
        anyhow::ensure!(
            played >= 12 + 17,
            "the faults were not played: {story} {effects}"
        );
        let id = run["id"].as_str().unwrap_or_default();
        let path = format!("/tenants/{}/runs/{id}/results?format=ndjson", flow::TENANT);
        let results = scene.rest.lines(&path).await?;
        let one = results.iter().find(|row| row["key"] == "SO 9/ü").cloned();
        let one = one.unwrap_or_default();
        assert_eq!(one["external_id"], "R-SO 9/ü", "{name}: {one}");
        assert_eq!(
            effects["records"]["SO 9/ü"],
            json!({ "code": "SO 9/ü", "total": 17.10 })
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_stops_the_run_and_a_bad_description_is_named() -> anyhow::Result<()> {
    let scene = scene().await?;
    let good = flow::checked(&scene.rest, "keyed").await?;
    anyhow::ensure!(good.contains("status 200"), "{good}");
    let target = &scene.targets["keyed"];
    control(target, "faults", Some(&json!({ "unauthorized": true }))).await?;
    let run = flow::run(&scene.rest, "keyed", "full").await?;
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(run["problem"]["code"], "connection_auth_failed", "{run}");
    assert_eq!(run["counters"]["pending"], json!(ORDERS), "{run}");

    let config =
        json!({ "request": { "path": "x" }, "batch": { "max_rows": 5, "item": "{records}" } });
    let bad = bearer("rest-target", "bad", (&target.url, &target.token), &config);
    put(&scene.rest, "connections", "bad", &bad).await?;
    let said = flow::checked(&scene.rest, "bad").await?;
    anyhow::ensure!(said.contains("/config/batch/item"), "{said}");
    drop(scene.stage);
    Ok(())
}
