//! The start of an instance: a store of its own with all limits set, the instance, and its end. Beside
//! it a whole call: the SFTP connector's `check` against a side that answers at once.

use std::time::Instant;

use tributary_host::{Host, HostConfig};

use super::piped::{Memory, across};
use super::{Figure, call};

const CALLS: u32 = 2_000;
const TRIES: u32 = 10;
/// What the contract of the platform allows, in microseconds.
const WANTED: f64 = 50.0;

pub(crate) async fn measure(component: &[u8]) -> anyhow::Result<Vec<Figure>> {
    let host = Host::new(HostConfig::default())?;
    let connector = host.load(component).await?;
    let call = call(across(Memory::new(Vec::new()))?)?;
    let config = serde_json::json!({"folder": "/"});
    let (mut start, mut check) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TRIES {
        let started = Instant::now();
        for _ in 0..CALLS {
            connector.start(&call).await?;
        }
        start = start.min(each(started));
        let started = Instant::now();
        for _ in 0..CALLS {
            connector.check(&call, &config).await?;
        }
        check = check.min(each(started));
    }
    let figure = |name, value, baseline| Figure {
        name,
        value,
        unit: "us",
        baseline,
    };
    Ok(vec![
        figure("instance_start_us", start, Some(("wanted at most", WANTED))),
        figure("check_call_us", check, None),
    ])
}

/// Microseconds of one call.
fn each(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}
