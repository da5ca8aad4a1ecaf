//! Values of the reference, the JSON trees they come from, and functions by the words of
//! `platform/docs/mapping/functions.md`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::number::{Fault, Number};

/// A JSON value with the text that it was written as.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) text: String,
    pub(super) kind: TreeKind,
}

#[derive(Debug, Clone)]
pub(super) enum TreeKind {
    Null,
    Bool(bool),
    Number,
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

/// One step of a path.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Name(String),
    Index(usize),
}

impl Tree {
    pub(super) fn at(&self, path: &[Step]) -> Option<&Self> {
        let mut tree = self;
        for step in path {
            tree = match (step, &tree.kind) {
                (Step::Name(name), TreeKind::Object(members)) => members
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, member)| member)?,
                (Step::Index(index), TreeKind::Array(elements)) => elements.get(*index)?,
                _ => return None,
            };
        }
        Some(tree)
    }
}

/// A value on its way.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// something that it needs has failed and has been told already
    Failed,
    Null,
    Bool(bool),
    Text(String),
    /// digits of the source, not yet looked at
    Digits(String),
    Number(Number),
    Date(u32, u32, u32),
    /// an object or array as it is
    Copy(String),
}

/// The code of what went wrong.
pub(super) type Made<T> = Result<T, &'static str>;

/// What functions know besides their value.
pub(super) struct Facts<'a> {
    pub(super) locale: &'a str,
    pub(super) lookups: &'a BTreeMap<String, BTreeMap<String, String>>,
}

fn decoded(digits: &str) -> Made<Number> {
    Number::parse(digits).map_err(told)
}

fn told(fault: Fault) -> &'static str {
    match fault {
        Fault::Invalid => "number_invalid",
        Fault::TooLarge => "number_range",
    }
}

impl Value {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) fn text(&self) -> Made<String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            _ => Err("value_invalid"),
        }
    }

    pub(super) fn number(&self) -> Made<Number> {
        match self {
            Self::Number(number) => Ok(number.clone()),
            Self::Digits(digits) => decoded(digits),
            _ => Err("number_invalid"),
        }
    }

    fn looked_at(&self) -> Made<Self> {
        match self {
            Self::Digits(digits) => decoded(digits).map(Self::Number),
            other => Ok(other.clone()),
        }
    }

    pub(super) fn same(&self, other: &Self) -> Made<bool> {
        Ok(match (self.looked_at()?, other.looked_at()?) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Text(left), Self::Text(right)) | (Self::Copy(left), Self::Copy(right)) => {
                left == right
            }
            (Self::Number(left), Self::Number(right)) => left.order(&right).is_eq(),
            (Self::Date(y, m, d), Self::Date(a, b, c)) => (y, m, d) == (a, b, c),
            _ => false,
        })
    }

    pub(super) fn order(&self, other: &Self) -> Made<Ordering> {
        match (self.looked_at()?, other.looked_at()?) {
            (Self::Text(left), Self::Text(right)) => Ok(left.cmp(&right)),
            (Self::Number(left), Self::Number(right)) => Ok(left.order(&right)),
            (Self::Date(y, m, d), Self::Date(a, b, c)) => Ok((y, m, d).cmp(&(a, b, c))),
            _ => Err("formula_failed"),
        }
    }
}

/// Reads a number of a text or passes one on.
pub(super) fn number_of(value: &Value, locale: &str) -> Made<Number> {
    let Value::Text(text) = value else {
        return value.number();
    };
    let (point, groups): (char, &[char]) = match locale {
        "de-DE" | "de-AT" => (',', &['.']),
        "en-US" | "en-GB" => ('.', &[',']),
        "fr-FR" => (',', &[' ', '\u{a0}', '\u{202f}']),
        "de-CH" => ('.', &['\'', '\u{2019}']),
        _ => ('.', &[]),
    };
    Number::parse_written(text.trim(), point, groups).map_err(told)
}

