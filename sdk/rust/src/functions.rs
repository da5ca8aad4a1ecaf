//! Functions of code for mappings: what no formula can say. One line exports them:
//!
//! ```ignore
//! use tributary_sdk::functions::{Answer, Input, Result};
//!
//! tributary_sdk::export_functions! { "shout" => shout }
//!
//! fn shout(input: &Input<'_>) -> Result {
//!     Ok(Answer::Text(input.text(0)?.to_uppercase()))
//! }
//! ```
//!
//! Invariants: pure. The same input gives the same answer, today and in ten years, because a record may
//! be mapped again; so there is nothing to import, and a function keeps nothing from call to call.
//! The manifest (`connector.json`) has the role `mapping_function`, and lists every function with what
//! it takes and gives.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::bindings::functions::exports::tributary::connector::functions as contract;

/// What a function answers.
pub type Result<T = Answer> = std::result::Result<T, Fault>;

/// The value and the further values that the mapping gives, counted from 0.
#[derive(Debug)]
pub struct Input<'a> {
    values: Vec<&'a RawValue>,
}

impl<'a> Input<'a> {
    /// Takes the JSON array of a call apart. For tests of functions, too.
    ///
    /// # Errors
    /// Text that is no JSON array.
    pub fn read(text: &'a str) -> Result<Self> {
        let values = serde_json::from_str(text)
            .map_err(|error| Fault::failed(format!("the input is no JSON array: {error}")))?;
        Ok(Self { values })
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none, which a mapping never sends.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether a value is null or not given.
    #[must_use]
    pub fn is_null(&self, place: usize) -> bool {
        self.values
            .get(place)
            .is_none_or(|value| value.get() == "null")
    }

    /// A text.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn text(&self, place: usize) -> Result<Cow<'a, str>> {
        let raw = self.raw(place)?;
        let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        match inner {
            Some(inner) if !inner.contains('\\') => Ok(Cow::Borrowed(inner)),
            _ => self.json(place, "a text").map(Cow::Owned),
        }
    }

    /// A number with all its digits, as JSON writes it. Never go through a float with money.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn number(&self, place: usize) -> Result<&'a str> {
        let raw = self.raw(place)?;
        match raw.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => Ok(raw),
            _ => Err(wrong(place, "a number")),
        }
    }

    /// True or false.
    ///
    /// # Errors
    /// A value of another kind.
    pub fn flag(&self, place: usize) -> Result<bool> {
        self.json(place, "true or false")
    }

    /// A value of any type that can be read from JSON; `what` is its name in a message.
    ///
    /// # Errors
    /// A value that does not fit.
    pub fn json<T: DeserializeOwned>(&self, place: usize, what: &str) -> Result<T> {
        serde_json::from_str(self.raw(place)?).map_err(|_| wrong(place, what))
    }

    fn raw(&self, place: usize) -> Result<&'a str> {
        match self.values.get(place) {
            Some(value) => Ok(value.get()),
            None => Err(Fault::refused(format!("value {} is not given", place + 1))),
        }
    }
}

fn wrong(place: usize, what: &str) -> Fault {
    Fault::refused(format!("value {} is not {what}", place + 1))
}

/// A value on its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Null,
    Text(String),
    /// its digits, as JSON writes them
    Number(String),
    Bool(bool),
    /// JSON text
    Json(String),
}

impl Answer {
    fn into_json(self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(flag) => flag.to_string(),
            Self::Number(text) | Self::Json(text) => text,
            Self::Text(text) => serde_json::Value::String(text).to_string(),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    refused: bool,
    message: String,
}

impl Fault {
    /// The value is at fault; the message is for the person who can correct it.
    #[must_use]
    pub fn refused(message: impl Into<String>) -> Self {
        Self {
            refused: true,
            message: message.into(),
        }
    }

    /// The function is at fault.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self {
            refused: false,
            message: message.into(),
        }
    }

    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// A function by its name.
pub type Function = fn(&Input<'_>) -> Result;

/// Finds the function and runs it; for [`export_functions!`](crate::export_functions).
///
/// # Errors
/// What the function says, or that there is none of this name.
pub fn call(
    functions: &[(&str, Function)],
    name: &str,
    input: &str,
) -> std::result::Result<String, contract::Fault> {
    let found = functions.iter().find(|(known, _)| *known == name);
    let answer = match found {
        Some((_, function)) => Input::read(input).and_then(|input| function(&input)),
        None => Err(Fault::failed(format!("there is no function {name:?}"))),
    };
    answer
        .map(Answer::into_json)
        .map_err(|fault| contract::Fault {
            kind: match fault.refused {
                true => contract::FaultKind::Refused,
                false => contract::FaultKind::Failed,
            },
            message: fault.message,
        })
}

/// Exports functions: `export_functions! { "name" => function, … }`.
#[macro_export]
macro_rules! export_functions {
    ($($name:literal => $function:path),+ $(,)?) => {
        struct TributaryFunctions;

        impl $crate::bindings::functions::exports::tributary::connector::functions::Guest
            for TributaryFunctions
        {
            fn call(
                name: String,
                input: String,
            ) -> ::std::result::Result<
                String,
                $crate::bindings::functions::exports::tributary::connector::functions::Fault,
            > {
                $crate::functions::call(&[$(($name, $function)),+], &name, &input)
            }
        }

        $crate::bindings::functions::export_functions_world!(TributaryFunctions with_types_in $crate::bindings::functions);
    };
}
