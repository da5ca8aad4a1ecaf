//! What connectors log during a run: kept for the run, not written to the operator's log.
//!
//! Invariants: a line has at most [`LINE_BYTES`] and a run at most [`RUN_BYTES`], whatever a guest
//! does; secrets of the connection and what looks like a credential are masked before a line is kept; a
//! line is one JSON object, so a guest cannot forge another. Figures ([`crate::guest_metrics`]) are told as lines
//! of the level `metric`, at most [`METRIC_BYTES`] of them.
//!
//! Deliberately absent: where the lines go in the end (`jobs` puts them into the lake).

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use tributary_model::clock::Clock;

use crate::guest_metrics::{MetricKind, Metrics, Told};

/// Longest line, bytes.
pub(crate) const LINE_BYTES: usize = 8 << 10;
/// Longest log of a run, bytes.
pub const RUN_BYTES: usize = 1 << 20;

/// Most bytes of a run's log that are figures.
const METRIC_BYTES: usize = RUN_BYTES / 4;

/// In place of what must not be told.
const MASK: &str = "***";
/// Words after which a credential stands.
const BEFORE_SECRETS: [&str; 8] = [
    "bearer ",
    "basic ",
    "password=",
    "passwd=",
    "secret=",
    "token=",
    "api_key=",
    "apikey=",
];

/// The log of one run in one process.
pub struct GuestLog {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    metrics: Mutex<Metrics>,
}

#[derive(Default)]
struct State {
    /// NDJSON that was not taken yet
    lines: Vec<u8>,
    /// taken or not
    bytes: usize,
    /// of those, figures
    metric_bytes: usize,
    full: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    at_ms: i64,
    level: &'a str,
    connector: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<&'a Told<'a>>,
}

impl std::fmt::Debug for GuestLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GuestLog(..)")
    }
}

impl GuestLog {
    /// An empty log.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
            metrics: Mutex::default(),
        }
    }

    /// Adds a line whose text is scrubbed already; beyond the limit only that there was more.
    pub(crate) fn add(&self, level: &str, connector: &str, message: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.full {
            return;
        }
        let at_ms = self.clock.now_ms();
        let line = |level, message| Line {
            at_ms,
            level,
            connector,
            message,
            metric: None,
        };
        let mut room = 2 * (LINE_BYTES - 512);
        let mut text = Vec::new();
        // JSON may take six bytes for one
        while text.is_empty() || text.len() >= LINE_BYTES {
            room /= 2;
            text = serde_json::to_vec(&line(level, cut(message, room))).unwrap_or_default();
            if room < 16 {
                return;
            }
        }
        if state.bytes + text.len() + LINE_BYTES > RUN_BYTES {
            state.full = true;
            let message = "the log of a run holds 1 MiB; what follows was dropped";
            text = serde_json::to_vec(&line("warn", message)).unwrap_or_default();
        }
        text.push(b'\n');
        state.bytes += text.len();
        state.lines.extend_from_slice(&text);
    }

    /// Adds one observation; values of labels are scrubbed.
    pub(crate) fn observe(
        &self,
        connector: &str,
        what: (&str, MetricKind),
        value: f64,
        labels: Vec<(String, String)>,
        scrub: impl Fn(&str) -> String,
    ) {
        let short = |value: &str| value.len() <= LINE_BYTES;
        // a guest must not buy time with long ones, which are dropped whatever they hold
        let labels = match labels.len() < 10 && labels.iter().all(|(_, value)| short(value)) {
            true => labels
                .into_iter()
                .map(|(name, value)| (name, scrub(&value)))
                .collect(),
            false => labels,
        };
        let mut metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        metrics.add(connector, what, value, labels);
    }

    /// Writes what was observed since the last time.
    fn tell_metrics(&self) {
        let mut metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let at_ms = self.clock.now_ms();
        let mut tell = |connector: &str, message: &str, metric: Option<&Told<'_>>| {
            let line = Line {
                at_ms,
                level: "metric",
                connector,
                message,
                metric,
            };
            let mut text = serde_json::to_vec(&line).unwrap_or_default();
            text.push(b'\n');
            let all = state.bytes + text.len() + LINE_BYTES;
            if all > RUN_BYTES || state.metric_bytes + text.len() > METRIC_BYTES {
                return;
            }
            state.bytes += text.len();
            state.metric_bytes += text.len();
            state.lines.extend_from_slice(&text);
        };
        let dropped = metrics.take(|connector, told| tell(connector, told.name, Some(told)));
        if dropped > 0 {
            let message = format!(
                "{dropped} observations were dropped: a name, label or value breaks the rules, or there are too many series"
            );
            tell("", &message, None);
        }
    }

    /// The lines since the last time, as NDJSON; empty if there are none.
    pub fn take(&self) -> Vec<u8> {
        self.tell_metrics();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.lines)
    }
}