fn days(year: u32, month: u32) -> u32 {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `yyyy`, `MM`, `M`, `dd`, `d` and other signs.
fn date(text: &str, format: &str) -> Option<Value> {
    let (mut rest, mut signs) = (text, format);
    let (mut year, mut month, mut day) = (0, 0, 0);
    while !signs.is_empty() {
        let word = ["yyyy", "MM", "M", "dd", "d"]
            .into_iter()
            .find(|word| signs.starts_with(word));
        let Some(word) = word else {
            let sign = signs.chars().next()?;
            rest = rest.strip_prefix(sign)?;
            signs = signs.get(sign.len_utf8()..)?;
            continue;
        };
        signs = signs.get(word.len()..)?;
        let most = if word.len() == 1 { 2 } else { word.len() };
        let length = rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        if length == 0 || (word.len() > 1 && length != word.len()) {
            return None;
        }
        let number = rest.get(..length)?.parse().ok()?;
        rest = rest.get(length..)?;
        match word {
            "yyyy" => year = number,
            "MM" | "M" => month = number,
            _ => day = number,
        }
    }
    let there =
        rest.is_empty() && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    there.then_some(Value::Date(year, month, day))
}

fn in_format(value: &Value, format: &str) -> Made<String> {
    let Value::Date(year, month, day) = value else {
        return Err("date_invalid");
    };
    Ok(match format {
        "dd.MM.yyyy" => format!("{day:02}.{month:02}.{year:04}"),
        "M/d/yyyy" => format!("{month}/{day}/{year:04}"),
        _ => format!("{year:04}-{month:02}-{day:02}"),
    })
}

pub(super) fn written_date(value: &Value) -> String {
    in_format(value, "yyyy-MM-dd").unwrap()
}

fn texts(list: &Json) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap().to_lowercase())
        .collect()
}

/// A constant of the document. Decimals may be written as text where the type is known.
pub(super) fn constant(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => Value::Text(text.clone()),
        number => Value::Number(Number::parse(&number.to_string()).unwrap()),
    }
}

/// What a function makes of a value.
#[expect(
    clippy::too_many_lines,
    reason = "one arm per function: a table reads best in one piece"
)]
pub(super) fn apply(
    name: &str,
    value: &Value,
    arguments: &Map<String, Json>,
    facts: &Facts<'_>,
) -> Made<Value> {
    let argument = |name: &str| {
        arguments
            .get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
    };
    let count = |name: &str| {
        arguments
            .get(name)
            .and_then(Json::as_u64)
            .map(|count| count as usize)
    };
    match name {
        "default" if value.is_null() => return Ok(constant(arguments.get("value").unwrap())),
        "default" => return Ok(value.clone()),
        "is_empty" => {
            let empty = value.is_null() || matches!(value, Value::Text(text) if text.is_empty());
            return Ok(Value::Bool(empty));
        }
        "is_blank" if value.is_null() => return Ok(Value::Bool(true)),
        "equals" => {
            return value
                .same(&constant(arguments.get("value").unwrap()))
                .map(Value::Bool);
        }
        _ if matches!(value, Value::Failed | Value::Null) => return Ok(value.clone()),
        _ => {}
    }
    let text = |made: String| Ok(Value::Text(made));
    match name {
        "to_int" => match number_of(value, facts.locale)? {
            number if number.is_whole() => Ok(Value::Number(number)),
            _ => Err("number_invalid"),
        },
        "to_decimal" => number_of(value, facts.locale).map(Value::Number),
        "to_string" => match value {
            Value::Text(known) => text(known.clone()),
            Value::Bool(truth) => text(truth.to_string()),
            // its digits, however many they are
            Value::Digits(digits) if !digits.contains(['e', 'E']) => text(digits.clone()),
            Value::Digits(_) | Value::Number(_) => text(value.number()?.text()),
            Value::Date(..) => text(written_date(value)),
            _ => Err("value_invalid"),
        },
        "to_bool" => {
            let word = match value {
                Value::Bool(truth) => return Ok(Value::Bool(*truth)),
                other => other.text()?.trim().to_lowercase(),
            };
            match word {
                word if texts(&arguments["true"]).contains(&word) => Ok(Value::Bool(true)),
                word if texts(&arguments["false"]).contains(&word) => Ok(Value::Bool(false)),
                _ => Err("enum_mismatch"),
            }
        }
        "round" => {
            let mode = arguments
                .get("mode")
                .and_then(Json::as_str)
                .unwrap_or("half_up");
            Ok(Value::Number(
                value.number()?.round(count("scale").unwrap(), mode),
            ))
        }
        "abs" => Ok(Value::Number(value.number()?.absolute())),
        "range" => {
            let number = value.number()?;
            let bound = |name: &str| {
                let json = arguments.get(name)?;
                let text = json
                    .as_str()
                    .map_or_else(|| json.to_string(), str::to_owned);
                Some(Number::parse(&text).unwrap())
            };
            let low = bound("min").is_some_and(|min| number.order(&min).is_lt());
            let high = bound("max").is_some_and(|max| number.order(&max).is_gt());
            if low || high {
                Err("number_range")
            } else {
                Ok(Value::Number(number))
            }
        }
        "date_format" => in_format(value, argument("format")).map(Value::Text),
        "date_parse" => {
            let known = value.text()?;
            let formats = arguments["formats"].as_array().unwrap();
            let found = formats
                .iter()
                .find_map(|format| date(&known, format.as_str().unwrap()));
            found.ok_or("date_invalid")
        }
        _ => of_text(name, &value.text()?, arguments, facts),
    }
}

