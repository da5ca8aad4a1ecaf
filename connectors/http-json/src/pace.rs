//! How fast we may ask. The pace of one read; several reads of one API at a time each have their
//! own, so the figure is per read.

use serde::Deserialize;
use tributary_sdk::{Error, Response, Result, control};

use crate::instant;

/// A longer wait is the platform's: it frees the worker meanwhile.
const LONGEST_SLEEP_MS: u64 = 30_000;

/// What is known of the API's limit.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    #[serde(default)]
    pub requests_per_second: Option<f64>,
    /// header with the number of requests that are left
    #[serde(default)]
    pub remaining_header: Option<String>,
    /// header that says when there are more
    #[serde(default)]
    pub reset_header: Option<String>,
    #[serde(default)]
    pub reset: Reset,
}

/// What the reset header counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// seconds from now
    #[default]
    Seconds,
    /// seconds since 1970
    UnixS,
}

/// See the module.
pub struct Pace<'a> {
    limit: Option<&'a RateLimit>,
    last_ms: u64,
    /// the API said that nothing is left until then
    closed_until_ms: u64,
}

impl<'a> Pace<'a> {
    #[must_use]
    pub fn new(limit: Option<&'a RateLimit>) -> Self {
        Self {
            limit,
            last_ms: 0,
            closed_until_ms: 0,
        }
    }

    /// Waits until the next request may go.
    ///
    /// # Errors
    /// `rate_limited` for a wait that is the platform's.
    pub fn wait(&mut self) -> Result<()> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let now = control::now_ms();
        let open_ms = next_ms(limit, self.last_ms).max(self.closed_until_ms);
        let wait_ms = open_ms.saturating_sub(now);
        if wait_ms > LONGEST_SLEEP_MS {
            let wait = u32::try_from(wait_ms).unwrap_or(u32::MAX);
            let message = "the API's answer said that no requests are left for now";
            return Err(Error::rate_limited(message, Some(wait)));
        }
        if wait_ms > 0 {
            control::sleep_ms(u32::try_from(wait_ms).unwrap_or(u32::MAX));
        }
        self.last_ms = now.saturating_add(wait_ms);
        Ok(())
    }

    /// Reads what the answer says about the next request.
    pub fn note(&mut self, response: &Response) {
        let Some(limit) = self.limit else {
            return;
        };
        self.closed_until_ms = closed_until(limit, &response.headers, control::now_ms());
    }
}

fn next_ms(limit: &RateLimit, last_ms: u64) -> u64 {
    match limit.requests_per_second {
        // a float cast saturates; the schema has the rate above zero
        Some(rate) if rate > 0.0 => last_ms.saturating_add((1000.0 / rate) as u64),
        _ => 0,
    }
}

fn closed_until(limit: &RateLimit, headers: &[(String, String)], now_ms: u64) -> u64 {
    let number = |name: &Option<String>| -> Option<u64> {
        let name = name.as_ref()?;
        let found = headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        // some servers write 1.5, some a list of windows: the first number counts
        let text = found?.1.trim();
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text.get(..end)?.parse().ok()
    };
    let (Some(0), Some(reset)) = (number(&limit.remaining_header), number(&limit.reset_header))
    else {
        return 0;
    };
    match limit.reset {
        Reset::Seconds => now_ms.saturating_add(reset.saturating_mul(1000)),
        Reset::UnixS => reset.saturating_mul(1000),
    }
}

/// The wait that `Retry-After` asks for, in ms.
pub fn retry_after_ms(text: &str, now_ms: impl Fn() -> u64) -> Option<u32> {
    let text = text.trim();
    let seconds = text
        .parse::<u64>()
        .ok()
        .or_else(|| instant::seconds_until(text, now_ms()))?;
    u32::try_from(seconds.saturating_mul(1000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(reset: Reset) -> RateLimit {
        RateLimit {
            requests_per_second: Some(4.0),
            remaining_header: Some("X-Remaining".to_owned()),
            reset_header: Some("X-Reset".to_owned()),
            reset,
        }
    }

    #[test]
    fn nothing_left_closes_until_the_reset() {
        let headers = |left: &str, reset: &str| {
            vec![
                ("x-remaining".to_owned(), left.to_owned()),
                ("x-reset".to_owned(), reset.to_owned()),
            ]
        };
        let seconds = limit(Reset::Seconds);
        assert_eq!(closed_until(&seconds, &headers("0", "3"), 1000), 4000);
        assert_eq!(closed_until(&seconds, &headers("1", "3"), 1000), 0);
        assert_eq!(closed_until(&seconds, &[], 1000), 0);
        let unix = limit(Reset::UnixS);
        assert_eq!(
            closed_until(&unix, &headers("0", "1767225600"), 1),
            1_767_225_600_000
        );
        assert_eq!(next_ms(&seconds, 1000), 1250);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = || 784_111_777_000;
        assert_eq!(retry_after_ms("3", now), Some(3000));
        assert_eq!(
            retry_after_ms("Sun, 06 Nov 1994 08:49:40 GMT", now),
            Some(3000)
        );
        assert_eq!(retry_after_ms("later", now), None);
    }
}
