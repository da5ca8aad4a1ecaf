//! `control`: cancellation, clock, waiting.

use std::time::{Duration, Instant};

use crate::bindings::contract::control::Host;
use crate::session::Guest;

/// Time left at which a guest is told to come to an end.
const NEAR_DEADLINE: Duration = Duration::from_secs(5);
const MAX_SLEEP_MS: u32 = 60_000;

impl Host for Guest {
    async fn stopping(&mut self) -> wasmtime::Result<bool> {
        self.host_calls.count("control");
        let left = self.deadline.saturating_duration_since(Instant::now());
        let told = self.call.stop.is_cancelled() || self.call.cancel.is_cancelled();
        self.out_of_time |= left < NEAR_DEADLINE;
        Ok(told || self.out_of_time)
    }

    async fn now_ms(&mut self) -> wasmtime::Result<u64> {
        self.host_calls.count("control");
        Ok(u64::try_from(self.clock.now_ms()).unwrap_or(0))
    }

    async fn sleep_ms(&mut self, ms: u32) -> wasmtime::Result<()> {
        self.host_calls.count("control");
        let wanted = Duration::from_millis(u64::from(ms.min(MAX_SLEEP_MS)));
        tokio::time::sleep(wanted.min(self.host_call_timeout)).await;
        Ok(())
    }
}
