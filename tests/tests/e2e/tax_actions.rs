//! TAXMAN's other actions, said by the records themselves: a run creates, the next ones adjust, void and
//! calculate, with the server killed and answers lost in between. TAXMAN's sums are exact to the cent.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tributary_counterparts::{taxman, web};
use tributary_tests::rest::{Rest, ended};
use tributary_tests::stage::Stage;

use crate::flow::{self, TENANT, bearer, put};
use crate::theatre::control;

const ORDERS: u32 = 300;

struct Scene {
    stage: Stage,
    taxman: web::Handle,
    rest: Rest,
}

fn mapping() -> Value {
    let text = |name: &str, from: &str| json!({ "id": name, "to": name, "type": "string(50)", "from": from });
    let fixed =
        |name: &str, text: &str| json!({ "id": name, "to": name, "type": "string", "const": text });
    let optional = json!({ "id": "action", "to": "action", "type": "string(20)", "from": "$.action", "null": "omit" });
    json!({
        "version": 1, "name": "tax", "title": "Orders to TAXMAN",
        "source": { "format": "json", "locale": "en-US", "time_zone": "UTC", "key": ["$.id"] },
        "fields": [
            text("code", "$.code"), optional,
            fixed("type", "SalesInvoice"), fixed("company_code", "INI"), fixed("date", "2026-10-05"),
            fixed("customer_code", "C-1"), fixed("currency_code", "EUR"),
            { "id": "addresses", "to": "addresses", "object": [
                { "id": "ship_to", "to": "ship_to", "object": [
                    fixed("line1", "Weg 1"), fixed("city", "Köln"), fixed("country", "DE"),
                    { "id": "postal", "to": "postal_code", "type": "string", "const": "50667" },
                ] },
            ] },
            { "id": "lines", "to": "lines", "as": "line", "each": "$.lines", "fields": [
                { "id": "number", "to": "number", "type": "string(20)", "from": "$.no" },
                { "id": "amount", "to": "amount", "type": "decimal(14,2)", "from": "$.amount",
                  "do": [{ "fn": "to_decimal" }] },
                { "id": "tax_code", "to": "tax_code", "type": "string", "const": "VAT_STANDARD" },
            ] },
        ],
    })
}

/// TAXMAN, and integrations for calls of each kind; `push/…` says where their records come in.
async fn scene() -> anyhow::Result<Scene> {
    let taxman = taxman::start(taxman::Config::default()).await?;
    let mut stage = Stage::new(&[taxman.address.to_string()])?;
    stage.server.environment = vec![
        ("TRIBUTARY_WORKERS__LEASE_MS".to_owned(), "1000".to_owned()),
        ("TRIBUTARY_WORKERS__SLOTS".to_owned(), "2".to_owned()),
    ];
    let rest = flow::open(&mut stage, &["push", "taxman"]).await?;
    put(&rest, "mappings", "tax", &mapping()).await?;
    for calls in ["batch", "single"] {
        let feed = json!({ "name": format!("feed-{calls}"), "connector": "push",
            "endpoint": { "kind": "push" }, "config": { "stream": "orders" } });
        put(&rest, "connections", &format!("feed-{calls}"), &feed).await?;
        let config = json!({ "calls": calls, "action_field": "/action" });
        let target = bearer("taxman", calls, (&taxman.url, &taxman.token), &config);
        put(&rest, "connections", calls, &target).await?;
        let integration = json!({
            "name": calls, "source": { "connection": format!("feed-{calls}"), "stream": "orders" },
            "mapping": "tax", "target": { "connection": calls }, "mode": "incremental",
            "tolerance": { "max_bad_percent": 50 },
            "delivery": { "concurrency": 4, "max_attempts": 8, "max_backoff_ms": 1000,
                "timeout_ms": 10000, "breaker": { "failed_calls": 0 } },
        });
        put(&rest, "integrations", calls, &integration).await?;
    }
    Ok(Scene {
        stage,
        taxman,
        rest,
    })
}

