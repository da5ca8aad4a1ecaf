//! Texts with `{key}` (the platform's key of the record) and `{/pointer}` (a value of the record);
//! `{{` and `}}` are braces. In a body, a text that is nothing but `{record}`, `{records}` or
//! `{/pointer}` becomes that JSON as it stands, digit for digit.

use tributary_http_json::link::escaped;
use tributary_http_json::pointer::{at, quoted, scalar};
use tributary_sdk::serde_json::Value;

/// A record on its way.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub text: &'a str,
    pub key: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Key,
    /// JSON Pointer into the record
    Value(String),
}

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Vec<Piece>);

/// Where a filled text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// values are percent-encoded, so that each is one segment
    Path,
    /// values lose their control characters, which would break a header
    Line,
    /// values stay as they are
    Text,
}

impl Text {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if from.starts_with("{{") || from.starts_with("}}") {
                let (brace, after) = from.split_at(2);
                plain.push_str(brace.get(..1).unwrap_or_default());
                rest = after;
                continue;
            }
            let name = from.strip_prefix('{').and_then(|from| from.split_once('}'));
            let (name, after) = name.ok_or_else(|| {
                format!(
                    "{text:?} has a brace without its other half; a brace itself is {{{{ or }}}}"
                )
            })?;
            pieces.push(Piece::Plain(std::mem::take(&mut plain)));
            pieces.push(match name {
                "key" => Piece::Key,
                _ if name.starts_with('/') => Piece::Value(name.to_owned()),
                _ => {
                    return Err(format!(
                        "there is no value {{{name}}}; there are {{key}} and values of the record by JSON Pointer, for example {{/customer/id}}"
                    ));
                }
            });
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Plain(plain));
        pieces.retain(|piece| !matches!(piece, Piece::Plain(text) if text.is_empty()));
        Ok(Self(pieces))
    }

    /// Whether it takes something of a record.
    pub fn has_values(&self) -> bool {
        self.0.iter().any(|piece| !matches!(piece, Piece::Plain(_)))
    }

    /// The text with its values; else the pointer at which the record has no scalar.
    pub fn fill(&self, row: Row<'_>, place: Place) -> Result<String, String> {
        let mut out = String::new();
        for piece in &self.0 {
            let value = match piece {
                Piece::Plain(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Key => row.key.to_owned(),
                Piece::Value(pointer) => at(row.text, pointer)
                    .and_then(scalar)
                    .ok_or_else(|| pointer.clone())?,
            };
            match place {
                // a segment of dots would lead elsewhere, and none at all to the collection
                Place::Path if value.is_empty() || value == "." || value == ".." => {
                    let Piece::Value(pointer) = piece else {
                        return Err("the key".to_owned());
                    };
                    return Err(pointer.clone());
                }
                Place::Path => out.push_str(&escaped(&value)),
                Place::Line => out.extend(value.chars().filter(|c| !c.is_control())),
                Place::Text => out.push_str(&value),
            }
        }
        Ok(out)
    }

    fn only_value(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Value(pointer)] => Some(pointer),
            _ => None,
        }
    }
}

