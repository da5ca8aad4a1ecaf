//! `jsonrpc` against a real Tryton: every sale once with exact amounts, then only what changed or is new;
//! and what a person reads when something is wrong.

use serde_json::{Value, json};
use tributary_counterparts::{records, web};
use tributary_tests::fetched::or_skipped;
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;
use tributary_tests::tryton::{PASSWORD, SALES, Tryton};

use crate::flow::{self, bearer, put};
use crate::theatre::control;

fn erp(name: &str, url: &str, password: &str, config: &Value) -> Value {
    json!({
        "name": name, "connector": "jsonrpc", "config": config,
        "endpoint": { "kind": "http", "base_url": url, "auth": {
            // how one logs in to a Tryton, the connector says
            "kind": "login", "path": "erp/", "user": "integration",
        } },
        "secrets": { "password": password },
    })
}

fn sales(more: &Value) -> Value {
    let mut stream = json!({
        "model": "sale.sale", "page_size": 30,
        "fields": ["number", "reference", "sale_date", "party.name", "total_amount", "comment", "lines"],
        "domain": [["state", "in", ["confirmed", "processing", "done"]]],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        stream[name] = value.clone();
    }
    json!({ "path": "erp/", "streams": {
        "sales": stream,
        "parties": { "model": "party.party", "fields": ["name", "code"], "page_size": 7 },
    } })
}

fn mapping(name: &str, key: &str, fields: &Value) -> Value {
    json!({
        "version": 1, "name": name, "title": name, "fields": fields,
        "source": { "format": "json", "locale": "en-US", "time_zone": "UTC", "key": [key] },
    })
}

struct Scene {
    tryton: Tryton,
    target: web::Handle,
    rest: Rest,
    _stage: Stage,
}

async fn scene() -> anyhow::Result<Option<Scene>> {
    let Some(tryton) = or_skipped(Tryton::start())? else {
        return Ok(None);
    };
    let target = records::start().await?;
    let mut stage = Stage::new(&[tryton.place.clone(), target.address.to_string()])?;
    let rest = flow::open(&mut stage, &["jsonrpc", "rest-target"]).await?;
    let text = |id: &str, from: &str| json!({ "id": id, "to": id, "type": "string", "from": from, "null": "omit" });
    let of_sales = json!([
        text("code", "$.number"),
        text("day", "$.sale_date"),
        text("party", "$.party.name"),
        text("comment", "$.comment"),
        { "id": "total", "to": "total", "type": "decimal(18,2)", "from": "$.total_amount",
          "do": [{ "fn": "to_decimal" }] },
    ]);
    put(
        &rest,
        "mappings",
        "sales",
        &mapping("sales", "$.number", &of_sales),
    )
    .await?;
    let of_parties = json!([
        { "id": "code", "to": "code", "type": "string", "from": "$.id", "do": [{ "fn": "to_string" }] },
        text("name", "$.name"),
    ]);
    put(
        &rest,
        "mappings",
        "parties",
        &mapping("parties", "$.id", &of_parties),
    )
    .await?;
    let config = json!({
        "request": { "path": "keyed/records" },
        "resend": { "kind": "idempotency_key" }, "external_id": "/id",
    });
    let to = bearer(
        "rest-target",
        "target",
        (&target.url, &target.token),
        &config,
    );
    put(&rest, "connections", "target", &to).await?;
    Ok(Some(Scene {
        tryton,
        target,
        rest,
        _stage: stage,
    }))
}

async fn integration(rest: &Rest, name: &str, connection: &str) -> anyhow::Result<()> {
    let document = json!({
        "name": name, "source": { "connection": connection, "stream": name }, "mapping": name,
        "target": { "connection": "target" }, "mode": "incremental",
    });
    put(rest, "integrations", name, &document).await
}

fn count(run: &Value, what: &str) -> usize {
    let count = run["counters"][what].as_u64().unwrap_or(u64::MAX);
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sale_comes_once_and_then_only_what_changed() -> anyhow::Result<()> {
    let Some(scene) = scene().await? else {
        return Ok(());
    };
    let (rest, tryton) = (&scene.rest, &scene.tryton);
    let connection = erp("tryton", &tryton.url, PASSWORD, &sales(&json!({})));
    put(rest, "connections", "tryton", &connection).await?;
    let told = flow::checked(rest, "tryton").await?;
    anyhow::ensure!(
        told.contains("signed in") && told.contains("30 records"),
        "{told}"
    );
    integration(rest, "sales", "tryton").await?;
    let first = flow::run(rest, "sales", "incremental").await?;
    assert_eq!(first["state"], "succeeded", "{first}");
    assert_eq!(
        (count(&first, "read"), count(&first, "delivered")),
        (SALES, SALES),
        "{first}"
    );

    // The amounts are those that Tryton has, digit for digit.
    let all = json!([
        [],
        0,
        1000,
        null,
        ["number", "total_amount", "party.name"],
        {}
    ]);
    let truth = tryton.call("model.sale.sale.search_read", &all).await?;
    let effects = control(&scene.target, "effects", None).await?;
    for sale in truth.as_array().into_iter().flatten() {
        let number = sale["number"].as_str().unwrap_or_default();
        let record = &effects["records"][number];
        let decimal = sale["total_amount"]["decimal"].as_str().unwrap_or_default();
        let total: f64 = decimal.parse()?;
        assert_eq!(record["total"].as_f64(), Some(total), "{record} {sale}");
        assert_eq!(record["party"], sale["party."]["name"], "{record}");
    }

    let ties = flow::run(rest, "sales", "incremental").await?;
    assert_eq!(count(&ties, "delivered"), 0, "{ties}");
    assert!((1..=60).contains(&count(&ties, "read")), "{ties}");
    for id in [3, 57, 199] {
        let change = json!([[id], { "comment": "changed" }, {}]);
        tryton.call("model.sale.sale.write", &change).await?;
    }
    let changed = flow::run(rest, "sales", "incremental").await?;
    assert_eq!(count(&changed, "delivered"), 3, "{changed}");
    assert!(count(&changed, "read") <= 63, "{changed}");

    // Parties were never changed: their write_date is null. One is new, then one is changed.
    integration(rest, "parties", "tryton").await?;
    let first = flow::run(rest, "parties", "incremental").await?;
    let parties = count(&first, "delivered");
    assert!(parties >= 30 && count(&first, "read") == parties, "{first}");
    let new = json!([[{ "name": "Newcomer", "code": "NEW" }], {}]);
    tryton.call("model.party.party.create", &new).await?;
    let second = flow::run(rest, "parties", "incremental").await?;
    assert_eq!(count(&second, "delivered"), 1, "{second}");
    let other = json!([[["code", "=", "C00004"]], 0, 1, null, ["name"], {}]);
    let found = tryton.call("model.party.party.search_read", &other).await?;
    let rename = json!([[found[0]["id"]], { "name": "Renamed" }, {}]);
    tryton.call("model.party.party.write", &rename).await?;
    let third = flow::run(rest, "parties", "incremental").await?;
    assert_eq!(count(&third, "delivered"), 1, "{third}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told() -> anyhow::Result<()> {
    let Some(scene) = scene().await? else {
        return Ok(());
    };
    let field = sales(&json!({ "fields": ["number", "nope"] }));
    let model = sales(&json!({ "model": "sale.nope" }));
    let forbidden = sales(&json!({ "model": "ir.session", "fields": ["id"], "domain": [] }));
    for (name, password, config, word) in [
        ("unknown-field", PASSWORD, &field, "has no field"),
        (
            "unknown-model",
            PASSWORD,
            &model,
            "does not understand the call",
        ),
        ("forbidden", PASSWORD, &forbidden, "status 403"),
        (
            "wrong-password",
            "wrong",
            &sales(&json!({})),
            "refused the login",
        ),
    ] {
        let connection = erp(name, &scene.tryton.url, password, config);
        put(&scene.rest, "connections", name, &connection).await?;
        let told = flow::checked(&scene.rest, name).await?;
        anyhow::ensure!(told.contains(word), "{name}: {told}");
        anyhow::ensure!(!told.contains(PASSWORD), "{name}: {told}");
    }
    integration(&scene.rest, "sales", "wrong-password").await?;
    let run = flow::run(&scene.rest, "sales", "full").await?;
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(run["problem"]["code"], "connection_auth_failed", "{run}");
    Ok(())
}
