//! `log`: lines into the run's log, bounded per line and per call. Fields of the guest stay inside
//! one field of ours, so a guest can't pose as the platform.

use tributary_model::issue::shorten;

use crate::bindings::imports::tributary::connector::log::{Host, Level};
use crate::session::Guest;

const MAX_LINE_CHARS: usize = 8 << 10;

impl Host for Guest {
    async fn log(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.host_calls += 1;
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!(" {name}={value:?}"))
            .collect();
        // Debug form: a line end in a message can't start a forged line.
        let line = shorten(&format!("{message:?}{fields}"), MAX_LINE_CHARS);
        if line.len() > self.log_bytes_left {
            if self.log_bytes_left > 0 {
                self.log_bytes_left = 0;
                tracing::warn!(
                    connector.name = self.connector,
                    "log limit reached, further lines dropped"
                );
            }
            return Ok(());
        }
        self.log_bytes_left -= line.len();
        let tenant = self.call.tenant.as_str();
        let run = self.call.run.as_deref().unwrap_or_default();
        let name = self.connector.as_str();
        match level {
            Level::Trace => tracing::trace!(
                tenant.id = tenant,
                run.id = run,
                connector.name = name,
                "{line}"
            ),
            Level::Debug => tracing::debug!(
                tenant.id = tenant,
                run.id = run,
                connector.name = name,
                "{line}"
            ),
            Level::Info => tracing::info!(
                tenant.id = tenant,
                run.id = run,
                connector.name = name,
                "{line}"
            ),
            Level::Warn => tracing::warn!(
                tenant.id = tenant,
                run.id = run,
                connector.name = name,
                "{line}"
            ),
            Level::Error => tracing::error!(
                tenant.id = tenant,
                run.id = run,
                connector.name = name,
                "{line}"
            ),
        }
        Ok(())
    }
}
