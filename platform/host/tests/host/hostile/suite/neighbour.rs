//! A well-behaved connector on the same host, asked again and again: what it feels of the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tributary_host::{CallContext, Connector, Host};

use super::guest::Guest;

/// Some milliseconds of work: decoding a page takes about as long.
const WORK: &str = "(local $i i32) (local.set $i (i32.const 4000000))
    (loop $l (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br_if $l (local.get $i)))
    (i32.const 64)";

pub(crate) struct Neighbour {
    connector: Arc<Connector>,
    call: CallContext,
}

impl Neighbour {
    pub(crate) async fn load(host: &Host, call: CallContext) -> Arc<Self> {
        let guest = Guest::source()
            .set("name", json!("neighbour"))
            .set("limits", json!({"memory_mib": 16}))
            .body("check", WORK);
        let connector = host.load(&guest.component()).await.unwrap();
        Arc::new(Self { connector, call })
    }

    pub(crate) async fn sample(&self) -> Duration {
        let started = Instant::now();
        self.connector.check(&self.call, &json!({})).await.unwrap();
        started.elapsed()
    }

    /// Keeps asking until `stop`.
    pub(crate) fn keep(
        self: &Arc<Self>,
        stop: Arc<AtomicBool>,
    ) -> tokio::task::JoinHandle<Vec<Duration>> {
        let own = Arc::clone(self);
        tokio::spawn(async move {
            let mut samples = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                samples.push(own.sample().await);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            samples
        })
    }
}

/// The value below which `percent` of the samples lie.
pub(crate) fn percentile(samples: &[Duration], percent: usize) -> Duration {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}
