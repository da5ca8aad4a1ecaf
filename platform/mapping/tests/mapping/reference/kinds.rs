//! The types of fields in the reference: what fits them, how they are written, and how the values of
//! several rows become one.

use tributary_mapping::document::{Combine, Field};

use super::number::Number;
use super::value::{Made, Value, constant, written_date};

/// One value of those of all rows.
pub(super) fn combined(rule: Combine, separator: &str, values: Vec<Made<Value>>) -> Made<Value> {
    let mut sofar = Value::Null;
    let mut texts: Vec<String> = Vec::new();
    for (number, next) in values.into_iter().enumerate() {
        let next = next?;
        if matches!(sofar, Value::Failed) || matches!(next, Value::Failed) {
            sofar = Value::Failed;
            continue;
        }
        sofar =
            match (rule, sofar, next) {
                (Combine::Same, sofar, next) if number == 0 || sofar.same(&next)? => {
                    if number == 0 { next } else { sofar }
                }
                (Combine::Same, ..) => return Err("group_conflict"),
                (_, sofar, Value::Null) => sofar,
                (Combine::Join, sofar, next) => {
                    if sofar.is_null() {
                        texts.extend(next.text());
                        next
                    } else {
                        sofar.text()?;
                        let text = next.text()?;
                        if !texts.contains(&text) {
                            texts.push(text);
                        }
                        Value::Text(texts.join(separator))
                    }
                }
                (_, Value::Null, next) | (Combine::Last, _, next) => next,
                (Combine::First, sofar, _) => sofar,
                (Combine::Sum, sofar, next) => Value::Number(
                    sofar
                        .number()?
                        .add(&next.number()?)
                        .ok_or("formula_failed")?,
                ),
                (Combine::Min, sofar, next) => {
                    if next.order(&sofar)?.is_lt() {
                        next
                    } else {
                        sofar
                    }
                }
                (Combine::Max, sofar, next) => {
                    if next.order(&sofar)?.is_gt() {
                        next
                    } else {
                        sofar
                    }
                }
            };
    }
    Ok(sofar)
}

/// A constant in the type of the field: numbers and dates may be written as text.
pub(super) fn typed(field: &Field, json: &serde_json::Value) -> Value {
    let kind = field.kind.as_deref().unwrap();
    match json.as_str() {
        Some(text) if kind == "int" || kind.starts_with("decimal") => {
            Value::Number(Number::parse(text).unwrap())
        }
        Some(text) if kind == "date" => {
            let parts: Vec<u32> = text.split('-').map(|part| part.parse().unwrap()).collect();
            Value::Date(parts[0], parts[1], parts[2])
        }
        _ => constant(json),
    }
}

/// Whether the value fits the type; nothing is converted.
pub(super) fn fit(field: &Field, value: Value) -> Made<Value> {
    if field.required && value.is_null() {
        return Err("value_missing");
    }
    if matches!(value, Value::Failed | Value::Null) {
        return Ok(value);
    }
    let kind = field.kind.as_deref().unwrap();
    let (name, sizes) = kind.split_once('(').unwrap_or((kind, ""));
    let sizes: Vec<usize> = sizes
        .trim_end_matches(')')
        .split(',')
        .filter_map(|size| size.parse().ok())
        .collect();
    match (name, sizes.as_slice()) {
        ("string", []) => value.text().map(Value::Text),
        ("string", [most, ..]) if value.text()?.chars().count() > *most => Err("text_too_long"),
        ("string", _) => value.text().map(Value::Text),
        ("enum", _) if !field.values.is_empty() && !field.values.contains(&value.text()?) => {
            Err("enum_mismatch")
        }
        ("enum", _) => value.text().map(Value::Text),
        ("int", _) => Some(value.number()?)
            .filter(Number::is_whole)
            .map(Value::Number)
            .ok_or("number_invalid"),
        ("decimal", []) => value.number().map(Value::Number),
        ("decimal", sizes) => {
            let number = value.number()?;
            let fits = number.decimals() <= sizes[1]
                && number.digits_before_point() <= sizes[0] - sizes[1];
            // zeros that the type has no room for are gone
            let number = if number.scale() > sizes[1] {
                number.normalized()
            } else {
                number
            };
            fits.then_some(Value::Number(number)).ok_or("number_range")
        }
        ("bool", _) if matches!(value, Value::Bool(_)) => Ok(value),
        ("date", _) if matches!(value, Value::Date(..)) => Ok(value),
        ("json", _) => Ok(value),
        _ => Err("value_invalid"),
    }
}

/// The value as it is written.
pub(super) fn shown(kind: &str, value: &Value) -> String {
    match value {
        Value::Failed => panic!("a failed value is never written"),
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Text(text) => serde_json::to_string(text).unwrap(),
        Value::Digits(text) | Value::Copy(text) => text.clone(),
        Value::Date(..) => format!("\"{}\"", written_date(value)),
        Value::Number(number) => match kind.split_once(',') {
            Some((_, scale)) => number.with_decimals(scale.trim_end_matches(')').parse().unwrap()),
            None => number.normalized().text(),
        },
    }
}
