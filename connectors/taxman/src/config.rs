//! The configuration and what its schema can't say.

use serde::Serialize;
use tributary_sdk::{Error, Result};

use crate::prepare::MAX_ROWS;

/// `config`; its schema in `connector.json` is made of it.
#[tributary_sdk::config]
#[derive(Debug, Clone, Default)]
#[serde(default)]
#[schemars(extend("allOf" = [{
    "if": { "properties": { "calls": { "enum": ["single"] } }, "required": ["calls"] },
    "then": { "properties": { "max_rows_per_call": false } },
}]))]
pub struct Config {
    /// What is done with a record that does not say it itself. calculate records nothing at TAXMAN.
    #[schemars(title = "action")]
    pub action: Action,
    /// JSON Pointer to a text in the mapped record: create, adjust, void or calculate. It is left out of what is sent.
    #[schemars(
        title = "field of the action",
        regex(pattern = r"^(/([^~/]|~[01])*)+$"),
        example = "/action"
    )]
    pub action_field: Option<String>,
    /// Several transactions in a call, or each in one of its own.
    #[schemars(title = "calls")]
    pub calls: Calls,
    /// As many as TAXMAN takes, if absent.
    #[schemars(
        title = "most transactions in one call",
        range(min = 1, max = 100),
        extend("default" = 100)
    )]
    pub max_rows_per_call: Option<usize>,
}

tributary_sdk::config_schema!(Config);

/// What is done with a transaction.
#[tributary_sdk::config]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    #[default]
    Create,
    Adjust,
    Void,
    Calculate,
}

/// How transactions travel.
#[tributary_sdk::config]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    #[default]
    Batch,
    Single,
}

impl Action {
    const ALL: [Self; 4] = [Self::Create, Self::Adjust, Self::Void, Self::Calculate];

    /// The word for it in records, configurations and TAXMAN's batches.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Adjust => "adjust",
            Self::Void => "void",
            Self::Calculate => "calculate",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// TAXMAN's status of what it was done to.
    #[must_use]
    pub fn status(self) -> &'static str {
        match self {
            Self::Create | Self::Adjust => "committed",
            Self::Void => "voided",
            Self::Calculate => "calculated",
        }
    }

    /// Whether TAXMAN is another one after it.
    #[must_use]
    pub fn records(self) -> bool {
        self != Self::Calculate
    }
}

impl Config {
    /// What the schema can't say.
    ///
    /// # Errors
    /// The field that is wrong.
    pub fn check(&self) -> Result<()> {
        if let Some(pointer) = &self.action_field {
            // RFC 6901; the record as a whole is no text
            let mut escapes = pointer.split('~').skip(1);
            let escaped = escapes.all(|rest| rest.starts_with(['0', '1']));
            if !pointer.starts_with('/') || !escaped {
                return Err(Error::config(
                    "/config/action_field",
                    format!("{pointer:?} is not a JSON Pointer such as /action"),
                ));
            }
        }
        if self.calls == Calls::Single && self.max_rows_per_call.is_some() {
            let message = "calls of one transaction each have no most transactions in a call";
            return Err(Error::config("/config/max_rows_per_call", message));
        }
        Ok(())
    }

    /// Most transactions in one call.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self.calls {
            Calls::Single => 1,
            Calls::Batch => self
                .max_rows_per_call
                .unwrap_or(MAX_ROWS)
                .clamp(1, MAX_ROWS),
        }
    }
}
