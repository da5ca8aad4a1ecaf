//! Questions out of a JSON Schema: title, description, default and examples are what a person reads,
//! and the schema itself judges each answer at once, in its own words.
//!
//! What is required is asked one by one; what is not, only if somebody wants to, or if the object does
//! not fit without it (an API key needs a header or a parameter). Kinds of values: choices, yes or no,
//! numbers, texts, lists, objects with known members, objects with names of one's own; anything else
//! is entered as JSON.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use super::answers::{Answers, Line, content};
use crate::print;

/// Deepest nesting that is asked through; what lies deeper is entered as JSON.
const MAX_DEPTH: usize = 8;

/// One place that is to be filled.
pub(super) struct Place<'a> {
    /// `endpoint.host`: what a flag calls it
    pub(super) name: String,
    pub(super) schema: &'a Value,
    /// the document that references lead into
    pub(super) root: &'a Value,
    pub(super) required: bool,
    pub(super) depth: usize,
}

impl<'a> Place<'a> {
    /// The top of a schema.
    pub(super) fn top(name: &str, schema: &'a Value) -> Self {
        Self {
            name: name.to_owned(),
            schema,
            root: schema,
            required: true,
            depth: 0,
        }
    }

    fn member(&self, name: &str, schema: &'a Value, required: bool) -> Self {
        Self {
            name: format!("{}.{name}", self.name),
            schema: resolved(self.root, schema),
            root: self.root,
            required,
            depth: self.depth + 1,
        }
    }

    fn text(&self, key: &str) -> &'a str {
        let text = self.schema.get(key).and_then(Value::as_str);
        text.unwrap_or_default()
    }

    fn is(&self, kind: &str) -> bool {
        self.text("type") == kind
    }

    fn members(&self) -> Option<&'a Map<String, Value>> {
        self.schema.get("properties").and_then(Value::as_object)
    }

    fn last(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// What the schema has against a value; nothing of a secret's value is in it.
    fn fault(&self, value: &Value) -> anyhow::Result<Option<String>> {
        let mut schema = Map::new();
        schema.insert("allOf".to_owned(), json!([self.schema]));
        for key in ["$defs", "definitions"] {
            if let Some(definitions) = self.root.get(key) {
                schema.insert(key.to_owned(), definitions.clone());
            }
        }
        let validator = jsonschema::validator_for(&Value::Object(schema))
            .with_context(|| format!("the schema of {} is none", self.name))?;
        let secret = self.is_secret();
        let fault = validator.iter_errors(value).next().map(|error| {
            let at = error.instance_path().to_string();
            let what = match secret {
                true => error.masked_with("the value").to_string(),
                false => error.to_string(),
            };
            match at.is_empty() {
                true => what,
                false => format!("{at}: {what}"),
            }
        });
        Ok(fault)
    }

    fn is_secret(&self) -> bool {
        self.schema.get("writeOnly") == Some(&Value::Bool(true))
    }
}

/// Asks for the value of a place; `None`: it stays empty.
pub(super) fn value(answers: &mut Answers<'_>, place: &Place<'_>) -> anyhow::Result<Option<Value>> {
    if let Some(constant) = place.schema.get("const") {
        return Ok(Some(constant.clone()));
    }
    if let Some(text) = answers.given(&place.name) {
        let value = read(place, &content(&text)?);
        if let Some(fault) = place.fault(&value)? {
            bail!("--set {}=…: {fault}", place.name);
        }
        return Ok(Some(value));
    }
    if place.is_secret()
        && let Some(secret) = answers.given_secret(place.last())
    {
        let value = Value::String(secret);
        if let Some(fault) = place.fault(&value)? {
            bail!("the secret {}: {fault}", place.last());
        }
        return Ok(Some(value));
    }
    let nested = place.depth < MAX_DEPTH;
    if nested && place.is("object") && place.members().is_some() {
        return object(answers, place).map(Some);
    }
    if nested
        && place.is("object")
        && place
            .schema
            .get("additionalProperties")
            .is_some_and(Value::is_object)
    {
        return named(answers, place);
    }
    if place.is("array") && answers.person {
        return list(answers, place);
    }
    one(answers, place)
}

/// A JSON object, member by member.
fn object(answers: &mut Answers<'_>, place: &Place<'_>) -> anyhow::Result<Value> {
    loop {
        let made = members(answers, place)?;
        let Some(fault) = place.fault(&made)? else {
            return Ok(made);
        };
        if !answers.person {
            bail!("{} does not fit: {fault}", place.name);
        }
        print::remark(&format!("  {}: {fault}; once more", place.name));
    }
}

