//! kill -9 at random moments over both tenants' runs: whatever happens, TAXMAN's effects are exact
//! and the reports balance.

use std::time::{Duration, Instant};

use serde_json::json;
use tributary_tests::expected::Expected;
use tributary_tests::rest::{Rest, ended};

use crate::theatre::Theatre;

/// Kills in one test run; more with `TRIBUTARY_TEST_KILLS`.
const KILLS: u32 = 100;

/// The moments of the kills. A fixed start makes a failure repeatable as far as the machine is.
struct Moments(u64);

impl Moments {
    /// Between 0 and `limit` ms (xorshift64*, Vigna 2016).
    fn next_ms(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_nothing_and_double_nothing() -> anyhow::Result<()> {
    let kills = std::env::var("TRIBUTARY_TEST_KILLS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(KILLS);
    let mut moments = Moments(0x5EED_2026_1121);
    let mut done = 0;
    let mut rounds = 0;
    while done < kills {
        done += round(&mut moments, kills - done).await?;
        rounds += 1;
    }
    eprintln!("{done} kills in {rounds} rounds: effects exact, reports balanced");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_batches_end_and_the_next_start_goes_on() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    theatre.stage.server.environment =
        vec![("TRIBUTARY_WORKERS__SLOTS".to_owned(), "1".to_owned())];
    theatre
        .taxman_faults(&json!({ "latency_ms": 1_000 }))
        .await?;
    let rest = theatre.open().await?;
    // one call after the other, so that after the first one others of its batch are to come
    let integration = "/tenants/globex/integrations/order-tax";
    let mut document = rest.get(integration).await?;
    document["delivery"]["concurrency"] = json!(1);
    rest.put(integration, &document).await?;
    let id = rest.start_run("globex", "order-tax").await?;
    let count = async || -> anyhow::Result<u64> {
        let effects = theatre.effects().await?;
        Ok(effects["effects"].as_u64().unwrap_or(0))
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while count().await? == 0 {
        anyhow::ensure!(Instant::now() < deadline, "nothing is delivered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = count().await?;
    theatre.stage.server.stop(Duration::from_secs(40)).await?;
    let after = theatre.effects().await?;
    anyhow::ensure!(
        after["effects"].as_u64() > Some(before),
        "the batch was cut: {before}, then {after}"
    );
    theatre.taxman_faults(&json!({})).await?;
    theatre.stage.server.start()?;
    let rest = theatre.stage.server.ready().await?;
    let run = rest.finished("globex", &id, 120).await?;
    let expected = Expected::read(&theatre.stage.programs.tenants.join("globex"))?;
    expected.compare_counters(&run)?;
    let effects = theatre.effects().await?;
    assert_eq!(
        effects["effects"],
        expected.summary["counters"]["delivered"]
    );
    assert_eq!(effects["replays"], 0, "nothing was sent twice: {effects}");
    Ok(())
}

/// Both runs from the beginning, killed again and again until they are through. Gives the number
/// of kills that hit a run in progress.
async fn round(moments: &mut Moments, most: u32) -> anyhow::Result<u32> {
    let mut theatre = Theatre::new().await?;
    theatre.stage.server.environment = vec![
        ("TRIBUTARY_WORKERS__LEASE_MS".to_owned(), "1000".to_owned()),
        ("TRIBUTARY_WORKERS__SLOTS".to_owned(), "2".to_owned()),
    ];
    // Every call takes a while, so that kills fall into all phases.
    theatre.taxman_faults(&json!({ "latency_ms": 20 })).await?;
    let mut rest = theatre.open().await?;
    let ids = [
        rest.start_run("acme", "order-tax").await?,
        rest.start_run("globex", "order-tax").await?,
    ];
    let started = Instant::now();
    let mut kills = 0;
    while !both_ended(&rest, &ids).await? {
        anyhow::ensure!(
            started.elapsed() < Duration::from_secs(240),
            "the runs do not end after {kills} kills"
        );
        if kills < most.min(10) && !any_failed(&rest, &ids).await? {
            tokio::time::sleep(Duration::from_millis(moments.next_ms(700))).await;
            theatre.stage.server.kill();
            kills += 1;
            theatre.stage.server.start()?;
            rest = theatre.stage.server.ready().await?;
        } else {
            redrive_failed(&rest, &ids).await?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    check(&theatre, &rest, &ids).await?;
    Ok(kills)
}

async fn any_failed(rest: &Rest, ids: &[String; 2]) -> anyhow::Result<bool> {
    for (tenant, id) in ["acme", "globex"].into_iter().zip(ids) {
        let run = rest.get(&format!("/tenants/{tenant}/runs/{id}")).await?;
        if run["state"] == "failed" {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Work that five kills in a row hit is set aside on purpose, as a poison pill would be; a person
/// redrives such a run. Done here once the killing is over.
async fn redrive_failed(rest: &Rest, ids: &[String; 2]) -> anyhow::Result<()> {
    for (tenant, id) in ["acme", "globex"].into_iter().zip(ids) {
        let path = format!("/tenants/{tenant}/runs/{id}");
        if rest.get(&path).await?["state"] == "failed" {
            eprintln!("{tenant}: redriven after five kills of the same work");
            rest.post(&format!("{path}/redrive"), &json!({})).await?;
        }
    }
    Ok(())
}

/// Whether there is nothing left to wait for. A failed run is over only for good.
async fn both_ended(rest: &Rest, ids: &[String; 2]) -> anyhow::Result<bool> {
    let acme = rest.get(&format!("/tenants/acme/runs/{}", ids[0])).await?;
    let globex = rest
        .get(&format!("/tenants/globex/runs/{}", ids[1]))
        .await?;
    let over = |run: &serde_json::Value| ended(run) && run["state"] != "failed";
    Ok(over(&acme) && over(&globex))
}

async fn check(theatre: &Theatre, rest: &Rest, ids: &[String; 2]) -> anyhow::Result<()> {
    let mut delivered = 0;
    for (tenant, id) in ["acme", "globex"].into_iter().zip(ids) {
        let expected = Expected::read(&theatre.stage.programs.tenants.join(tenant))?;
        let run = rest.get(&format!("/tenants/{tenant}/runs/{id}")).await?;
        anyhow::ensure!(run["state"] == "completed_with_errors", "{tenant}: {run}");
        anyhow::ensure!(run["report"]["reconciliation"]["balanced"] == true, "{run}");
        expected.compare_counters(&run)?;
        let path = format!("/tenants/{tenant}/runs/{id}/results?format=ndjson");
        expected.compare_records(&rest.lines(&path).await?)?;
        delivered += expected.summary["counters"]["delivered"]
            .as_u64()
            .unwrap_or(0);
    }
    let effects = theatre.effects().await?;
    anyhow::ensure!(
        effects["effects"] == delivered,
        "{effects}, expected {delivered}"
    );
    anyhow::ensure!(effects["duplicates"] == 0, "{effects}");
    Ok(())
}
