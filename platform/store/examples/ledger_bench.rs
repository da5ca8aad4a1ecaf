//! How fast the ledger takes batches: `cargo run --release -p tributary-store --example
//! ledger_bench -- DATABASE_URL [BATCHES] [WORKERS]`. Prints one JSON object a line.
//!
//! Each batch has 500 records with keys that were never seen, then the same keys come again in
//! a second run. The rate counts whole commits: fence, index, life line, counters, attempt,
//! settle, durable on disk. With the word `random` as fourth argument the keys come in no order
//! (the expensive case: the index grows at random places).

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tributary_model::counters::Counters;
use tributary_model::document::{LoadMode, TenantDocument};
use tributary_model::id::{RunId, Slug, UuidSource};
use tributary_model::state::{RecordState, RunState};
use tributary_store::{
    BatchResult, Enqueued, Fenced, Lease, NewBatch, NewPartition, NewPlan, NewRun, PutOptions,
    RecordOutcome, SentAt, Store, TenantStore, record_key_hash,
};
use tributary_vault::WrappedKey;

const RECORDS: u32 = 500;
const LEASE_MS: u64 = 600_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let url = args
        .next()
        .context("give the address of an empty database")?;
    let batches: u32 = args.next().as_deref().unwrap_or("400").parse()?;
    let workers: usize = args.next().as_deref().unwrap_or("4").parse()?;
    let random = args.next().as_deref() == Some("random");
    let kind = url.split(':').next().unwrap_or_default().to_owned();
    let store = Store::open(&url).await?;
    let tenant = Slug::parse("acme")?;
    let document = TenantDocument {
        name: tenant.clone(),
        title: "Acme".to_owned(),
        plan: None,
    };
    let key = WrappedKey::from_text("unused".to_owned());
    store
        .system()
        .tenant_put(&document, &key, PutOptions::applied())
        .await?;
    let acme = store.tenant(&tenant);
    for name in ["first_time", "again"] {
        let took = run(&store, &acme, batches, workers, random).await?;
        let rate = f64::from(batches * RECORDS) / took.as_secs_f64();
        println!(
            "{{\"name\":\"ledger_{kind}_{name}\",\"value\":{rate:.0},\"unit\":\"outcomes/s\"}}"
        );
    }
    let seen = seen(&acme, batches, random).await?;
    let rate = f64::from(batches * RECORDS) / seen.as_secs_f64();
    println!("{{\"name\":\"ledger_{kind}_seen\",\"value\":{rate:.0},\"unit\":\"keys/s\"}}");
    store.close().await;
    Ok(())
}

fn new_run() -> anyhow::Result<NewRun> {
    Ok(NewRun {
        id: RunId::generate(&UuidSource),
        integration: Slug::parse("orders")?,
        integration_version: 1,
        mapping_revision: 1,
        connectors: BTreeMap::new(),
        lookups: BTreeMap::new(),
        mode: LoadMode::Full,
        idempotency_key: None,
        trigger: "bench".to_owned(),
        most_open: None,
    })
}

/// One whole run; the time of its batch commits.
async fn run(
    store: &Store,
    acme: &TenantStore,
    batches: u32,
    workers: usize,
    random: bool,
) -> anyhow::Result<Duration> {
    let new = new_run()?;
    let Enqueued::Created(_) = acme.run_create(&new).await? else {
        bail!("the database is not empty");
    };
    let plan = claim(store, 1).await?.remove(0);
    let partition = NewPartition {
        no: 1,
        descriptor: "{}".to_owned(),
        state: None,
    };
    let planned = NewPlan {
        partitions: vec![partition],
        ..NewPlan::default()
    };
    written(acme.commit_plan(&plan, &planned).await?)?;
    let extract = claim(store, 1).await?.remove(0);
    let cut: Vec<NewBatch> = (0..batches)
        .map(|no| NewBatch {
            no,
            input: "{}".to_owned(),
            rows: u64::from(RECORDS),
            records: u64::from(RECORDS),
        })
        .collect();
    written(acme.commit_grouped(&extract, &cut).await?)?;
    written(acme.commit_extract_done(&extract, None).await?)?;
    let leases = claim(store, batches).await?;
    let work: Vec<(Lease, BatchResult)> = leases
        .into_iter()
        .map(|lease| {
            let result = result(lease.batch.unwrap_or_default(), random);
            (lease, result)
        })
        .collect();

    let start = Instant::now();
    let mut shares: Vec<Vec<(Lease, BatchResult)>> = (0..workers).map(|_| Vec::new()).collect();
    for (number, item) in work.into_iter().enumerate() {
        if let Some(share) = shares.get_mut(number % workers) {
            share.push(item);
        }
    }
    let tasks: Vec<_> = shares
        .into_iter()
        .map(|share| {
            let acme = acme.clone();
            tokio::spawn(async move {
                for (lease, result) in share {
                    written(acme.commit_batch(&lease, &result).await?)?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let took = start.elapsed();
    let finish = claim(store, 1).await?.remove(0);
    written(
        acme.finish_run(&finish, RunState::Succeeded, "{}", &[])
            .await?,
    )?;
    Ok(took)
}

async fn seen(acme: &TenantStore, batches: u32, random: bool) -> anyhow::Result<Duration> {
    let integration = Slug::parse("orders")?;
    let start = Instant::now();
    for batch in 0..batches {
        let hashes: Vec<[u8; 32]> = (0..RECORDS)
            .map(|ordinal| record_key_hash(&key(batch, ordinal, random)))
            .collect();
        let seen = acme.records_seen(&integration, &hashes).await?;
        if seen.len() != hashes.len() {
            bail!("{} of {} records were seen", seen.len(), hashes.len());
        }
    }
    Ok(start.elapsed())
}

async fn claim(store: &Store, limit: u32) -> anyhow::Result<Vec<Lease>> {
    let leases = store.system().claim("bench", limit, LEASE_MS).await?;
    if leases.len() != limit as usize {
        bail!("{} of {limit} pieces of work are due", leases.len());
    }
    Ok(leases)
}

fn written<T>(outcome: Fenced<T>) -> anyhow::Result<T> {
    match outcome {
        Fenced::Done(value) => Ok(value),
        Fenced::Lost => bail!("a lease was lost"),
    }
}

fn key(batch: u32, ordinal: u32, random: bool) -> String {
    let number = batch * RECORDS + ordinal;
    if random {
        // an odd factor: each number once, in no order
        format!("{:08x}", number.wrapping_mul(0x9e37_79b1))
    } else {
        format!("order-{number:07}")
    }
}

fn result(batch: u32, random: bool) -> BatchResult {
    let mut counters = Counters::default();
    let outcomes = (0..RECORDS)
        .map(|ordinal| {
            counters.rows += 1;
            counters.add(RecordState::Delivered);
            let key = key(batch, ordinal, random);
            RecordOutcome {
                ordinal,
                key_hash: record_key_hash(&key),
                content_hash: record_key_hash(&format!("content of {key}")),
                key,
                state: RecordState::Delivered,
                resend: Some(0),
                sent: Some(SentAt {
                    first_ms: 1_760_000_000_000,
                    last_ms: 1_760_000_000_000,
                }),
                external_id: Some(format!("tx-{batch}-{ordinal}")),
            }
        })
        .collect();
    BatchResult {
        counters,
        outcomes,
        ..BatchResult::default()
    }
}
