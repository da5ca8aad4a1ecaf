//! The functions of the mapping language for a terminal: the list by topic, and one function's page.

use std::fmt::Write as _;

use tributary_mapping::functions::signature::{ExampleResult, Output, Signature};
use tributary_mapping::functions::{signatures, topics};

/// All functions by topic, each with its first sentence.
#[must_use]
pub fn functions_text() -> String {
    let width = signatures().map(|one| one.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (topic, functions) in topics() {
        if !out.is_empty() {
            out.push('\n');
        }
        let _ = writeln!(out, "{topic}");
        for one in functions {
            let first = one.summary.split_inclusive(". ").next().unwrap_or_default();
            let _ = writeln!(out, "  {:<width$}  {}", one.name, first.trim_end());
        }
    }
    out
}

/// The page of a function; `None` if there is none of that name.
#[must_use]
pub fn function_text(name: &str) -> Option<String> {
    let one = signatures().find(|one| one.name == name)?;
    let mut out = format!("{}\n  {}\n\n", usage(one), one.summary);
    let _ = writeln!(out, "  takes  {}", one.input.word());
    let _ = writeln!(out, "  gives  {}", output_words(one));
    if one.takes_null {
        out.push_str("  null is a value for it; other functions pass null through\n");
    }
    if !one.arguments.is_empty() {
        out.push_str("\narguments\n");
    }
    let width = one.arguments.iter().map(|argument| argument.name.len());
    let width = width.max().unwrap_or(0);
    for argument in one.arguments {
        let needed = if argument.required { ", required" } else { "" };
        let _ = writeln!(
            out,
            "  {:<width$}  {} ({}{needed})",
            argument.name,
            argument.summary,
            argument.kind.words()
        );
    }
    out.push_str("\nexamples\n");
    for example in one.examples {
        let arguments = match example.arguments {
            "{}" => String::new(),
            arguments => format!(" {arguments}"),
        };
        let result = match example.result {
            ExampleResult::Gives(value) => value.to_owned(),
            ExampleResult::Fails(code) => format!("error {}", code.as_str()),
        };
        let _ = writeln!(out, "  {}{arguments} → {result}", example.input);
    }
    if !one.fails_with.is_empty() {
        let codes: Vec<&str> = one.fails_with.iter().map(|code| code.as_str()).collect();
        let _ = writeln!(out, "\nfails with {}", codes.join(", "));
    }
    Some(out)
}

/// The function as a step and in a formula.
fn usage(one: &Signature) -> String {
    let mut formula = format!("{}(value", one.name);
    for argument in one.arguments {
        let sign = if argument.required { "" } else { "?" };
        let _ = write!(formula, ", {}{sign}", argument.name);
    }
    format!("{formula})")
}

fn output_words(one: &Signature) -> String {
    match one.output {
        Output::Is(kind) => kind.word().to_owned(),
        Output::Same => "what it takes".to_owned(),
        Output::SameOr => "what it takes, or the kind of its argument".to_owned(),
    }
}

/// Functions whose name or text holds `word`, for a name that is none.
#[must_use]
pub fn functions_about(word: &str) -> Vec<&'static str> {
    let word = word.to_lowercase();
    let mut alike: Vec<(usize, &'static str)> = signatures()
        .map(|one| (strsim::levenshtein(&word, one.name), one.name))
        .filter(|(distance, name)| *distance <= 2 || name.contains(&word))
        .collect();
    alike.sort();
    let mut names: Vec<&'static str> = alike.into_iter().map(|(_, name)| name).collect();
    for one in signatures() {
        if one.summary.to_lowercase().contains(&word) && !names.contains(&one.name) {
            names.push(one.name);
        }
    }
    names.truncate(8);
    names
}
