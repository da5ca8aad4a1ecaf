//! The functions of the mapping language: one file each, with signature, documentation and
//! examples. `do` steps and formulas use the same ones.
//!
//! How to add one: a file with `SIGNATURE`, `compile` and `apply`; a line in [`FUNCTIONS`], a variant
//! of [`Operation`] and its arm in [`Operation::apply`]; then `cargo test -p tributary-mapping` says how
//! to write `platform/docs/mapping/functions.md` anew.

mod abs;
mod arguments;
mod collapse_spaces;
mod date_format;
mod date_parse;
mod default;
mod enum_of;
mod equals;
mod in_list;
mod is_empty;
mod locale;
mod lookup;
mod lower;
mod matches;
mod pad_left;
mod range;
mod remove_chars;
mod replace;
mod round;
pub mod signature;
mod substring;
mod template;
mod to_bool;
mod to_decimal;
mod to_int;
mod to_string;
mod trim;
mod truncate;
mod upper;

pub(crate) use arguments::Arguments;
pub(crate) use enum_of::apply as check_enum;
pub(crate) use locale::Locale;
use signature::Signature;
pub(crate) use to_decimal::number;

use crate::date::Pattern;
use crate::decimal::{Decimal, Rounding};
use crate::formula::expression::SlotRef;
use crate::value::{Constant, Made, Value};
use crate::worker::run::Run;

/// A row of the table of functions.
pub(crate) struct Function {
    pub(crate) signature: &'static Signature,
    pub(crate) compile: fn(&mut Arguments<'_, '_>) -> Option<Operation>,
}

/// Every function, by topic.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        signature: &trim::SIGNATURE,
        compile: trim::compile,
    },
    Function {
        signature: &collapse_spaces::SIGNATURE,
        compile: collapse_spaces::compile,
    },
    Function {
        signature: &upper::SIGNATURE,
        compile: upper::compile,
    },
    Function {
        signature: &lower::SIGNATURE,
        compile: lower::compile,
    },
    Function {
        signature: &pad_left::SIGNATURE,
        compile: pad_left::compile,
    },
    Function {
        signature: &truncate::SIGNATURE,
        compile: truncate::compile,
    },
    Function {
        signature: &substring::SIGNATURE,
        compile: substring::compile,
    },
    Function {
        signature: &replace::SIGNATURE,
        compile: replace::compile,
    },
    Function {
        signature: &remove_chars::SIGNATURE,
        compile: remove_chars::compile,
    },
    Function {
        signature: &template::SIGNATURE,
        compile: template::compile,
    },
    Function {
        signature: &matches::SIGNATURE,
        compile: matches::compile,
    },
    Function {
        signature: &to_string::SIGNATURE,
        compile: to_string::compile,
    },
    Function {
        signature: &to_int::SIGNATURE,
        compile: to_int::compile,
    },
    Function {
        signature: &to_decimal::SIGNATURE,
        compile: to_decimal::compile,
    },
    Function {
        signature: &to_bool::SIGNATURE,
        compile: to_bool::compile,
    },
    Function {
        signature: &round::SIGNATURE,
        compile: round::compile,
    },
    Function {
        signature: &abs::SIGNATURE,
        compile: abs::compile,
    },
    Function {
        signature: &range::SIGNATURE,
        compile: range::compile,
    },
    Function {
        signature: &enum_of::SIGNATURE,
        compile: enum_of::compile,
    },
    Function {
        signature: &lookup::SIGNATURE,
        compile: lookup::compile,
    },
    Function {
        signature: &default::SIGNATURE,
        compile: default::compile,
    },
    Function {
        signature: &equals::SIGNATURE,
        compile: equals::compile,
    },
    Function {
        signature: &in_list::SIGNATURE,
        compile: in_list::compile,
    },
    Function {
        signature: &is_empty::SIGNATURE,
        compile: is_empty::compile,
    },
    Function {
        signature: &date_parse::SIGNATURE,
        compile: date_parse::compile,
    },
    Function {
        signature: &date_format::SIGNATURE,
        compile: date_format::compile,
    },
];

