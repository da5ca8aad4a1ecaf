//! `log`: lines into the run's log, bounded per line, per call and per run. Outside a run (a
//! connection's check) they go to the operator's debug log. Each is one line in debug form, so a
//! guest can't pose as the platform or forge a line.

use std::fmt::Write as _;

use tributary_model::issue::shorten;

use crate::bindings::contract::log::{Host, Level};
use crate::guest_log::{LINE_BYTES, scrubbed};
use crate::session::Guest;

impl Host for Guest {
    async fn log(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.host_calls.count("log");
        if self.log_bytes_left == 0 {
            return Ok(());
        }
        let mut line = line(message, &fields);
        if line.len() > self.log_bytes_left {
            self.log_bytes_left = 0;
            return Ok(());
        }
        self.log_bytes_left -= line.len();
        let mut end = line.len().min(LINE_BYTES);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        // cut first: a guest must not buy time with a long line
        line.truncate(end);
        let line = scrubbed(&line, self.call.connection.secrets());
        match &self.call.log {
            Some(log) => log.add(word(level), &self.connector, &line),
            None => tracing::debug!(
                tenant.id = self.call.tenant.as_str(),
                connector.name = self.connector,
                connector.level = word(level),
                connector.line = ?line,
                "a connector logged outside a run"
            ),
        }
        Ok(())
    }
}

/// One line, cut before it is written out, so that a long message costs no more than a short one.
/// Names and values are in debug form: a line end in one can't start a forged line.
fn line(message: String, fields: &[(String, String)]) -> String {
    let mut line = shorten(&message, LINE_BYTES);
    for (name, value) in fields {
        if line.len() >= LINE_BYTES {
            break;
        }
        let (name, value) = (shorten(name, LINE_BYTES), shorten(value, LINE_BYTES));
        let _infallible = write!(line, " {name:?}={value:?}");
    }
    line
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
