//! `metrics`: figures of the connector's own, kept for the run and told with its log. Outside a run they go
//! nowhere.

use crate::bindings::contract::metrics::{Host, Kind};
use crate::guest_log::scrubbed;
use crate::guest_metrics::MetricKind;
use crate::session::Guest;

impl Host for Guest {
    async fn observe(
        &mut self,
        name: String,
        kind: Kind,
        value: f64,
        labels: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.host_calls.count("metrics");
        let Some(log) = &self.call.log else {
            return Ok(());
        };
        let kind = match kind {
            Kind::Counter => MetricKind::Counter,
            Kind::Gauge => MetricKind::Gauge,
            Kind::Histogram => MetricKind::Histogram,
        };
        let secrets = || self.call.connection.secrets();
        log.observe(&self.connector, (&name, kind), value, labels, |value| {
            scrubbed(value, secrets())
        });
        Ok(())
    }
}