/// The beginning of `message`, at most `room` bytes.
fn cut(message: &str, room: usize) -> &str {
    let mut end = message.len().min(room);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.get(..end).unwrap_or_default()
}

/// `text` without `secrets` and without words that look like credentials.
pub(crate) fn scrubbed<'a>(text: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        // a short one is no secret, and would tear holes into every line
        if secret.len() >= 4 {
            text = text.replace(secret, MASK);
        }
    }
    for before in BEFORE_SECRETS {
        let mut from = 0;
        // ASCII only, so that places in both are the same
        while let Some(found) = text
            .to_ascii_lowercase()
            .get(from..)
            .and_then(|rest| rest.find(before))
        {
            let start = from + found + before.len();
            let rest = text.get(start..).unwrap_or_default();
            let ends = |c: char| c.is_whitespace() || "\"'&,;)}]".contains(c);
            let length = rest.find(ends).unwrap_or(rest.len());
            text.replace_range(start..start + length, MASK);
            from = start + MASK.len();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use tributary_model::clock::UnixMillis;

    use super::*;

    #[derive(Debug)]
    struct Still;

    impl Clock for Still {
        fn now_ms(&self) -> UnixMillis {
            7
        }
    }

    #[test]
    fn credentials_are_masked_wherever_they_stand() {
        let secrets = ["s3cret", "ab"];
        let scrub = |text: &str| scrubbed(text, secrets.into_iter());
        assert_eq!(scrub("tell s3cret and tabs"), "tell *** and tabs");
        assert_eq!(
            scrub("Authorization: Bearer eyJ.x.y, then token=9&b=1"),
            "Authorization: Bearer ***, then token=***&b=1"
        );
        assert_eq!(
            scrub("PASSWORD=ä1 password=\"x\""),
            "PASSWORD=*** password=***\"x\""
        );
        assert_eq!(scrub("bearer "), "bearer ***");
    }

    #[test]
    fn a_log_is_bounded_by_line_and_as_a_whole() {
        let log = GuestLog::new(Arc::new(Still));
        log.add("info", "sftp 1.0.0", "one\n{\"level\":\"error\"}");
        let text = String::from_utf8(log.take()).unwrap();
        assert_eq!(text.lines().count(), 1, "a line end makes no line");
        assert!(log.take().is_empty());
        let long = "ö".repeat(10_000);
        let mut bytes = text.len();
        let escaped = "\u{1}".repeat(10_000);
        for number in 0..900 {
            let text = if number == 0 { &escaped } else { &long };
            log.add("info", "sftp 1.0.0", text);
            let line = log.take();
            assert!(line.len() <= LINE_BYTES, "{}", line.len());
            bytes += line.len();
        }
        assert!(
            bytes <= RUN_BYTES && bytes > RUN_BYTES - 3 * LINE_BYTES,
            "{bytes}"
        );
    }

    #[test]
    fn the_last_line_says_that_there_was_more() {
        let log = GuestLog::new(Arc::new(Still));
        for _ in 0..200 {
            log.add("info", "x", &"y".repeat(9_000));
        }
        let text = String::from_utf8(log.take()).unwrap();
        assert!(text.lines().last().unwrap().contains("was dropped"));
    }
}