/// Functions that take a text.
fn of_text(
    name: &str,
    value: &str,
    arguments: &Map<String, Json>,
    facts: &Facts<'_>,
) -> Made<Value> {
    let argument = |name: &str| {
        arguments
            .get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
    };
    let count = |name: &str| {
        arguments
            .get(name)
            .and_then(Json::as_u64)
            .map(|count| count as usize)
    };
    let length = value.chars().count();
    let made: String = match name {
        "trim" => value.trim().to_owned(),
        "upper" => value.to_uppercase(),
        "lower" => value.to_lowercase(),
        "collapse_spaces" => value.split_whitespace().collect::<Vec<_>>().join(" "),
        "pad_left" => {
            argument("with").repeat(count("length").unwrap().saturating_sub(length)) + value
        }
        "truncate" => value.chars().take(count("length").unwrap()).collect(),
        "left" => value.chars().take(count("length").unwrap()).collect(),
        "right" => value
            .chars()
            .skip(length.saturating_sub(count("length").unwrap()))
            .collect(),
        "substring" => {
            let most = count("length").unwrap_or(usize::MAX);
            value
                .chars()
                .skip(count("start").unwrap())
                .take(most)
                .collect()
        }
        "replace" => value.replace(argument("search"), argument("with")),
        "remove_chars" => value
            .chars()
            .filter(|sign| !argument("chars").contains(*sign))
            .collect(),
        "before" => value
            .split_once(argument("marker"))
            .map_or(value, |(before, _)| before)
            .to_owned(),
        "after" => value
            .split_once(argument("marker"))
            .map_or(value, |(_, after)| after)
            .to_owned(),
        "ensure_prefix" if value.starts_with(argument("text")) => value.to_owned(),
        "ensure_prefix" => format!("{}{value}", argument("text")),
        "remove_prefix" => value
            .strip_prefix(argument("text"))
            .unwrap_or(value)
            .to_owned(),
        "length" => return Ok(Value::Number(Number::from_count(length))),
        "is_blank" => return Ok(Value::Bool(value.trim().is_empty())),
        "contains" => return Ok(Value::Bool(value.contains(argument("text")))),
        "starts_with" => return Ok(Value::Bool(value.starts_with(argument("text")))),
        "lookup" => match (
            facts.lookups[argument("table")].get(value),
            argument("on_miss"),
        ) {
            (Some(found), _) => found.clone(),
            (None, "null") => return Ok(Value::Null),
            (None, "default") => argument("default").to_owned(),
            _ => return Err("lookup_missing"),
        },
        _ => panic!("the reference does not know the function {name}"),
    };
    Ok(Value::Text(made))
}
