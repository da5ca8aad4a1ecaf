//! A rule of a configuration that says what an answer means, by status and body. What it can mean
//! (`K`) is the connector's.

use serde::Deserialize;

/// See the module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule<K> {
    /// any of these; empty: any
    #[serde(default)]
    pub status: Vec<u16>,
    /// JSON Pointer into the answer; something must be there
    #[serde(default)]
    pub at: Option<String>,
    /// what must be there, or be the whole answer without `at`
    #[serde(default)]
    pub equals: Option<String>,
    /// a part of what is there, or of the whole answer without `at`
    #[serde(default)]
    pub contains: Option<String>,
    pub kind: K,
    /// for people
    #[serde(default)]
    pub message: Option<String>,
}

impl<K> Rule<K> {
    /// What the rule looks at in an answer, if it fits: what `probe` finds at its pointer, or the
    /// whole text.
    pub fn found(
        &self,
        status: u16,
        text: &str,
        probe: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        if !self.status.is_empty() && !self.status.contains(&status) {
            return None;
        }
        let found = match &self.at {
            Some(at) => probe(at)?,
            None => text.to_owned(),
        };
        let equal = self.equals.as_ref().is_none_or(|wanted| *wanted == found);
        let part = self.contains.as_ref();
        let within = part.is_none_or(|part| found.contains(part.as_str()));
        (equal && within).then_some(found)
    }
}
