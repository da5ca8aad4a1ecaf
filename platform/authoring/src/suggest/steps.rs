//! The functions that turn a source's values into what a target field takes. What samples do not
//! show is assumed and said.

use serde_json::{Map, Value, json};
use tributary_mapping::document::{LocaleName, Step};
use tributary_mapping::schema::{Looks, Node, NodeKind, number_in};

/// A chain of functions, and what it assumes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conversion {
    pub(crate) steps: Vec<Step>,
    /// for the note of the field
    pub(crate) assumed: Vec<String>,
}

impl Conversion {
    fn add(&mut self, function: &str, arguments: Value) {
        self.steps.push(step(function, arguments));
    }

    fn assume(&mut self, text: impl Into<String>) {
        self.assumed.push(text.into());
    }
}

/// A step from the function's name and its arguments.
pub(crate) fn step(function: &str, arguments: Value) -> Step {
    let arguments = match arguments {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    Step {
        function: function.to_owned(),
        arguments,
    }
}

/// What turns a value of `source` into one of `target`.
pub(crate) fn conversion(source: &Node, target: &Node) -> Conversion {
    let mut made = Conversion::default();
    let text = source.may_be(NodeKind::String) && source.kind() != NodeKind::Any;
    let unknown = source.kind() == NodeKind::Any;
    match target.kind() {
        NodeKind::Decimal if text || unknown => number(source, "to_decimal", &mut made),
        NodeKind::Int if text || unknown => number(source, "to_int", &mut made),
        NodeKind::Bool if text || unknown => boolean(source, &mut made),
        NodeKind::Date => date(source, &mut made),
        NodeKind::String | NodeKind::DateTime => string(source, target, &mut made),
        _ => {}
    }
    made
}

/// All locales in which the texts of a node are numbers with decimals or groups.
pub(crate) fn locales_of(node: &Node) -> &[LocaleName] {
    let looks = node.observed.iter().flat_map(|seen| &seen.looks);
    looks
        .filter_map(|look| match look {
            Looks::Decimal { locales } => Some(locales.as_slice()),
            _ => None,
        })
        .next()
        .unwrap_or_default()
}

/// Start of the note about a column whose numbers have two readings.
const AMBIGUOUS: &str = "ambiguous: ";

/// Says of a column whose samples are other numbers in another locale which reading is taken.
fn ambiguity(source: &Node, function: &str, taken: LocaleName) -> Option<String> {
    let text = source.observed.as_ref()?.ambiguous.as_deref()?;
    let read = number_in(text, taken)?;
    let (other, number) = locales_of(source).iter().find_map(|locale| {
        let number = number_in(text, *locale)?;
        (number != read).then_some((locale, number))
    })?;
    let name = |locale: &LocaleName| match serde_json::to_value(locale) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    };
    let (taken, other) = (name(&taken), name(other));
    Some(format!(
        "{AMBIGUOUS}{text:?} is read as {read} ({taken}), and is {number} in {other}; if the source writes it so, \
         give {function} \"locale\": {other:?}"
    ))
}

/// Leaves out of number functions the locale that the document has already, and writes it where the
/// document's would read the texts wrongly. What is said of ambiguous numbers is true of what is then read.
pub(crate) fn fit_locale(
    steps: &mut [Step],
    assumed: &mut Vec<String>,
    source: Option<&Node>,
    locale: LocaleName,
) {
    let written = source.map(locales_of).unwrap_or_default();
    let fits = written.is_empty() || written.contains(&locale);
    let own = written.first().filter(|_| !fits).copied();
    assumed.retain(|text| !text.starts_with(AMBIGUOUS));
    for step in steps {
        if !matches!(step.function.as_str(), "to_decimal" | "to_int") {
            continue;
        }
        match own {
            None => {
                step.arguments.shift_remove("locale");
            }
            Some(own) => {
                let own = serde_json::to_value(own).unwrap_or_default();
                step.arguments.insert("locale".to_owned(), own);
            }
        }
        let taken = own.unwrap_or(locale);
        assumed.extend(source.and_then(|source| ambiguity(source, &step.function, taken)));
    }
}

