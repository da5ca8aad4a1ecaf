//! What samples and declared types say about a pair: would the source's values be valid in the target,
//! and do they look like what its name promises?

use serde_json::Value;
use tributary_mapping::schema::{Looks, Node, NodeKind, Observed};

/// How well the kinds fit, 0 to 1; `None` where nothing is known about the source's.
pub(super) fn kind_score(source: &Node, target: &Node) -> Option<f64> {
    let from = seen_kind(source)?;
    let to = target.kind();
    let declared_format = |node: &Node| node.format.clone();
    if to == NodeKind::Any {
        return None;
    }
    let format =
        declared_format(source).is_some() && declared_format(source) == declared_format(target);
    Some(match (from, to) {
        (from, to) if from == to => {
            let fixed = source.kind() != NodeKind::String || source.observed.is_some();
            if format || fixed { 1.0 } else { 0.8 }
        }
        (NodeKind::Int, NodeKind::Decimal) => 0.95,
        (NodeKind::Decimal, NodeKind::Int) => 0.6,
        (NodeKind::DateTime, NodeKind::Date) | (NodeKind::Date, NodeKind::DateTime) => 0.9,
        // identifiers are numbers in one system and texts in the other
        (NodeKind::Int, NodeKind::String) => 0.8,
        (NodeKind::Decimal | NodeKind::Bool, NodeKind::String) => 0.4,
        (NodeKind::Date | NodeKind::DateTime, NodeKind::String) => 0.3,
        (NodeKind::String, NodeKind::Int) => 0.4,
        // a mark or nothing, or two words of the system's own
        (NodeKind::String, NodeKind::Bool)
            if source
                .observed
                .as_ref()
                .is_some_and(|seen| seen.distinct <= 2) =>
        {
            0.6
        }
        (NodeKind::String, _) if source.observed.is_none() => 0.5,
        (NodeKind::Object | NodeKind::Array, NodeKind::Object | NodeKind::Array) => 0.5,
        _ => 0.0,
    })
}

/// The kind of the values: the declared one, or what all texts look like.
fn seen_kind(node: &Node) -> Option<NodeKind> {
    let kind = node.kind();
    if kind != NodeKind::String {
        return (kind != NodeKind::Any).then_some(kind);
    }
    let seen = node.observed.as_ref()?;
    seen.lengths?;
    Some(match seen.looks.first() {
        Some(Looks::Int) => NodeKind::Int,
        Some(Looks::Decimal { .. }) => NodeKind::Decimal,
        Some(Looks::Date { .. }) => NodeKind::Date,
        Some(Looks::Instant) => NodeKind::DateTime,
        Some(Looks::Bool { .. }) => NodeKind::Bool,
        Some(Looks::Digits) | None => NodeKind::String,
    })
}

