//! Values with `__class__`, as Tryton writes what JSON has no type for, made plain: decimals with all
//! their digits, dates and times in ISO 8601 (instants in UTC), bytes as base64. And an instant the other
//! way round, for domains.

use tributary_http_json::pointer::{quoted, scalar};
use tributary_http_json::raw::{MAX_DEPTH, items, members, push_line};
use tributary_sdk::serde_json::{self, Value, json, value::RawValue};

/// A record as one line of JSON.
pub fn plain(record: &str) -> String {
    let mut out = String::with_capacity(record.len());
    write(record, 0, &mut out);
    out
}

fn write(value: &str, depth: usize, out: &mut String) {
    let first = value.trim_start().as_bytes().first();
    match first {
        Some(b'{') if depth < MAX_DEPTH => match members(value) {
            Some(all) => match of_class(&all) {
                Some(text) => out.push_str(&text),
                None => write_members(&all, depth, out),
            },
            None => push_line(out, value),
        },
        Some(b'[') if depth < MAX_DEPTH => {
            out.push('[');
            for (number, item) in items(value).unwrap_or_default().into_iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                write(item, depth + 1, out);
            }
            out.push(']');
        }
        _ => push_line(out, value),
    }
}

/// A relation that was asked for by `party.name` comes under `party.`; it loses the point unless the
/// relation itself was asked for too.
fn write_members(all: &[(String, &str)], depth: usize, out: &mut String) {
    out.push('{');
    for (number, (name, value)) in all.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        let bare = name.strip_suffix('.').unwrap_or(name);
        let taken = bare != name && all.iter().any(|(other, _)| other == bare);
        out.push_str(&quoted(if taken { name } else { bare }));
        out.push(':');
        write(value, depth + 1, out);
    }
    out.push('}');
}

/// The JSON of a typed value. None: it is an object like any other.
fn of_class(all: &[(String, &str)]) -> Option<String> {
    let get = |name: &str| all.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
    let text = |name: &str| get(name).and_then(scalar);
    let number = |name: &str| text(name).and_then(|text| text.parse::<u32>().ok());
    let class = text("__class__")?;
    let date = || {
        Some(format!(
            "{:04}-{:02}-{:02}",
            number("year")?,
            number("month")?,
            number("day")?
        ))
    };
    let time = || {
        let fraction = match number("microsecond").unwrap_or(0) {
            0 => String::new(),
            micros => format!(".{micros:06}"),
        };
        Some(format!(
            "{:02}:{:02}:{:02}{fraction}",
            number("hour")?,
            number("minute")?,
            number("second")?
        ))
    };
    match class.as_str() {
        "Decimal" => {
            let digits = text("decimal")?;
            // NaN and Infinity are no JSON numbers; they stay a text, and the mapping says so
            match serde_json::from_str::<&RawValue>(&digits) {
                Ok(_)
                    if digits
                        .starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) =>
                {
                    Some(digits)
                }
                _ => Some(quoted(&digits)),
            }
        }
        "date" => Some(quoted(&date()?)),
        "time" => Some(quoted(&time()?)),
        "datetime" => Some(quoted(&format!("{}T{}Z", date()?, time()?))),
        "timedelta" => get("seconds").map(|seconds| seconds.trim().to_owned()),
        "bytes" => text("base64").map(|base64| quoted(&base64)),
        _ => None,
    }
}

/// `2026-11-20T09:33:45.999768Z` as Tryton reads it.
pub fn datetime(text: &str) -> Option<Value> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let fraction = match text.get(19..)?.strip_prefix('.') {
        None => 0,
        Some(rest) => {
            let digits: String = rest
                .chars()
                .take_while(char::is_ascii_digit)
                .take(6)
                .collect();
            format!("{digits:0<6}").parse().ok()?
        }
    };
    Some(json!({
        "__class__": "datetime",
        "year": number(0..4)?, "month": number(5..7)?, "day": number(8..10)?,
        "hour": number(11..13)?, "minute": number(14..16)?, "second": number(17..19)?,
        "microsecond": fraction,
    }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    #[test]
    fn typed_values_become_plain_and_keep_their_digits() {
        let record = r#"{"id": 1, "total": {"__class__": "Decimal", "decimal": "12345678901234567890.10"}, "odd": {"__class__":"Decimal","decimal":"NaN"},
            "big": {"__class__":"Decimal","decimal":"1E+3"}, "day": {"__class__":"date","year":2026,"month":1,"day":2}, "q": 2.0,
            "at": {"__class__":"datetime","year":2026,"month":11,"day":20,"hour":9,"minute":3,"second":45,"microsecond":999768},
            "clock": {"__class__":"time","hour":1,"minute":2,"second":3,"microsecond":0}, "took": {"__class__":"timedelta","seconds":1.5},
            "file": {"__class__":"bytes","base64":"aGk="}, "party.": {"name": "x", "id": 3}, "lines": [1, 2], "item.": {"id": 9}, "item": 9, "other": {"__class__": "new"}}"#;
        assert_eq!(
            plain(record),
            r#"{"id":1,"total":12345678901234567890.10,"odd":"NaN","big":1E+3,"day":"2026-01-02","q":2.0,"at":"2026-11-20T09:03:45.999768Z","clock":"01:02:03","took":1.5,"file":"aGk=","party":{"name":"x","id":3},"lines":[1,2],"item.":{"id":9},"item":9,"other":{"__class__":"new"}}"#
        );
    }

    #[test]
    fn instants_go_back_as_they_came() {
        let value = datetime("2026-11-20T09:33:45.999768Z").unwrap();
        assert_eq!(plain(&value.to_string()), "\"2026-11-20T09:33:45.999768Z\"");
        assert_eq!(datetime("2026-11-20T09:33:45Z").unwrap()["microsecond"], 0);
        assert_eq!(
            datetime("2026-11-20T09:33:45.5Z").unwrap()["microsecond"],
            500_000
        );
        for text in ["", "2026-11-20", "yesterday at some time or other"] {
            assert_eq!(datetime(text), None, "{text}");
        }
    }
}
