//! Semantic versions (2.0.0) of connectors: which one is newer. Only what that needs: no ranges and no
//! build metadata, which has no order.

use std::cmp::Ordering;
use std::fmt;

/// Longest text of a version.
const MAX_BYTES: usize = 64;

/// `1.2.3` or `1.2.3-rc.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    numbers: [u64; 3],
    /// of a version before the version; empty for a release
    early: Vec<Part>,
}

/// Numbers come before words, as the standard says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

impl Version {
    /// Reads `text`; `None` if it is no semantic version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let (release, early) = match text.split_once('-') {
            Some((release, early)) => (release, Some(early)),
            None => (text, None),
        };
        let mut parts = release.split('.').map(number);
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        if parts.next().is_some() {
            return None;
        }
        let early = match early {
            None => Vec::new(),
            Some(early) => early.split('.').map(part).collect::<Option<_>>()?,
        };
        Some(Self { numbers, early })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        for (index, part) in self.early.iter().enumerate() {
            f.write_str(if index == 0 { "-" } else { "." })?;
            match part {
                Part::Number(number) => write!(f, "{number}")?,
                Part::Word(word) => f.write_str(word)?,
            }
        }
        Ok(())
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let early = match (self.early.is_empty(), other.early.is_empty()) {
            // The release comes after everything that led to it.
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => self.early.cmp(&other.early),
        };
        self.numbers.cmp(&other.numbers).then(early)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Digits without a leading zero.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    (digits && plain).then(|| text.parse().ok()).flatten()
}

fn part(text: &str) -> Option<Part> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return number(text).map(Part::Number);
    }
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        .then(|| Part::Word(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_standard() {
        let ordered = [
            "0.0.0",
            "0.9.10",
            "0.10.9",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "2.0.0",
            "10.0.0",
        ];
        for (index, lower) in ordered.iter().enumerate() {
            let parsed = Version::parse(lower).unwrap();
            assert_eq!(parsed.to_string(), *lower);
            for higher in &ordered[index + 1..] {
                assert!(parsed < Version::parse(higher).unwrap(), "{lower} {higher}");
            }
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        let long = format!("1.0.0-{}", "a".repeat(80));
        for text in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "v1.0.0",
            "01.0.0",
            "1.0.x",
            "1.0.0+build",
            "1.0.0-",
            "1.0.0-a..b",
            "1.0.0-01",
            "1.0.0 ",
            "-1.0.0",
            "1.0.0-ä",
            "18446744073709551616.0.0",
            &long,
        ] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }
}
