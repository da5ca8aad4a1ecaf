//! The types that fields write: read from the document, in words, and what makes one of another.

use crate::plan::OutputType;
use crate::value::Kind;

/// What to add so that one kind becomes another.
pub(crate) fn conversion(from: Kind, to: Kind) -> String {
    match (from, to) {
        (Kind::Text, Kind::Number) => "add to_decimal or to_int before".to_owned(),
        (Kind::Text, Kind::Date) => "add date_parse before".to_owned(),
        (Kind::Text, Kind::Bool) => "add to_bool or equals before".to_owned(),
        (Kind::Date, Kind::Text) => "add date_format or to_string before".to_owned(),
        (Kind::List, _) => {
            "name one value ([0]), combine them, or use the type array(…)".to_owned()
        }
        (_, Kind::Text) => "add to_string before".to_owned(),
        _ => format!("make a {} of it before, or change the type", to.word()),
    }
}

/// Longest text of a type: it ends the recursion over arrays of arrays.
const MAX_TYPE_LENGTH: usize = 64;

pub(super) fn parse_type(text: &str, values: &[String]) -> Option<OutputType> {
    if text.len() > MAX_TYPE_LENGTH {
        return None;
    }
    if let Some(inner) = text.strip_prefix("array(") {
        let inner = parse_type(inner.strip_suffix(')')?, values)?;
        return Some(OutputType::Array(Box::new(inner)));
    }
    let (name, inner) = match text.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')')?)),
        None => (text, None),
    };
    match (name, inner) {
        ("string", None) => Some(OutputType::Text { max: None }),
        ("string", Some(max)) => Some(OutputType::Text {
            max: Some(max.parse().ok()?),
        }),
        ("enum", None) => Some(OutputType::Enum {
            values: values.into(),
        }),
        ("int", None) => Some(OutputType::Int),
        ("bool", None) => Some(OutputType::Bool),
        ("date", None) => Some(OutputType::Date),
        ("datetime", None) => Some(OutputType::DateTime),
        ("json", None) => Some(OutputType::Json),
        ("decimal", None) => Some(OutputType::Decimal { size: None }),
        ("decimal", Some(inner)) => {
            let (digits, scale) = inner.split_once(',')?;
            let (digits, scale): (u8, u8) = (digits.parse().ok()?, scale.parse().ok()?);
            let valid = (1..=crate::decimal::MAX_DIGITS).contains(&digits) && scale <= digits;
            valid.then_some(OutputType::Decimal {
                size: Some((digits, scale)),
            })
        }
        _ => None,
    }
}

impl OutputType {
    /// The kind of value that this type writes.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Text { .. } | Self::Enum { .. } => Kind::Text,
            Self::Int | Self::Decimal { .. } => Kind::Number,
            Self::Bool => Kind::Bool,
            Self::Date => Kind::Date,
            Self::DateTime => Kind::DateTime,
            Self::Json => Kind::Any,
            Self::Array(_) => Kind::List,
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Decimal { .. })
    }

    /// The type as the document writes it.
    pub(crate) fn word(&self) -> String {
        match self {
            Self::Text { max: None } => "string".to_owned(),
            Self::Text { max: Some(max) } => format!("string({max})"),
            Self::Enum { .. } => "enum".to_owned(),
            Self::Int => "int".to_owned(),
            Self::Decimal { size: None } => "decimal".to_owned(),
            Self::Decimal {
                size: Some((digits, scale)),
            } => format!("decimal({digits},{scale})"),
            Self::Bool => "bool".to_owned(),
            Self::Date => "date".to_owned(),
            Self::DateTime => "datetime".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Array(inner) => format!("array({})", inner.word()),
        }
    }
}
