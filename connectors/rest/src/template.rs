//! Texts with `{since}` and `{parent}`; `{{` and `}}` are braces. A text that names a value that
//! there is not is left out as a whole: a first run has no `{since}`.

use tributary_sdk::serde_json::Value;

/// The values of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values<'a> {
    pub since: Option<&'a str>,
    pub parent: Option<&'a str>,
}

#[derive(Debug)]
enum Piece<'a> {
    Text(&'a str),
    Since,
    Parent,
}

/// A text that was read.
#[derive(Debug)]
pub struct Template<'a>(Vec<Piece<'a>>);

impl<'a> Template<'a> {
    /// Reads a text that may name these values.
    pub fn parse(text: &'a str, names: &[&str]) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            pieces.push(Piece::Text(before));
            if from.starts_with("{{") || from.starts_with("}}") {
                let (brace, after) = from.split_at(2);
                pieces.push(Piece::Text(brace.get(..1).unwrap_or_default()));
                rest = after;
                continue;
            }
            let name = from.strip_prefix('{').and_then(|from| from.split_once('}'));
            let (name, after) = name.ok_or_else(|| {
                format!(
                    "{text:?} has a brace without its other half; a brace itself is {{{{ or }}}}"
                )
            })?;
            pieces.push(match name {
                "since" if names.contains(&name) => Piece::Since,
                "parent" if names.contains(&name) => Piece::Parent,
                "since" => return Err("{since} needs `incremental`".to_owned()),
                "parent" => return Err("{parent} needs `parent`".to_owned()),
                _ => {
                    return Err(format!(
                        "there is no value {{{name}}}; there are {{since}} and {{parent}}"
                    ));
                }
            });
            rest = after;
        }
        pieces.push(Piece::Text(rest));
        Ok(Self(pieces))
    }

    fn fill(&self, values: Values<'_>) -> Option<String> {
        let mut out = String::new();
        for piece in &self.0 {
            out.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Since => values.since?,
                Piece::Parent => values.parent?,
            });
        }
        Some(out)
    }
}

/// A text with its values, `None` if one of them is not there.
pub fn fill(text: &str, values: Values<'_>) -> Option<String> {
    match Template::parse(text, &["since", "parent"]) {
        Ok(template) => template.fill(values),
        // a text that is no template is checked before; it stays as it is
        Err(_) => Some(text.to_owned()),
    }
}

/// A body with its texts filled; members and elements without a value are left out.
pub fn fill_value(value: &Value, values: Values<'_>) -> Option<Value> {
    Some(match value {
        Value::String(text) => Value::String(fill(text, values)?),
        Value::Array(items) => {
            let filled = items.iter().filter_map(|item| fill_value(item, values));
            Value::Array(filled.collect())
        }
        Value::Object(members) => {
            let filled = members
                .iter()
                .filter_map(|(name, member)| Some((name.clone(), fill_value(member, values)?)));
            Value::Object(filled.collect())
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use tributary_sdk::serde_json::json;

    use super::*;

    #[test]
    fn values_are_filled_and_what_lacks_one_is_left_out() {
        let both = Values {
            since: Some("5"),
            parent: Some("a/b"),
        };
        assert_eq!(
            fill("x/{parent}/{{y}}?{since}", both).unwrap(),
            "x/a/b/{y}?5"
        );
        assert_eq!(fill("{since}", Values::default()), None);
        assert_eq!(fill("plain", Values::default()).unwrap(), "plain");
        let body = json!({"a": "{since}", "b": ["x", "{parent}", 1], "c": {"d": "{since}"}});
        let only_parent = Values {
            parent: Some("7"),
            since: None,
        };
        assert_eq!(
            fill_value(&body, only_parent).unwrap(),
            json!({"b": ["x", "7", 1], "c": {}})
        );
        for text in ["{", "}", "{x}", "{since}"] {
            assert!(Template::parse(text, &["parent"]).is_err(), "{text}");
        }
    }
}