fn number(source: &Node, function: &str, made: &mut Conversion) {
    let first = locales_of(source).first().copied();
    let ambiguous = first.and_then(|locale| ambiguity(source, function, locale));
    match first {
        Some(locale) if ambiguous.is_some() || locale != LocaleName::Plain => {
            made.add(function, json!({ "locale": locale }));
        }
        // what is plain reads the same in every locale that fits
        _ => made.add(function, json!({})),
    }
    made.assumed.extend(ambiguous);
    let seen = source.observed.as_ref();
    let texts = seen.is_some_and(|seen| seen.lengths.is_some());
    let numbers = seen.is_some_and(|seen| seen.numbers.is_some());
    if texts && !numbers {
        made.assume("not all samples are numbers");
    }
}

fn boolean(source: &Node, made: &mut Conversion) {
    let looks = source.observed.iter().flat_map(|seen| &seen.looks);
    let words = looks
        .filter_map(|look| match look {
            Looks::Bool { truthy, falsy } => Some((*truthy, *falsy)),
            _ => None,
        })
        .next();
    let (truthy, falsy) = words.unwrap_or(("true", "false"));
    made.add("to_bool", json!({ "true": [truthy], "false": [falsy] }));
    if words.is_none() {
        made.assume("no sample shows the words for true and false");
    }
}

fn date(source: &Node, made: &mut Conversion) {
    let looks: Vec<&Looks> = source
        .observed
        .iter()
        .flat_map(|seen| &seen.looks)
        .collect();
    let formats = looks.iter().find_map(|look| match look {
        Looks::Date { formats } => Some(formats.as_slice()),
        _ => None,
    });
    if let Some([first, others @ ..]) = formats {
        made.add("date_parse", json!({ "formats": [first] }));
        // d.M.yyyy fits all that dd.MM.yyyy fits; the order of day and month is what matters
        if others
            .iter()
            .any(|other| month_first(other) != month_first(first))
        {
            made.assume(format!(
                "the samples fit other forms too ({})",
                others.join(", ")
            ));
        }
    } else if looks.contains(&&Looks::Instant) || source.kind() == NodeKind::DateTime {
        made.add(
            "date_parse",
            json!({ "formats": ["rfc3339"], "zone": "UTC" }),
        );
        made.assume("the zone of the dates is assumed to be UTC");
    } else {
        made.add("date_parse", json!({ "formats": ["yyyy-MM-dd"] }));
        if source.kind() != NodeKind::Date {
            made.assume("no sample shows the form of the dates");
        }
    }
}

fn month_first(format: &str) -> bool {
    format.starts_with('M')
}

fn string(source: &Node, target: &Node, made: &mut Conversion) {
    match source.kind() {
        NodeKind::Int | NodeKind::Decimal | NodeKind::Bool => made.add("to_string", json!({})),
        NodeKind::Any if !source.kinds.contains(&NodeKind::Any) && !source.kinds.is_empty() => {
            made.add("to_string", json!({}));
        }
        _ => {}
    }
    if source.observed.as_ref().is_some_and(|seen| seen.padded > 0) {
        made.add("trim", json!({}));
    }
    let allowed: Vec<&str> = target.values.iter().filter_map(Value::as_str).collect();
    let seen: Vec<&str> = source
        .examples
        .iter()
        .filter_map(Value::as_str)
        .map(str::trim)
        .collect();
    if allowed.is_empty() || seen.is_empty() || seen.iter().all(|text| allowed.contains(text)) {
        return;
    }
    let all = |change: fn(&str) -> String| {
        seen.iter()
            .all(|text| allowed.contains(&change(text).as_str()))
    };
    if all(|text| text.to_uppercase()) {
        made.add("upper", json!({}));
    } else if all(|text| text.to_lowercase()) {
        made.add("lower", json!({}));
    } else {
        made.assume(format!(
            "the source has other words ({}) than the target allows ({}): add a lookup",
            shown(&seen),
            shown(&allowed)
        ));
    }
}

fn shown(words: &[&str]) -> String {
    let mut text = words.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    if words.len() > 4 {
        text.push_str(", …");
    }
    text
}
