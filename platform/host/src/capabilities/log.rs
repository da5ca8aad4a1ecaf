//! `log`: lines into the run's log, bounded per line and per call. Fields of the guest stay inside
//! one field of ours, so a guest can't pose as the platform.

use std::fmt::Write as _;

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
        if self.log_bytes_left == 0 {
            return Ok(());
        }
        let line = line(&message, &fields);
        if line.len() > self.log_bytes_left {
            self.log_bytes_left = 0;
            tracing::warn!(
                connector.name = self.connector,
                "log limit reached, further lines dropped"
            );
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

/// One line of at most `MAX_LINE_CHARS`, in debug form: a line end in a message can't start a forged
/// line. Cut before it is written out, so that a long message costs no more than a short one.
fn line(message: &str, fields: &[(String, String)]) -> String {
    let cut = |text: &str| shorten(text, MAX_LINE_CHARS);
    let mut line = format!("{:?}", cut(message));
    for (name, value) in fields {
        if line.len() >= MAX_LINE_CHARS {
            break;
        }
        let _ = write!(line, " {:?}={:?}", cut(name), cut(value));
    }
    shorten(&line, MAX_LINE_CHARS)
}
