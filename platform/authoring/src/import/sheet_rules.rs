//! The few rules and types that analysts write in the same words everywhere. A rule is understood as a
//! whole or not at all: half a rule would be a wrong one.

use serde_json::{Value, json};
use tributary_mapping::document::Step;
use tributary_mapping::schema::{Node, NodeKind};

use crate::suggest::folded;
use crate::suggest::steps::step;

/// What a rule says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rule {
    pub(super) steps: Vec<Step>,
    pub(super) constant: Option<Value>,
}

/// Words for "take it as it is".
const AS_IT_IS: [&str; 18] = [
    "1:1",
    "1 : 1",
    "1-1",
    "direct",
    "direct mapping",
    "direkt",
    "direkte uebernahme",
    "copy",
    "kopieren",
    "uebernehmen",
    "uebernahme",
    "as is",
    "straight",
    "move",
    "-",
    "none",
    "keine",
    "n/a",
];

/// The rule in the words of the document; `None` if any part of it is not understood.
pub(super) fn rule(text: &str) -> Option<Rule> {
    let mut rule = Rule::default();
    let parts = parts(text);
    for part in &parts {
        let plain = folded(part.trim()).trim_end_matches('.').to_owned();
        if plain.is_empty() || AS_IT_IS.contains(&plain.as_str()) {
            continue;
        }
        if let Some(value) = constant(part) {
            if parts.len() > 1 {
                return None;
            }
            rule.constant = Some(value);
            continue;
        }
        rule.steps.push(function(part.trim(), &plain)?);
    }
    Some(rule)
}

/// A rule's parts: between `;`, `,`, `+`, `|`, line ends and "then", but not inside quotes.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote: Option<char> = None;
    let text = text.replace(" then ", "; ").replace(" dann ", "; ");
    for sign in text.chars() {
        match (quote, sign) {
            (None, '"' | '\'' | '„' | '“') => {
                quote = Some(if sign == '„' { '“' } else { sign })
            }
            (Some(end), sign) if sign == end || (end == '“' && sign == '”') => quote = None,
            _ => {}
        }
        if quote.is_none() && matches!(sign, ';' | ',' | '|' | '\n') {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(sign);
        }
    }
    parts
}

/// `= "DE"`, `constant DE`, `Festwert: DE`, `fix "DE"`, or a text in quotes.
fn constant(part: &str) -> Option<Value> {
    const WORDS: [&str; 10] = [
        "constant",
        "const",
        "konstant",
        "konstante",
        "fixed value",
        "festwert",
        "fixwert",
        "fixed",
        "fix",
        "always",
    ];
    let text = part.trim();
    if let Some(inner) = unquoted(text.trim_start_matches('=').trim()) {
        return Some(Value::from(inner));
    }
    let low = text.to_lowercase();
    let word = WORDS.iter().find(|word| {
        low.strip_prefix(**word)
            .is_some_and(|rest| rest.starts_with([' ', ':', '=']))
    })?;
    let rest = text
        .get(word.len()..)?
        .trim_start_matches([':', '=', ' '])
        .trim();
    (!rest.is_empty()).then(|| Value::from(unquoted(rest).unwrap_or(rest)))
}

/// The text inside of quotes.
pub(super) fn unquoted(text: &str) -> Option<&str> {
    [('"', '"'), ('\'', '\''), ('„', '“'), ('“', '”')]
        .iter()
        .find_map(|(open, close)| {
            let inner = text.strip_prefix(*open)?.strip_suffix(*close)?;
            (!inner.contains(*close)).then_some(inner)
        })
}

