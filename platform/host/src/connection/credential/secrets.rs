//! The secrets of a connection document, by name.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use tributary_model::problem::Problem;

use crate::connection::config_problem;

/// See the module. Empty ones count as absent.
pub(crate) struct Secrets(BTreeMap<String, SecretString>);

impl Secrets {
    pub(crate) fn new(secrets: &BTreeMap<String, String>) -> Self {
        let filled = secrets.iter().filter(|(_, value)| !value.is_empty());
        let hidden = filled.map(|(name, value)| (name.clone(), SecretString::from(value.clone())));
        Self(hidden.collect())
    }

    /// One that must be there.
    pub(crate) fn required(&self, name: &str) -> Result<SecretString, Problem> {
        self.optional(name).ok_or_else(|| {
            config_problem(
                &format!("/secrets/{name}"),
                format!("the secret {name:?} is missing"),
            )
        })
    }

    /// One that may be there.
    pub(crate) fn optional(&self, name: &str) -> Option<SecretString> {
        self.0.get(name).cloned()
    }

    /// All values, for what must not show them.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(ExposeSecret::expose_secret)
    }
}