fn members(answers: &mut Answers<'_>, place: &Place<'_>) -> anyhow::Result<Value> {
    let required: Vec<&str> = place
        .schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut made = Map::new();
    let mut rest = Vec::new();
    for (name, schema) in place.members().into_iter().flatten() {
        let needed = required.contains(&name.as_str());
        let member = place.member(name, schema, needed);
        // what flags name is filled without a question whether it is wanted
        if needed || member.schema.get("const").is_some() || answers.knows(&member.name) {
            if let Some(value) = value(answers, &member)? {
                made.insert(name.clone(), value);
            }
        } else {
            rest.push((name, member));
        }
    }
    if rest.is_empty() || !rest_is_wanted(answers, place, &made, &rest)? {
        return Ok(Value::Object(made));
    }
    for (name, member) in rest {
        if let Some(value) = value(answers, &member)? {
            made.insert(name.clone(), value);
        }
    }
    Ok(Value::Object(made))
}

/// Whether what need not be given is asked for: the object does not fit without it, or somebody wants to.
fn rest_is_wanted(
    answers: &mut Answers<'_>,
    place: &Place<'_>,
    made: &Map<String, Value>,
    rest: &[(&String, Place<'_>)],
) -> anyhow::Result<bool> {
    if let Some(fault) = place.fault(&Value::Object(made.clone()))? {
        print::remark(&format!("  {}: {fault}", place.name));
        return Ok(true);
    }
    let names: Vec<&str> = rest.iter().map(|(name, _)| name.as_str()).collect();
    let question = format!(
        "{}: {} more may be set: {}. Go through them?",
        place.name,
        names.len(),
        few(&names)
    );
    yes(answers, &question, false)
}

/// An object whose names the person chooses, such as streams.
fn named(answers: &mut Answers<'_>, place: &Place<'_>) -> anyhow::Result<Option<Value>> {
    let nothing = Value::Null;
    let schema = place.schema.get("additionalProperties").unwrap_or(&nothing);
    let mut made = Map::new();
    for name in answers.steps_below(&place.name) {
        let member = place.member(&name, schema, true);
        if let Some(value) = value(answers, &member)? {
            made.insert(name, value);
        }
    }
    head(place);
    loop {
        let question = format!("{} (a name; nothing: no more): ", place.name);
        let name = match answers.line(&question)? {
            Line::Text(name) if !name.is_empty() => name,
            _ => {
                let value = Value::Object(made.clone());
                if made.is_empty() && !place.required {
                    return Ok(None);
                }
                match place.fault(&value)? {
                    None => return Ok(Some(value)),
                    Some(fault) if answers.person => {
                        print::remark(&format!("  {}: {fault}", place.name));
                        continue;
                    }
                    Some(fault) => bail!(
                        "{}: {fault}\n  hint: give it with --set {}.NAME=JSON",
                        place.name,
                        place.name
                    ),
                }
            }
        };
        if let Some(value) = value(answers, &place.member(&name, schema, true))? {
            made.insert(name, value);
        }
    }
}

/// Elements, one a line.
fn list(answers: &mut Answers<'_>, place: &Place<'_>) -> anyhow::Result<Option<Value>> {
    head(place);
    let element = place.schema.get("items").unwrap_or(&Value::Null);
    let element = resolved(place.root, element);
    loop {
        let mut elements = Vec::new();
        loop {
            let prompt = format!(
                "  {} {} (nothing: no more): ",
                place.name,
                elements.len() + 1
            );
            match answers.line(&prompt)? {
                Line::Text(text) if !text.is_empty() => {
                    elements.push(typed(element, &content(&text)?));
                }
                _ => break,
            }
        }
        if elements.is_empty() && !place.required {
            return Ok(None);
        }
        let made = Value::Array(elements);
        match place.fault(&made)? {
            None => return Ok(Some(made)),
            Some(fault) => print::remark(&format!("  {}: {fault}; once more", place.name)),
        }
    }
}

/// One line for one value.
fn one(answers: &mut Answers<'_>, place: &Place<'_>) -> anyhow::Result<Option<Value>> {
    head(place);
    let prompt = format!("  {}{}: ", place.name, shown_default(place));
    loop {
        let (line, flag) = match place.is_secret() {
            true => (
                answers.hidden_line(&prompt)?,
                format!("--secret {}=env:VARIABLE", place.last()),
            ),
            false => (
                answers.line(&prompt)?,
                format!("--set {}=VALUE", place.name),
            ),
        };
        let text = match line {
            Line::Text(text) if !text.is_empty() => content(&text),
            // a default needs not be written down: it holds where nothing is said
            _ if !place.required || place.schema.get("default").is_some() => return Ok(None),
            Line::End => bail!(
                "{} must be given and nobody answers\n  hint: give it with {flag}",
                place.name
            ),
            Line::Text(_) => Err(anyhow::anyhow!("it must be given")),
        };
        let fault = match text {
            Err(error) => error.to_string(),
            Ok(text) => {
                let value = read(place, &text);
                match place.fault(&value)? {
                    None => return Ok(Some(value)),
                    Some(fault) => fault,
                }
            }
        };
        if !answers.person {
            bail!("{}: {fault}\n  hint: give it with {flag}", place.name);
        }
        print::remark(&format!("  {fault}"));
    }
}

/// What stands above the line: title, description, choices, an example.
fn head(place: &Place<'_>) {
    let mut text = place.text("title").to_owned();
    if text.is_empty() {
        text = place.last().replace('_', " ");
    }
    if !place.required {
        text.push_str(" (may stay empty)");
    }
    let description = place.text("description");
    if !description.is_empty() {
        text.push_str(&format!("\n  {description}"));
    }
    let about = place.schema.get("x-about").and_then(Value::as_array);
    for (at, choice) in choices(place).iter().enumerate() {
        let about = about
            .and_then(|about| about.get(at))
            .and_then(Value::as_str);
        let line = format!("\n  {}  {choice:<14} {}", at + 1, about.unwrap_or_default());
        text.push_str(line.trim_end());
    }
    let examples = place.schema.get("examples").and_then(Value::as_array);
    if let Some(example) = examples.and_then(|examples| examples.first()) {
        text.push_str(&format!("\n  e.g. {}", plain(example)));
    }
    if place.is_secret() {
        text.push_str("\n  not shown while it is typed; @PATH takes it from a file");
    } else if !asked_as_text(place) {
        text.push_str("\n  as JSON; @PATH takes it from a file");
    }
    print::remark(&text);
}

fn choices(place: &Place<'_>) -> Vec<String> {
    let list = place.schema.get("enum").and_then(Value::as_array);
    list.into_iter().flatten().map(plain).collect()
}

fn shown_default(place: &Place<'_>) -> String {
    match place.schema.get("default") {
        Some(default) => format!(" [{}]", plain(default)),
        None => String::new(),
    }
}

fn asked_as_text(place: &Place<'_>) -> bool {
    let kinds = ["string", "integer", "number", "boolean"];
    kinds.iter().any(|kind| place.is(kind)) || place.schema.get("enum").is_some()
}

/// The value that a text stands for at a place.
fn read(place: &Place<'_>, text: &str) -> Value {
    let choices = choices(place);
    if !choices.is_empty() {
        let number = text.parse::<usize>().ok();
        let chosen = number.and_then(|number| choices.get(number.checked_sub(1)?));
        if let (Some(chosen), false) = (chosen, choices.iter().any(|choice| choice == text)) {
            return typed(place.schema, chosen);
        }
    }
    typed(place.schema, text)
}

/// A text as the schema's type has it; where the type leaves it open, JSON, and else a text.
fn typed(schema: &Value, text: &str) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") => json!(text),
        Some("boolean") => match text.to_lowercase().as_str() {
            "yes" | "y" | "true" => json!(true),
            "no" | "n" | "false" => json!(false),
            _ => json!(text),
        },
        // a list of texts in one line
        Some("array") if !text.trim_start().starts_with('[') => {
            let items = resolved(schema, schema.get("items").unwrap_or(&Value::Null));
            let elements = text.split(',').map(|element| typed(items, element.trim()));
            Value::Array(elements.collect())
        }
        _ => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    }
}