fn function(part: &str, plain: &str) -> Option<Step> {
    match plain {
        "trim" | "strip" | "leerzeichen entfernen" | "trimmen" | "remove spaces at ends" => {
            return Some(step("trim", json!({})));
        }
        "upper" | "uppercase" | "upper case" | "to upper" | "toupper" | "grossbuchstaben"
        | "gross schreiben" | "in grossbuchstaben" | "grossschreibung" => {
            return Some(step("upper", json!({})));
        }
        "lower" | "lowercase" | "lower case" | "to lower" | "tolower" | "kleinbuchstaben"
        | "kleinschreibung" => {
            return Some(step("lower", json!({})));
        }
        "absolute" | "abs" | "absolutwert" | "betrag ohne vorzeichen" | "without sign" => {
            return Some(step("abs", json!({})));
        }
        "collapse spaces" | "mehrfache leerzeichen entfernen" => {
            return Some(step("collapse_spaces", json!({})));
        }
        "to text" | "to string" | "als text" | "text" => return Some(step("to_string", json!({}))),
        _ => {}
    }
    cut(plain)
        .or_else(|| fill(plain))
        .or_else(|| rounded(plain))
        .or_else(|| date(part))
        .or_else(|| default(part))
}

/// `max 50`, `truncate 50`, `auf 50 Zeichen kürzen`, `first 50 characters`.
fn cut(plain: &str) -> Option<Step> {
    let (words, number) = words_and_number(plain)?;
    let known = [
        "max",
        "max characters",
        "max zeichen",
        "max chars",
        "truncate",
        "truncate to",
        "truncate to characters",
        "cut to",
        "cut to characters",
        "auf zeichen kuerzen",
        "kuerzen auf",
        "kuerzen auf zeichen",
        "first characters",
        "first chars",
        "erste zeichen",
        "die ersten zeichen",
        "abschneiden nach",
        "abschneiden nach zeichen",
        "left",
    ];
    known
        .contains(&words.as_str())
        .then(|| step("truncate", json!({ "length": number })))
}

/// `leading zeros 10`, `führende Nullen auf 10 Stellen`, `pad 10`.
fn fill(plain: &str) -> Option<Step> {
    let (words, number) = words_and_number(plain)?;
    let known = [
        "leading zeros",
        "leading zeros to",
        "leading zeros to digits",
        "pad",
        "pad left",
        "pad to",
        "zero pad",
        "pad zeros",
        "fuehrende nullen",
        "fuehrende nullen auf stellen",
        "mit fuehrenden nullen auf stellen",
        "fuehrende nullen auf",
        "mit nullen auf stellen auffuellen",
        "lpad",
        "digits with leading zeros",
        "stellig mit fuehrenden nullen",
    ];
    known
        .contains(&words.as_str())
        .then(|| step("pad_left", json!({ "length": number, "with": "0" })))
}

/// `round 2`, `auf 2 Nachkommastellen runden`.
fn rounded(plain: &str) -> Option<Step> {
    let (words, number) = words_and_number(plain)?;
    let known = [
        "round",
        "round to",
        "round to decimals",
        "round to places",
        "round decimals",
        "runden",
        "runden auf",
        "runden auf stellen",
        "auf stellen runden",
        "auf nachkommastellen runden",
        "runden auf nachkommastellen",
        "kaufmaennisch runden auf stellen",
    ];
    let scale = number <= 38 && known.contains(&words.as_str());
    scale.then(|| step("round", json!({ "scale": number })))
}

/// `date dd.MM.yyyy`, `Datum TT.MM.JJJJ`, `DD.MM.YYYY`.
fn date(part: &str) -> Option<Step> {
    let mut rest = part.trim();
    for word in [
        "date format",
        "date",
        "datumsformat",
        "datum",
        "format",
        "parse",
    ] {
        if rest.to_lowercase().starts_with(word)
            && let Some(tail) = rest.get(word.len()..)
        {
            rest = tail.trim_start_matches([':', '=']).trim();
        }
    }
    let rest = rest.trim_matches('"');
    let made: String = rest
        .chars()
        .map(|sign| match sign {
            'J' | 'j' | 'Y' => 'y',
            'T' | 't' | 'D' => 'd',
            'm' => 'M',
            sign => sign,
        })
        .collect();
    let known = [
        "dd.MM.yyyy",
        "d.M.yyyy",
        "yyyy-MM-dd",
        "yyyyMMdd",
        "dd/MM/yyyy",
        "MM/dd/yyyy",
        "yyyy/MM/dd",
        "dd-MM-yyyy",
        "M/d/yyyy",
    ];
    known
        .contains(&made.as_str())
        .then(|| step("date_parse", json!({ "formats": [made] })))
}