/// The signatures of all functions, for editors and documentation.
pub fn signatures() -> impl Iterator<Item = &'static Signature> {
    FUNCTIONS.iter().map(|function| function.signature)
}

/// The function called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS
        .iter()
        .find(|function| function.signature.name == name)
}

/// A function with its arguments, ready to run.
#[derive(Debug)]
pub(crate) enum Operation {
    Trim,
    CollapseSpaces,
    Upper,
    Lower,
    PadLeft {
        length: u32,
        sign: char,
    },
    Truncate {
        length: u32,
        warn: bool,
    },
    Substring {
        start: u32,
        length: u32,
    },
    Replace {
        search: Box<str>,
        with: Box<str>,
    },
    RemoveChars {
        chars: Box<str>,
    },
    Template {
        pieces: Box<[Box<str>]>,
    },
    Matches {
        regex: Box<regex::Regex>,
    },
    ToString,
    ToInt {
        locale: Locale,
    },
    ToDecimal {
        locale: Locale,
    },
    ToBool {
        yes: Box<[String]>,
        no: Box<[String]>,
    },
    Round {
        scale: u8,
        mode: Rounding,
    },
    Abs,
    Range {
        min: Option<Decimal>,
        max: Option<Decimal>,
    },
    Enum {
        values: Box<[String]>,
    },
    Lookup {
        table: usize,
        with: Box<[SlotRef]>,
        on_miss: lookup::OnMiss,
    },
    Default {
        value: Constant,
    },
    Equals {
        value: Constant,
    },
    In {
        values: Box<[Constant]>,
    },
    IsEmpty,
    DateParse {
        formats: Box<[date_parse::Format]>,
        names: Box<str>,
    },
    DateFormat {
        pattern: Pattern,
    },
}

impl Operation {
    /// Whether null is a value for it; all others pass null through.
    fn takes_null(&self) -> bool {
        matches!(
            self,
            Self::Default { .. } | Self::Equals { .. } | Self::IsEmpty
        )
    }

    /// The value that the function makes of `value`.
    #[inline]
    pub(crate) fn apply<'a>(&'a self, value: Value<'a>, run: &Run<'a>) -> Made<Value<'a>> {
        match value {
            Value::Failed => return Ok(Value::Failed),
            Value::Null if !self.takes_null() => return Ok(Value::Null),
            _ => {}
        }
        match self {
            Self::Trim => trim::apply(value),
            Self::CollapseSpaces => collapse_spaces::apply(value, run),
            Self::Upper => upper::apply(value, run),
            Self::Lower => lower::apply(value, run),
            Self::PadLeft { length, sign } => pad_left::apply(value, *length, *sign, run),
            Self::Truncate { length, warn } => truncate::apply(value, *length, *warn, run),
            Self::Substring { start, length } => substring::apply(value, *start, *length),
            Self::Replace { search, with } => replace::apply(value, search, with, run),
            Self::RemoveChars { chars } => remove_chars::apply(value, chars, run),
            Self::Template { pieces } => template::apply(value, pieces, run),
            Self::Matches { regex } => matches::apply(value, regex),
            Self::ToString => to_string::apply(value, run),
            Self::ToInt { locale } => to_int::apply(value, *locale),
            Self::ToDecimal { locale } => to_decimal::apply(value, *locale),
            Self::ToBool { yes, no } => to_bool::apply(value, yes, no),
            Self::Round { scale, mode } => round::apply(value, *scale, *mode),
            Self::Abs => abs::apply(value),
            Self::Range { min, max } => range::apply(value, *min, *max),
            Self::Enum { values } => enum_of::apply(value, values),
            Self::Lookup {
                table,
                with,
                on_miss,
            } => lookup::apply(value, *table, with, on_miss, run),
            Self::Default { value: default } => default::apply(value, default),
            Self::Equals { value: other } => equals::apply(value, other),
            Self::In { values } => in_list::apply(value, values),
            Self::IsEmpty => is_empty::apply(value),
            Self::DateParse { formats, names } => date_parse::apply(value, formats, names),
            Self::DateFormat { pattern } => date_format::apply(value, pattern, run),
        }
    }
}