/// A question for yes or no; who says nothing says `otherwise`.
pub(super) fn yes(
    answers: &mut Answers<'_>,
    question: &str,
    otherwise: bool,
) -> anyhow::Result<bool> {
    let shown = if otherwise { "Y/n" } else { "y/N" };
    loop {
        let word = match answers.line(&format!("{question} [{shown}] "))? {
            Line::End => return Ok(otherwise),
            Line::Text(word) => word.to_lowercase(),
        };
        match word.as_str() {
            "" => return Ok(otherwise),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            other if !answers.person => bail!("{question}: {other:?} is neither yes nor no"),
            _ => print::remark("  yes or no?"),
        }
    }
}

/// One of several, by its word or number.
pub(super) fn choice(
    answers: &mut Answers<'_>,
    name: &str,
    title: &str,
    words: &[(String, String)],
) -> anyhow::Result<String> {
    if let [(only, _)] = words
        && answers.given(name).is_none_or(|given| given == *only)
    {
        return Ok(only.clone());
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    let about: Vec<&str> = words.iter().map(|(_, about)| about.as_str()).collect();
    let schema = json!({ "title": title, "enum": names, "x-about": about });
    let place = Place::top(name, &schema);
    let chosen = value(answers, &place)?;
    Ok(chosen
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned())
}

fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema)
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn few(names: &[&str]) -> String {
    match names.get(..8) {
        Some(first) if names.len() > 8 => format!("{}, …", first.join(", ")),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests;
