//! A mapped record read as far as needed: what is to be done with it, what it is called, and its text
//! without the word that said so. Numbers keep their digits: everything else is pasted as it came.

use std::borrow::Cow;

use tributary_http_json::pointer::{at, quoted, scalar};
use tributary_http_json::raw;

use crate::config::{Action, Config};

/// Code of a record whose action is not known.
pub const ACTION_UNKNOWN: &str = "action_unknown";
/// Code of a record that cannot be asked for or named in a path.
pub const VALUE_MISSING: &str = "value_missing";

/// What a transaction is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    pub company: Option<String>,
    pub code: String,
}

/// A record, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    pub action: Action,
    /// `None`: the record has no code that can stand in a path
    pub name: Option<Name>,
    /// what is sent
    pub text: Cow<'a, str>,
}

/// Why a record is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub code: &'static str,
    pub message: String,
    /// JSON Pointer into the record
    pub field: Option<String>,
}

/// Reads a record.
///
/// # Errors
/// What it says of its action makes no sense.
pub fn read<'a>(config: &Config, text: &'a str) -> Result<Record<'a>, Refused> {
    let (action, text) = match &config.action_field {
        None => (config.action, Cow::Borrowed(text)),
        Some(pointer) => action(config, pointer, text)?,
    };
    let name = name(&text);
    Ok(Record { action, name, text })
}

fn action<'a>(
    config: &Config,
    pointer: &str,
    text: &'a str,
) -> Result<(Action, Cow<'a, str>), Refused> {
    let Some(said) = at(text, pointer).map(str::trim) else {
        return Ok((config.action, Cow::Borrowed(text)));
    };
    let action = match said {
        "null" => Some(config.action),
        said if said.starts_with('"') => scalar(said).and_then(|word| Action::parse(&word)),
        _ => None,
    };
    let Some(action) = action else {
        let said: String = said.chars().take(60).collect();
        return Err(Refused {
            code: ACTION_UNKNOWN,
            message: format!(
                "{said} is no action; allowed are \"create\", \"adjust\", \"void\", \"calculate\""
            ),
            field: Some(pointer.to_owned()),
        });
    };
    let rest = without(text, pointer).map_or(Cow::Borrowed(text), Cow::Owned);
    Ok((action, rest))
}

/// What TAXMAN finds the transaction by, if a path can hold it.
fn name(text: &str) -> Option<Name> {
    let code = at(text, "/code").and_then(scalar)?;
    // The last two would be steps of a path, however they are escaped.
    if code.trim().is_empty() || matches!(code.as_str(), "." | "..") {
        return None;
    }
    Some(Name {
        company: at(text, "/company_code").and_then(scalar),
        code,
    })
}

/// The text without the member at the pointer; `None` if there is none.
fn without(text: &str, pointer: &str) -> Option<String> {
    let (token, rest) = match pointer.get(1..)?.split_once('/') {
        Some((token, rest)) => (token, Some(rest)),
        None => (pointer.get(1..)?, None),
    };
    let token = token.replace("~1", "/").replace("~0", "~");
    if let Some(items) = raw::items(text) {
        // An element of an array is followed, but never taken out: the others would move.
        let number: usize = token.parse().ok()?;
        let below = without(items.get(number)?, &format!("/{}", rest?))?;
        let parts: Vec<&str> = (0..)
            .zip(items)
            .map(|(place, item)| {
                if place == number {
                    below.as_str()
                } else {
                    item
                }
            })
            .collect();
        return Some(format!("[{}]", parts.join(",")));
    }
    let mut out = String::with_capacity(text.len());
    let mut found = false;
    for (name, value) in raw::members(text)? {
        let here = name == token;
        let below = match (here, rest) {
            (false, _) => None,
            (true, None) => {
                found = true;
                continue;
            }
            (true, Some(rest)) => without(value, &format!("/{rest}")),
        };
        found |= below.is_some();
        out.push(if out.is_empty() { '{' } else { ',' });
        out.push_str(&quoted(&name));
        out.push(':');
        out.push_str(below.as_deref().unwrap_or(value));
    }
    if out.is_empty() {
        out.push('{');
    }
    out.push('}');
    found.then_some(out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn config(pointer: &str) -> Config {
        Config {
            action_field: Some(pointer.to_owned()),
            ..Config::default()
        }
    }

    #[test]
    fn the_word_is_read_and_left_out_and_the_rest_keeps_its_digits() {
        for (pointer, text, action, rest) in [
            (
                "/action",
                "{\"code\": \"A\",\"action\":\"void\",\"n\": 1.10}",
                Action::Void,
                "{\"code\":\"A\",\"n\":1.10}",
            ),
            ("/action", "{\"action\":\"adjust\"}", Action::Adjust, "{}"),
            (
                "/action",
                "{\"action\":null,\"n\":1}",
                Action::Create,
                "{\"n\":1}",
            ),
            ("/action", "{\"n\": 1e2}", Action::Create, "{\"n\": 1e2}"),
            (
                "/meta/a~1b",
                "{\"meta\":{\"x\":0.0,\"a/b\":\"calculate\"},\"n\":2.50}",
                Action::Calculate,
                "{\"meta\":{\"x\":0.0},\"n\":2.50}",
            ),
            (
                "/list/1/do",
                "{\"list\":[{\"do\":\"x\"},{\"do\":\"void\",\"k\":1.0}]}",
                Action::Void,
                "{\"list\":[{\"do\":\"x\"},{\"k\":1.0}]}",
            ),
        ] {
            let record = read(&config(pointer), text).unwrap();
            assert_eq!(
                (record.action, record.text.as_ref()),
                (action, rest),
                "{text}"
            );
        }
    }

    #[test]
    fn another_word_is_refused_with_its_field() {
        for said in ["\"delete\"", "\"Void\"", "1", "true", "{}", "\"\""] {
            let refused = read(&config("/a"), &format!("{{\"a\":{said}}}")).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some("/a"));
            assert!(refused.message.contains(said), "{}", refused.message);
            assert!(
                refused.message.contains("\"calculate\""),
                "{}",
                refused.message
            );
        }
    }

    #[test]
    fn a_name_must_be_able_to_stand_in_a_path() {
        let of = |text: &str| read(&Config::default(), text).unwrap().name;
        let name = of("{\"code\":\"A/1\",\"company_code\":\"C\"}").unwrap();
        assert_eq!(
            (name.code.as_str(), name.company.as_deref()),
            ("A/1", Some("C"))
        );
        assert_eq!(of("{\"code\":7}").unwrap().code, "7");
        for text in [
            "{}",
            "{\"code\":\"..\"}",
            "{\"code\":\" \"}",
            "{\"code\":null}",
            "[]",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
