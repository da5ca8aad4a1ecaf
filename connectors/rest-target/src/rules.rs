//! What an answer, or one record's result in it, means: the configuration's rules, then the status.

use tributary_http_json::pointer::{at, scalar};
use tributary_http_json::refusal::shortened;
use tributary_sdk::bindings::target::exports::tributary::connector::target::{
    Delivered, Rejected, Retry,
};
use tributary_sdk::serde_json::{self, value::RawValue};
use tributary_sdk::{Error, ErrorKind, Outcome, Result, RetryKind};

use crate::config::{Config, ErrorRule, Flag, RuleKind};

/// An answer or a result, as text, and what came with it.
pub struct Said<'a> {
    pub status: u16,
    pub retry_after_ms: Option<u32>,
    pub text: &'a str,
    /// records that it is about
    pub rows: usize,
}

impl Said<'_> {
    fn probe(&self, pointer: &str) -> Option<String> {
        let found = at(self.text, pointer)?;
        // where a scalar is looked for and an object or array is found, something is there
        scalar(found).or_else(|| {
            let first = found.trim_start().as_bytes().first()?;
            matches!(first, b'{' | b'[').then(|| shortened(found))
        })
    }

    /// Whether it is JSON at all; a proxy may have answered, or the line was cut.
    pub fn is_json(&self) -> bool {
        serde_json::from_str::<&RawValue>(self.text).is_ok()
    }

    /// An answer of success that is not what was agreed on: sent again only if that is harmless.
    pub fn garbled(&self, config: &Config) -> Result<Outcome> {
        let message = format!("the answer is not JSON: {}", shortened(self.text));
        match config.resend.kind {
            kind if kind.doubles() => Err(not_understood(message)),
            _ => Ok(self.again(&message)),
        }
    }

    /// To be sent once more.
    pub fn again(&self, message: &str) -> Outcome {
        self.retry(RetryKind::Transient, Some(message))
    }

    /// Whether the flag says so.
    pub fn is(&self, flag: &Flag) -> bool {
        match self.probe(&flag.at) {
            None => false,
            Some(_) if flag.equals.is_empty() => true,
            Some(found) => flag.equals.contains(&found),
        }
    }

    /// Done, with what the target says of it.
    pub fn delivered(&self, config: &Config) -> Outcome {
        let external_id = config.external_id.as_ref();
        let detail = self.text.trim();
        Outcome::Delivered(Delivered {
            external_id: external_id.and_then(|pointer| self.probe(pointer)),
            detail: tributary_http_json::raw::members(detail).map(|_| detail.to_owned()),
        })
    }

    /// Refused, with the target's words.
    pub fn rejected(&self, config: &Config, message: Option<&str>) -> Outcome {
        let places = &config.error;
        let taken = |place: &Option<String>| self.probe(place.as_deref()?);
        let said = match message {
            Some(message) => message.to_owned(),
            None => taken(&places.message).unwrap_or_else(|| shortened(self.text)),
        };
        Outcome::Rejected(Rejected {
            code: taken(&places.code).unwrap_or_else(|| format!("http_{}", self.status)),
            message: said,
            field: taken(&places.field),
        })
    }

    fn retry(&self, kind: RetryKind, message: Option<&str>) -> Outcome {
        let said = shortened(message.unwrap_or(self.text));
        Outcome::Retry(Retry {
            kind,
            message: format!("the target answers with status {}: {said}", self.status),
            retry_after_ms: self.retry_after_ms,
        })
    }

    fn fits(&self, rule: &ErrorRule) -> bool {
        let probe = |pointer: &str| self.probe(pointer);
        rule.found(self.status, self.text, &probe).is_some()
    }

    /// The first rule that fits.
    pub fn rule<'a>(&self, config: &'a Config) -> Option<&'a ErrorRule> {
        config.errors.iter().find(|rule| self.fits(rule))
    }

    /// Whether the answer to a look-up is no success: by its status, by the flag, or by a rule that names its status
    /// and a place. A flag that is missing says nothing, since it may belong to the calls that send records alone.
    pub fn refuses_to_tell(&self, config: &Config) -> bool {
        let flag = config.success.flag.as_ref();
        let denied = |flag: &Flag| self.probe(&flag.at).is_some() && !self.is(flag);
        let meant = |rule: &&ErrorRule| {
            let of_a_success = rule.status.contains(&self.status) && rule.at.is_some();
            of_a_success && rule.kind != RuleKind::Delivered
        };
        let mut rules = config.errors.iter().filter(meant);
        !(200..=299).contains(&self.status)
            || flag.is_some_and(denied)
            || rules.any(|rule| self.fits(rule))
    }

    /// What the first rule that fits says.
    pub fn by_rules(&self, config: &Config) -> Option<Result<Outcome>> {
        let rule = self.rule(config)?;
        let message = rule.message.as_deref();
        let error = |kind| {
            let said = match message {
                Some(message) => message.to_owned(),
                None => shortened(self.text),
            };
            let message = format!("the target answers with status {}: {said}", self.status);
            Err(Error::new(kind, message))
        };
        Some(match rule.kind {
            RuleKind::Delivered => Ok(self.delivered(config)),
            RuleKind::Rejected => Ok(self.rejected(config, message)),
            RuleKind::Split => Ok(self.split(config, message)),
            RuleKind::Retry => Ok(self.retry(RetryKind::Transient, message)),
            RuleKind::RateLimited => Ok(self.retry(RetryKind::RateLimited, message)),
            RuleKind::Auth => error(ErrorKind::Auth),
            RuleKind::Config => error(ErrorKind::Config),
        })
    }

    /// Halves show which record is to blame; a single one is.
    fn split(&self, config: &Config, message: Option<&str>) -> Outcome {
        match self.rows {
            1 => self.rejected(config, message),
            _ => self.retry(RetryKind::Split, message),
        }
    }

    /// What a status that is no success means by itself.
    pub fn by_status(&self, config: &Config) -> Result<Outcome> {
        let message = || {
            let said = shortened(self.text);
            format!("the target answers with status {}: {said}", self.status)
        };
        Ok(match self.status {
            429 => self.retry(RetryKind::RateLimited, None),
            // not done: it says when to come again
            503 if self.retry_after_ms.is_some() => self.retry(RetryKind::RateLimited, None),
            408 | 425 | 500..=599 => self.retry(RetryKind::Transient, None),
            401 | 403 => return Err(Error::new(ErrorKind::Auth, message())),
            300..=399 => {
                let message = format!(
                    "{}; redirects are not followed, correct the base address or the path",
                    message()
                );
                return Err(Error::config("/config/request/path", message));
            }
            // Of a batch without memory for keys some part may have been done.
            _ if self.rows > 1 && config.resend.kind.doubles() && self.status < 400 => {
                return Err(not_understood(message()));
            }
            200..=299 | 400..=499 => self.split(config, None),
            _ => return Err(not_understood(message())),
        })
    }
}

/// An answer that no rule explains.
pub fn not_understood(message: String) -> Error {
    Error::data(message).with_code("target_answer")
}
