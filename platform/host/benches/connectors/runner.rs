//! A connector in a process of its own beside the same connector in this one: the first call of a tenant,
//! which starts the process; a further one; what a round trip between the two processes costs; and CSV
//! from memory piped to pages, whose rows stay in this process either way.

use std::time::Instant;

use serde_json::{Value, json};
use tributary_host::{CallContext, Connector, Host, HostConfig, Isolation, Runner};
use tributary_model::id::TenantId;

use super::piped::{CSV_HEAD, CSV_LINE, Memory, across};
use super::{Figure, Pages, call, read_all, seconds};

/// The argument by which this program is a runner.
pub(crate) const ARGUMENT: &str = "--as-a-runner";

const STARTS: u32 = 20;
const CALLS: u32 = 1_000;
const TRIES: u32 = 5;
const FILE_BYTES: usize = 128 << 20;

pub(crate) async fn measure(component: &[u8]) -> anyhow::Result<Vec<Figure>> {
    let host = Host::new(HostConfig {
        runner: Some(Runner {
            program: std::env::current_exe()?,
            args: vec![ARGUMENT.to_owned()],
        }),
        ..HostConfig::default()
    })?;
    let here = host.load_in(component, Isolation::Process).await?;
    let apart = host.load_in(component, Isolation::Runner).await?;
    let mut figures = calls(&here, &apart).await?;
    figures.push(piped(&here, &apart).await?);
    Ok(figures)
}

async fn calls(here: &Connector, apart: &Connector) -> anyhow::Result<Vec<Figure>> {
    let config = json!({"folder": "/"});
    let mut first = f64::INFINITY;
    for number in 0..STARTS {
        let call = CallContext {
            tenant: TenantId::parse(&format!("bench-{number}"))?,
            ..call(across(Memory::new(Vec::new()))?)?
        };
        let started = Instant::now();
        apart.check(&call, &config).await?;
        first = first.min(started.elapsed().as_secs_f64() * 1e3);
    }
    let call = call(across(Memory::new(Vec::new()))?)?;
    let (mut quick, mut slow) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TRIES {
        quick = quick.min(each(here, &call, &config).await?);
        slow = slow.min(each(apart, &call, &config).await?);
    }
    let _until_now = call.connection.take_usage();
    apart.check(&call, &config).await?;
    let host_calls: u64 = call.connection.take_usage().host_calls.values().sum();
    // the call itself is one round trip more
    let trip = (slow - quick) / (host_calls + 1) as f64;
    let figure = |name, value, unit, baseline| Figure {
        name,
        value,
        unit,
        baseline,
    };
    Ok(vec![
        figure("runner_first_call_ms", first, "ms", None),
        figure(
            "runner_check_call_us",
            slow,
            "us",
            Some(("in this process", quick)),
        ),
        figure("runner_round_trip_us", trip, "us", None),
    ])
}

/// Microseconds of one `check`.
async fn each(connector: &Connector, call: &CallContext, config: &Value) -> anyhow::Result<f64> {
    let started = Instant::now();
    for _ in 0..CALLS {
        connector.check(call, config).await?;
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS))
}

async fn piped(here: &Connector, apart: &Connector) -> anyhow::Result<Figure> {
    let csv = CSV_HEAD.to_owned() + &CSV_LINE.repeat(FILE_BYTES / CSV_LINE.len());
    let megabytes = csv.len() as f64 / 1e6;
    let call = call(across(Memory::new(csv.into_bytes()))?)?;
    let config = json!({"folder": "/", "csv": {"delimiter": ";"}});
    let (mut quick, mut slow) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TRIES {
        for (connector, best) in [(here, &mut quick), (apart, &mut slow)] {
            let mut sink = Pages::default();
            let took = seconds(read_all(connector, &call, &config, &mut sink)).await?;
            *best = best.min(took);
        }
    }
    Ok(Figure {
        name: "runner_piped_csv_to_pages",
        value: megabytes / slow,
        unit: "MB/s",
        baseline: Some(("in this process", megabytes / quick)),
    })
}