/// How well the values fit, 0 to 1; `None` without samples. `concepts` are those of the target's name.
pub(super) fn value_score(source: &Node, target: &Node, concepts: &[&str]) -> Option<f64> {
    let seen = source.observed.as_ref()?;
    if source.examples.is_empty() {
        return None;
    }
    let texts: Vec<String> = source.examples.iter().map(text_of).collect();
    let score = if target.values.is_empty() {
        by_kind(source, seen, target, concepts, &texts)
    } else {
        in_list(seen, &target.values, &texts)
    };
    let too_long = match (target.max_length, seen.lengths) {
        (Some(limit), Some((_, longest))) => longest > limit,
        _ => false,
    };
    // a required field from a source that is mostly empty is doubtful
    let gaps = if target.required {
        0.3 * seen.empty_share()
    } else {
        0.0
    };
    let cut = if too_long { 0.3 } else { 0.0 };
    Some((score - cut - gaps).clamp(0.0, 1.0))
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

/// The values of an enumeration: the same words, or at least few enough for a table.
fn in_list(seen: &Observed, allowed: &[Value], texts: &[String]) -> f64 {
    let allowed: Vec<String> = allowed
        .iter()
        .map(|value| text_of(value).to_lowercase())
        .collect();
    let known = texts
        .iter()
        .filter(|text| allowed.contains(&text.to_lowercase()));
    let share = share(known.count(), texts.len());
    if share > 0.0 {
        return 0.5 + 0.5 * share;
    }
    if seen.distinct > 3 * allowed.len() as u64 {
        0.1
    } else {
        0.5
    }
}

fn by_kind(
    source: &Node,
    seen: &Observed,
    target: &Node,
    concepts: &[&str],
    texts: &[String],
) -> f64 {
    let kind = seen_kind(source).unwrap_or(NodeKind::Any);
    let numeric = matches!(kind, NodeKind::Int | NodeKind::Decimal);
    match target.kind() {
        NodeKind::Decimal if numeric => in_range(seen, target),
        NodeKind::Int if kind == NodeKind::Int => in_range(seen, target),
        NodeKind::Int if seen.looks.contains(&Looks::Digits) => 0.9,
        NodeKind::Date | NodeKind::DateTime
            if matches!(kind, NodeKind::Date | NodeKind::DateTime) =>
        {
            1.0
        }
        // 20260131 is a whole number too
        NodeKind::Date
            if seen
                .looks
                .iter()
                .any(|look| matches!(look, Looks::Date { .. })) =>
        {
            1.0
        }
        NodeKind::Bool if kind == NodeKind::Bool => 1.0,
        NodeKind::Bool
            if seen
                .looks
                .iter()
                .any(|look| matches!(look, Looks::Bool { .. })) =>
        {
            0.9
        }
        NodeKind::Bool if seen.distinct <= 2 => 0.6,
        NodeKind::String => text_score(kind, concepts, texts),
        NodeKind::Any | NodeKind::Object | NodeKind::Array => 0.6,
        _ => 0.0,
    }
}

fn in_range(seen: &Observed, target: &Node) -> f64 {
    let Some((low, high)) = seen.numbers else {
        return 0.8;
    };
    let below = target.minimum.is_some_and(|bound| low < bound.value);
    let above = target.maximum.is_some_and(|bound| high > bound.value);
    if below || above { 0.4 } else { 1.0 }
}

fn text_score(kind: NodeKind, concepts: &[&str], texts: &[String]) -> f64 {
    let has = |concept: &str| concepts.contains(&concept);
    let of = |test: fn(&str) -> bool| {
        let fitting = texts.iter().filter(|text| test(text)).count();
        share(fitting, texts.len())
    };
    for (concept, test) in RECOGNISED {
        if has(concept) {
            return of(test);
        }
    }
    if matches!(kind, NodeKind::Date | NodeKind::DateTime) {
        return 0.1;
    }
    let code = ["number", "code", "id"].iter().any(|concept| has(concept));
    let words = [
        "name",
        "description",
        "text",
        "title",
        "street",
        "city",
        "note",
    ]
    .iter()
    .any(|concept| has(concept));
    if code {
        return match kind {
            NodeKind::Decimal => 0.2,
            NodeKind::Bool => 0.2,
            _ => 0.4 + 0.6 * of(is_code),
        };
    }
    if words {
        return 0.2 + 0.8 * of(has_letters);
    }
    match kind {
        NodeKind::Decimal | NodeKind::Bool => 0.4,
        _ => 0.8,
    }
}

/// Whether a text has the form of something.
type Form = fn(&str) -> bool;

/// Concepts of a target's name whose values have a form.
const RECOGNISED: [(&str, Form); 12] = [
    ("email", is_email),
    ("iban", is_iban),
    ("bic", is_bic),
    ("website", is_website),
    ("vat_id", is_vat_id),
    ("barcode", is_barcode),
    ("currency", is_currency),
    ("country", is_country),
    ("postcode", is_postcode),
    ("phone", is_phone),
    ("mobile", is_phone),
    ("fax", is_phone),
];

fn is_email(text: &str) -> bool {
    matches!(text.split_once('@'), Some((name, host)) if !name.is_empty() && host.contains('.'))
}

fn is_iban(text: &str) -> bool {
    let plain: String = text.chars().filter(|sign| !sign.is_whitespace()).collect();
    plain.len() >= 15
        && plain.len() <= 34
        && plain.bytes().take(2).all(|byte| byte.is_ascii_uppercase())
        && plain
            .bytes()
            .skip(2)
            .take(2)
            .all(|byte| byte.is_ascii_digit())
}

fn is_bic(text: &str) -> bool {
    matches!(text.len(), 8 | 11)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_website(text: &str) -> bool {
    text.contains('.') && !text.contains(['@', ' '])
}

/// A country's two letters and digits, or a national tax number: mostly digits.
fn is_vat_id(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (7..=20).contains(&text.len()) && digits >= 6
}

fn is_barcode(text: &str) -> bool {
    matches!(text.len(), 8 | 12 | 13 | 14) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_currency(text: &str) -> bool {
    text == "€"
        || text == "$"
        || (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// Letters, as a code or as a name.
fn is_country(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|sign| sign.is_alphabetic() || sign == ' ' || sign == '-')
}

fn is_postcode(text: &str) -> bool {
    (3..=10).contains(&text.len()) && text.bytes().any(|byte| byte.is_ascii_digit())
}

fn is_phone(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 5
        && text
            .chars()
            .all(|sign| sign.is_ascii_digit() || " +-/().".contains(sign))
}

/// One word of letters, digits and few signs.
fn is_code(text: &str) -> bool {
    text.len() <= 40 && !text.contains(char::is_whitespace)
}

fn has_letters(text: &str) -> bool {
    text.chars().filter(|sign| sign.is_alphabetic()).count() >= 2
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 {
        0.0
    } else {
        part as f64 / all as f64
    }
}
