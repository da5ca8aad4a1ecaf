//! The start of an instance: a whole call of the SFTP connector's `check`, in a store of its own, against
//! a side that answers at once. What is measured is more than the start: the guest reads its configuration
//! and asks the host, so the start alone is below the figure.

use std::time::Instant;

use tributary_host::{Host, HostConfig};

use super::piped::{Memory, across};
use super::{Figure, call};

const CALLS: u32 = 2_000;
const TRIES: u32 = 5;

pub(crate) async fn measure(component: &[u8]) -> anyhow::Result<Vec<Figure>> {
    let host = Host::new(HostConfig::default())?;
    let started = Instant::now();
    let connector = host.load(component).await?;
    let compiled = started.elapsed().as_secs_f64() * 1e3;
    let call = call(across(Memory::new(Vec::new()))?)?;
    let config = serde_json::json!({"folder": "/"});
    let mut best = f64::INFINITY;
    for _ in 0..TRIES {
        let started = Instant::now();
        for _ in 0..CALLS {
            connector.check(&call, &config).await?;
        }
        best = best.min(started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    Ok(vec![
        Figure {
            name: "compile_sftp_ms",
            value: compiled,
            unit: "ms",
            baseline: None,
        },
        Figure {
            name: "instance_start_us",
            value: best,
            unit: "us",
            baseline: Some(("wanted at most", 50.0)),
        },
    ])
}