/// An order's row; its amount in cents.
fn row(id: &str, code: &str, action: Option<&str>, cents: u64) -> String {
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    let mut row = json!({ "id": id, "code": code, "lines": [{ "no": "1", "amount": amount }] });
    if let Some(action) = action {
        row["action"] = json!(action);
    }
    format!("{row}\n")
}

/// What TAXMAN must have: amount and tax in cents by code.
#[derive(Default)]
struct Wanted(BTreeMap<String, u64>);

impl Wanted {
    /// Amount and tax, as TAXMAN writes them; 19 %, half up per transaction.
    fn sums(&self) -> (String, String) {
        let text = |cents: u64| format!("{}.{:02}", cents / 100, cents % 100);
        let tax = self.0.values().map(|cents| (cents * 19 + 50) / 100).sum();
        (text(self.0.values().sum()), text(tax))
    }
}

async fn push(scene: &Scene, (calls, key): (&str, &str), lines: String) -> anyhow::Result<()> {
    let path = format!("/tenants/{TENANT}/integrations/{calls}/records");
    let headers = [
        ("content-type", "application/x-ndjson"),
        ("idempotency-key", key),
    ];
    let (status, receipt) = scene
        .rest
        .bytes(Method::POST, &path, &headers, lines.into_bytes())
        .await?;
    anyhow::ensure!(status == 202, "{status} {receipt}");
    Ok(())
}

/// Runs the integration; the server dies `kills` times in the meantime.
async fn run(scene: &mut Scene, calls: &str, kills: u32) -> anyhow::Result<Value> {
    let id = scene.rest.start_run(TENANT, calls).await?;
    for number in 0..kills {
        tokio::time::sleep(Duration::from_millis(150 + 100 * u64::from(number))).await;
        let path = format!("/tenants/{TENANT}/runs/{id}");
        if ended(&scene.rest.get(&path).await?) {
            break;
        }
        scene.stage.server.kill();
        scene.stage.server.start()?;
        scene.rest = scene.stage.server.ready().await?;
    }
    scene.rest.finished(TENANT, &id, 180).await
}

async fn check(scene: &Scene, run: &Value, wanted: &Wanted) -> anyhow::Result<Value> {
    let effects = control(&scene.taxman, "effects", None).await?;
    let story = format!("{run}\n{effects}");
    anyhow::ensure!(
        run["report"]["reconciliation"]["balanced"] == true,
        "{story}"
    );
    assert_eq!(run["counters"]["uncertain"], 0, "{story}");
    let (amount, tax) = wanted.sums();
    assert_eq!(effects["total_amount"], json!(amount), "{story}");
    assert_eq!(effects["total_tax"], json!(tax), "{story}");
    assert_eq!(effects["duplicates"], 0, "{story}");
    Ok(effects)
}

