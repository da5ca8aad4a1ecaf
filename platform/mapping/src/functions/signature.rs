//! What a function promises: the one source of its documentation, of the argument check and of its
//! tests.

use tributary_model::error_code::ErrorCode;

use crate::value::Kind;

/// A function of the mapping language.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    pub name: &'static str,
    pub summary: &'static str,
    /// what it takes
    pub input: Kind,
    /// what it gives
    pub output: Output,
    pub arguments: &'static [Argument],
    pub fails_with: &'static [ErrorCode],
    /// each is run as a test
    pub examples: &'static [Example],
    /// whether null is a value for it; all others pass null through
    pub takes_null: bool,
}

impl Signature {
    /// What most functions share, to be filled up.
    pub(super) const EMPTY: Self = Self {
        name: "",
        summary: "",
        input: Kind::Any,
        output: Output::Same,
        arguments: &[],
        fails_with: &[],
        examples: &[],
        takes_null: false,
    };
}

/// What a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Is(Kind),
    /// what it takes
    Same,
    /// what it takes, or the kind of its argument
    SameOr,
}

/// A named argument.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    pub name: &'static str,
    pub kind: ArgumentKind,
    pub required: bool,
    pub summary: &'static str,
}

impl Argument {
    pub(super) const fn required(
        name: &'static str,
        kind: ArgumentKind,
        summary: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            required: true,
            summary,
        }
    }

    pub(super) const fn optional(
        name: &'static str,
        kind: ArgumentKind,
        summary: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            required: false,
            summary,
        }
    }
}

/// The form of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    Text,
    Texts,
    /// whole number, not negative
    Integer,
    /// number, or a text that holds one
    Decimal,
    Flag,
    /// text, number, boolean or null
    Scalar,
    Scalars,
    /// texts with a value each: an object, or a list of pairs
    Table,
    Locale,
    Rounding,
    OnMiss,
    /// RFC 9535 paths
    Paths,
    /// a value of the kind: a constant, or computed from the record
    Computed(Kind),
    /// any number of values of the kind, each as in [`Self::Computed`]
    ComputedList(Kind),
    /// a formula of the kind over each element, which it calls `it`
    ForEach(Kind),
}

impl ArgumentKind {
    /// The words for documentation and messages.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Texts => "list of texts",
            Self::Integer => "whole number, not negative",
            Self::Decimal => "number, or a text that holds one",
            Self::Flag => "true or false",
            Self::Scalar => "text, number, boolean or null",
            Self::Scalars => "list of texts, numbers, booleans",
            Self::Table => "object, or in a formula a list of pairs [key, value]",
            Self::Locale => "name of a locale",
            Self::Rounding => "name of a rounding mode",
            Self::OnMiss => "error, null or default",
            Self::Paths => "list of paths",
            Self::Computed(kind) => computed_words(kind),
            Self::ComputedList(_) => "list of values; each a constant or computed",
            Self::ForEach(Kind::Bool) => "condition over it",
            Self::ForEach(_) => "formula over it",
        }
    }
}

fn computed_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text; constant or computed",
        Kind::Number => "number; constant or computed",
        Kind::Bool => "true or false; constant or computed",
        Kind::Date => "date; constant or computed",
        Kind::DateTime => "date and time; constant or computed",
        Kind::List => "list; computed",
        Kind::Any | Kind::Null | Kind::Json => "value; constant or computed",
    }
}

/// A worked example.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// the value, as JSON
    pub input: &'static str,
    /// the arguments, as a JSON object
    pub arguments: &'static str,
    pub result: ExampleResult,
}

/// What an example comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExampleResult {
    /// a value, as JSON
    Gives(&'static str),
    Fails(ErrorCode),
}

impl Example {
    pub(super) const fn gives(
        input: &'static str,
        arguments: &'static str,
        output: &'static str,
    ) -> Self {
        Self {
            input,
            arguments,
            result: ExampleResult::Gives(output),
        }
    }

    pub(super) const fn fails(
        input: &'static str,
        arguments: &'static str,
        code: ErrorCode,
    ) -> Self {
        Self {
            input,
            arguments,
            result: ExampleResult::Fails(code),
        }
    }
}