/// `default X`, `wenn leer X`, `if empty "X"`.
fn default(part: &str) -> Option<Step> {
    let low = part.to_lowercase();
    let words = [
        "default value",
        "default",
        "wenn leer",
        "falls leer",
        "if empty",
        "if null",
        "sonst",
        "standardwert",
    ];
    let word = words.iter().find(|word| {
        low.strip_prefix(**word)
            .is_some_and(|rest| rest.starts_with([' ', ':', '=']))
    })?;
    let rest = part
        .get(word.len()..)?
        .trim_start_matches([':', '=', ' '])
        .trim();
    let value = unquoted(rest).unwrap_or(rest);
    // more than one word without quotes is a sentence, not a value
    let one = !value.is_empty() && (unquoted(rest).is_some() || !value.contains(' '));
    one.then(|| step("default", json!({ "value": value })))
}

/// The words without their only number: `max. 50 zeichen` is (`max zeichen`, 50).
fn words_and_number(plain: &str) -> Option<(String, u32)> {
    let mut words = Vec::new();
    let mut number = None;
    for word in plain
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        match word.parse::<u32>() {
            Ok(found) if number.is_none() => number = Some(found),
            Ok(_) => return None,
            Err(_) => words.push(word),
        }
    }
    Some((words.join(" "), number?)).filter(|(_, number)| (1..=1000).contains(number))
}

/// A type as analysts write it, into a node; false if it is not understood.
pub(super) fn set_type(node: &mut Node, text: &str) -> bool {
    let plain = folded(text);
    let digits = |text: &str| -> Vec<u64> {
        let parts = text.split(|sign: char| !sign.is_ascii_digit());
        parts.filter_map(|part| part.parse().ok()).collect()
    };
    let word: String = plain
        .chars()
        .take_while(|sign| sign.is_alphabetic())
        .collect();
    let numbers = digits(&plain);
    let kind = match word.as_str() {
        "string" | "text" | "char" | "varchar" | "nvarchar" | "alphanumeric" | "alphanumerisch"
        | "an" | "zeichen" | "c" | "zeichenkette" | "enum" | "enumeration" | "codeliste"
        | "str" => NodeKind::String,
        "int" | "integer" | "ganzzahl" | "long" | "bigint" | "smallint" => NodeKind::Int,
        "decimal" | "dec" | "dezimal" | "number" | "numeric" | "numerisch" | "zahl" | "n"
        | "amount" | "betrag" | "curr" | "currency" | "quan" | "float" | "double" | "money"
        | "num" => NodeKind::Decimal,
        "bool" | "boolean" | "flag" | "janein" | "ja" | "logical" => NodeKind::Bool,
        "date" | "datum" | "dats" => NodeKind::Date,
        "datetime" | "timestamp" | "zeitstempel" => NodeKind::DateTime,
        _ => return false,
    };
    node.kinds = vec![kind];
    match (kind, numbers.as_slice()) {
        (NodeKind::String, [length, ..]) => node.max_length = Some(*length),
        // N(5) is a whole number of five digits
        (NodeKind::Decimal, [_]) => node.kinds = vec![NodeKind::Int],
        (NodeKind::Decimal, [_, decimals, ..]) => node.decimals = u8::try_from(*decimals).ok(),
        _ => {}
    }
    true
}

/// Whether a field must be there; `None` if the cell is not understood.
pub(super) fn required(text: &str) -> Option<bool> {
    match folded(text).trim() {
        "x" | "yes" | "y" | "ja" | "j" | "m" | "mandatory" | "required" | "pflicht"
        | "pflichtfeld" | "muss" | "true" | "1" | "wahr" | "r" | "must" => Some(true),
        "" | "no" | "n" | "nein" | "o" | "optional" | "kann" | "false" | "0" | "falsch" | "k"
        | "-" => Some(false),
        _ => None,
    }
}