/// Adjusts, voids, calculates: rows for the codes of `orders`, and what becomes of them.
fn changes(codes: &[String], wanted: &mut Wanted) -> String {
    let mut rows = String::new();
    for (number, code) in codes.iter().enumerate() {
        let cents = 5_000 + 7 * number as u64;
        match number % 10 {
            0..=2 => {
                rows += &row(code, code, Some("adjust"), cents);
                wanted.0.insert(code.clone(), cents);
            }
            3..=4 => {
                rows += &row(code, code, Some("void"), 1);
                wanted.0.remove(code);
            }
            // two records of one transaction: the order decides
            5 => {
                rows += &row(&format!("{code}/a"), code, Some("adjust"), cents);
                rows += &row(&format!("{code}/b"), code, Some("void"), 1);
                wanted.0.remove(code);
            }
            6 => {
                rows += &row(&format!("{code}/a"), code, Some("void"), 1);
                rows += &row(&format!("{code}/b"), code, Some("create"), cents);
                wanted.0.insert(code.clone(), cents);
            }
            7 => {
                rows += &row(
                    &format!("Q{code}"),
                    &format!("Q{code}"),
                    Some("calculate"),
                    cents,
                )
            }
            8 => rows += &row(&format!("V{code}"), &format!("V{code}"), Some("void"), 1),
            _ => rows += &row(&format!("D{code}"), code, Some("delete"), 1),
        }
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_creates_and_the_next_ones_adjust_void_and_calculate() -> anyhow::Result<()> {
    let mut scene = scene().await?;
    let mut wanted = Wanted::default();
    let mut voids = 0;
    for calls in ["batch", "single"] {
        let faults = json!({ "latency_ms": 15, "drop_after_commit_rate": 0.05,
            "error_after_commit_rate": 0.05, "throttle_rate": 0.05, "retry_after_s": 1 });
        control(&scene.taxman, "faults", Some(&faults)).await?;
        let codes: Vec<String> = (0..ORDERS).map(|n| format!("{calls}-{n}/ü")).collect();
        let mut rows = String::new();
        for (number, code) in codes.iter().enumerate() {
            let cents = 1_005 + 13 * number as u64;
            rows += &row(code, code, None, cents);
            wanted.0.insert(code.clone(), cents);
        }
        push(&scene, (calls, "created"), rows).await?;
        let created = run(&mut scene, calls, 2).await?;
        assert_eq!(created["state"], "succeeded", "{created}");
        assert_eq!(created["counters"]["delivered"], ORDERS, "{created}");
        check(&scene, &created, &wanted).await?;

        let rows = changes(&codes, &mut wanted);
        push(&scene, (calls, "changed"), rows).await?;
        let changed = run(&mut scene, calls, 3).await?;
        let story = changed.to_string();
        // of each ten: 3 adjusted, 2 voided, 2 + 2 of one transaction, 1 calculated; 2 refused
        let tens = ORDERS / 10;
        assert_eq!(changed["counters"]["delivered"], tens * 10, "{story}");
        assert_eq!(changed["counters"]["rejected"], tens * 2, "{story}");
        let effects = check(&scene, &changed, &wanted).await?;
        voids += tens * 4;
        assert_eq!(effects["voids"], voids, "{effects}");
        told(&scene, &changed, &codes).await?;
    }
    let (_, quote) = get(&scene, "v1/transactions/Qbatch-7%2F%C3%BC").await?;
    assert_eq!(
        quote["error"]["code"], "EntityNotFoundError",
        "nothing was recorded"
    );
    Ok(())
}

/// What the results and issues of a run of changes say.
async fn told(scene: &Scene, run: &Value, codes: &[String]) -> anyhow::Result<()> {
    let id = run["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/{TENANT}/runs/{id}");
    let results = scene
        .rest
        .lines(&format!("{path}/results?format=ndjson"))
        .await?;
    let result = |key: String| {
        let found = results.iter().find(|result| result["key"] == json!(key));
        found.cloned().unwrap_or_default()
    };
    let quote = result(format!("Q{}", codes[7]));
    assert_eq!(quote["state"], "delivered", "{quote}");
    assert_eq!(quote["detail"]["calculated_only"], true, "{quote}");
    assert_eq!(quote["detail"]["status"], "calculated", "{quote}");
    let last = result(format!("{}/b", codes[5]));
    assert_eq!(last["detail"]["status"], "voided", "{last}");
    assert_eq!(last["detail"]["version"], 3, "{last}");
    let issues = scene
        .rest
        .lines(&format!("{path}/issues?format=ndjson"))
        .await?;
    let of = |key: String| {
        let found = issues.iter().find(|issue| issue["key"] == json!(key));
        found.cloned().unwrap_or_default().to_string()
    };
    let delete = of(format!("D{}", codes[9]));
    anyhow::ensure!(
        delete.contains("action_unknown") && delete.contains("/action"),
        "{delete}"
    );
    let gone = of(format!("V{}", codes[8]));
    anyhow::ensure!(gone.contains("EntityNotFoundError"), "{gone}");
    Ok(())
}

/// What TAXMAN itself answers, faults aside.
async fn get(scene: &Scene, path: &str) -> anyhow::Result<(u16, Value)> {
    control(&scene.taxman, "faults", Some(&json!({}))).await?;
    let url = format!("{}/{path}", scene.taxman.url.trim_end_matches('/'));
    let http = reqwest::Client::builder().no_proxy().build()?;
    let request = http.get(url).bearer_auth(&scene.taxman.token);
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}