/// A body that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Record,
    Records,
    Text(Text),
    /// JSON as it stands
    Raw(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads a body.
    pub fn parse(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) if text == "{record}" => Self::Record,
            Value::String(text) if text == "{records}" => Self::Records,
            Value::String(text) => Self::Text(Text::parse(text)?),
            Value::Array(items) => {
                Self::Array(items.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let node = |(name, value): (&String, &Value)| {
                    Ok::<_, String>((name.clone(), Self::parse(value)?))
                };
                Self::Object(members.iter().map(node).collect::<Result<_, _>>()?)
            }
            other => Self::Raw(other.to_string()),
        })
    }

    fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::Array(items) => items.iter().any(|item| item.any(test)),
                Self::Object(members) => members.iter().any(|(_, member)| member.any(test)),
                _ => false,
            }
    }

    pub fn has_records(&self) -> bool {
        self.any(&|node| *node == Self::Records)
    }

    pub fn has_values(&self) -> bool {
        self.any(&|node| match node {
            Self::Record => true,
            Self::Text(text) => text.has_values(),
            _ => false,
        })
    }

    pub fn has_key(&self) -> bool {
        self.any(&|node| matches!(node, Self::Text(text) if text.0.contains(&Piece::Key)))
    }

    /// Writes the body; false and nothing if the record lacks the value.
    pub fn write(&self, row: Option<Row<'_>>, records: &str, out: &mut String) -> bool {
        match self {
            Self::Record => out.push_str(row.map_or("null", |row| row.text.trim())),
            Self::Records => out.push_str(records),
            Self::Raw(json) => out.push_str(json),
            Self::Text(text) => {
                let row = row.unwrap_or(Row { text: "", key: "" });
                if let Some(pointer) = text.only_value() {
                    let Some(found) = at(row.text, pointer) else {
                        return false;
                    };
                    out.push_str(found.trim());
                    return true;
                }
                let Ok(filled) = text.fill(row, Place::Text) else {
                    return false;
                };
                out.push_str(&quoted(&filled));
            }
            Self::Array(items) => {
                out.push('[');
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    if !item.write(row, records, out) {
                        out.push_str("null");
                    }
                }
                out.push(']');
            }
            Self::Object(members) => write_members(members, row, records, out),
        }
        true
    }
}

/// A member without its value is left out.
fn write_members(
    members: &[(String, Node)],
    row: Option<Row<'_>>,
    records: &str,
    out: &mut String,
) {
    out.push('{');
    let mut first = true;
    for (name, member) in members {
        let start = out.len();
        if !first {
            out.push(',');
        }
        out.push_str(&quoted(name));
        out.push(':');
        match member.write(row, records, out) {
            true => first = false,
            false => out.truncate(start),
        }
    }
    out.push('}');
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tributary_sdk::serde_json::json;

    use super::*;

    const ROW: Row<'static> = Row {
        text: "{\"id\": \"a/b ü\", \"n\": 1.10, \"evil\": \"x\\r\\nHost: y\", \"up\": \"..\", \"none\": null}",
        key: "k\"1",
    };

    #[test]
    fn values_are_fit_for_their_place() {
        let fill = |text: &str, place| Text::parse(text).unwrap().fill(ROW, place);
        assert_eq!(
            fill("o/{/id}/{{x}}/{/n}", Place::Path).unwrap(),
            "o/a%2Fb%20%C3%BC/{x}/1.10"
        );
        assert_eq!(fill("{/evil}", Place::Line).unwrap(), "xHost: y");
        assert_eq!(fill("{key}", Place::Text).unwrap(), "k\"1");
        for (text, pointer) in [
            ("o/{/up}", "/up"),
            ("o/{/none}", "/none"),
            ("o/{/gone}", "/gone"),
        ] {
            assert_eq!(fill(text, Place::Path).unwrap_err(), pointer);
        }
        for text in ["{", "}", "{id}", "{record} "] {
            assert!(Text::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bodies_have_the_record_s_own_digits() {
        let body = json!({
            "all": "{record}", "n": "{/n}", "text": "no {/n}", "gone": "{/gone}", "gone too": "a{/gone}",
            "key": "{key}", "fixed": 1, "list": ["{/gone}", "{/id}"],
        });
        let mut out = String::new();
        assert!(Node::parse(&body).unwrap().write(Some(ROW), "", &mut out));
        let members = tributary_http_json::raw::members(&out).unwrap();
        let member = |name: &str| members.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        assert_eq!(member("all"), Some(ROW.text));
        assert_eq!(member("n"), Some("1.10"));
        assert_eq!(member("text"), Some("\"no 1.10\""));
        assert_eq!((member("gone"), member("gone too")), (None, None));
        assert_eq!(member("key"), Some("\"k\\\"1\""));
        assert_eq!(member("list"), Some("[null,\"a/b ü\"]"));
    }
}
