//! An explanation for people: per field what was written, what it was made of and by which steps.

use std::fmt::Write as _;

use tributary_mapping::{
    DroppedRow, ExplainedCall, ExplainedCombine, ExplainedField, ExplainedInput, ExplainedPart,
    ExplainedStep, Explanation, Verdict,
};
use tributary_model::issue::{Issue, Severity};

use crate::summary::counted;

/// What an explanation says of a helper value; its line says it already.
const HELPER: &str = "helper value, not written";

/// The story of a record. With `only`, a pointer like `/lines/1/amount` or the id of a node, that of the
/// fields at or below it; the answer is empty if there is none.
#[must_use]
pub fn explain_text(explanation: &Explanation, only: Option<&str>) -> String {
    let mut out = String::new();
    let fields = explained(explanation, only);
    if fields.is_empty() && only.is_some() {
        return out;
    }
    if only.is_none() {
        head(&mut out, explanation);
    }
    for field in fields {
        write_field(&mut out, field);
    }
    out
}

/// The fields that `only` names; all without it.
#[must_use]
pub fn explained<'a>(explanation: &'a Explanation, only: Option<&str>) -> Vec<&'a ExplainedField> {
    let wanted = |field: &&ExplainedField| match only {
        None => true,
        Some(only) if only.starts_with('/') => {
            let rest = field.target.strip_prefix(only);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        Some(only) => field.node == only,
    };
    explanation.fields.iter().filter(wanted).collect()
}

fn head(out: &mut String, explanation: &Explanation) {
    let verdict = match explanation.verdict {
        Verdict::Mapped => "mapped",
        Verdict::Skipped => "left out: the filters leave no row",
        Verdict::Quarantined => "not mapped: it has errors",
    };
    let key = match explanation.key.as_str() {
        "" => "record without a key",
        key => key,
    };
    let _ = writeln!(out, "{key}: {verdict}");
    for issue in &explanation.issues {
        let _ = writeln!(out, "{}", issue_text(issue));
    }
    for row in &explanation.dropped {
        let _ = writeln!(out, "  {}", dropped_text(row));
    }
}

fn dropped_text(row: &DroppedRow) -> String {
    let place = match row.position {
        Some(position) => format!("the row of line {}", position.line),
        None => "a row".to_owned(),
    };
    let read = |input: &ExplainedInput| {
        let value = input.value.as_deref().unwrap_or("nothing");
        format!("{} = {value}", input.name)
    };
    let inputs: Vec<String> = row.inputs.iter().map(read).collect();
    let read = match inputs.is_empty() {
        true => String::new(),
        false => format!(": {}", inputs.join(", ")),
    };
    format!("filter {} left out {place}{read}", row.filter)
}

/// An issue in one line and its hint in another.
#[must_use]
pub fn issue_text(issue: &Issue) -> String {
    let word = match issue.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut place = String::new();
    if let Some(rule) = &issue.rule {
        let _ = write!(place, " at {rule}");
    }
    if let Some(position) = issue.position {
        let _ = write!(place, ", line {}", position.line);
        if let Some(value) = &issue.place {
            let _ = write!(place, ", {value}");
        }
    }
    format!(
        "  {word} {}{place}: {}\n    → {}",
        issue.code.as_str(),
        issue.message,
        issue.hint
    )
}

fn write_field(out: &mut String, field: &ExplainedField) {
    let target = match field.target.as_str() {
        "" => "(helper)",
        target => target,
    };
    let helper = field.note.as_deref() == Some(HELPER);
    let what = match &field.written {
        Some(written) => format!("{target} = {written}"),
        None if helper => format!("{target} (not written)"),
        None => format!("{target}  nothing"),
    };
    let _ = writeln!(out, "\n{what:<44}  node {}  {}", field.node, field.origin);
    let width = field.inputs.iter().map(|input| input.name.chars().count());
    let width = width.max().unwrap_or(0);
    for input in &field.inputs {
        let _ = writeln!(out, "  {}", input_text(input, width));
    }
    for part in &field.parts {
        let _ = writeln!(out, "  {}", part_text(part));
    }
    for step in &field.steps {
        let _ = writeln!(out, "  {}", step_text(step));
    }
    if let Some(combined) = &field.combined {
        write_combined(out, combined);
    }
    for call in &field.calls {
        let _ = writeln!(out, "  {}", call_text(call));
    }
    if let Some(note) = field.note.as_ref().filter(|_| !helper) {
        let _ = writeln!(out, "  {note}");
    }
}

fn input_text(input: &ExplainedInput, width: usize) -> String {
    let value = match &input.value {
        // a place in the source shows its text, a value made before its JSON
        Some(value) if input.position.is_some() => format!("\"{value}\""),
        Some(value) => value.clone(),
        None => "nothing".to_owned(),
    };
    let mut text = format!("{:<width$} = {value}", input.name);
    if let Some(position) = input.position {
        let _ = write!(text, "   line {}, byte {}", position.line, position.offset);
        if let Some(place) = &input.place {
            let _ = write!(text, ", {place}");
        }
    }
    if !input.used {
        text.push_str("   (not used)");
    }
    text
}

fn part_text(part: &ExplainedPart) -> String {
    let sign = if part.failed { "✗" } else { "=" };
    format!("{} {sign} {}", part.text, part.value)
}

fn write_combined(out: &mut String, combined: &ExplainedCombine) {
    let rule = serde_json::to_value(combined.rule).unwrap_or_default();
    let rule = rule.as_str().unwrap_or_default();
    let count = combined.rows.len() + combined.more;
    let _ = writeln!(out, "  {rule} of {}", counted(count as u64, "row"));
    for row in &combined.rows {
        let mut place = match row.position {
            Some(position) => format!("line {}", position.line),
            None => "a row".to_owned(),
        };
        if let Some(value) = &row.place {
            let _ = write!(place, ", {value}");
        }
        let input = match &row.input {
            Some(input) => format!(" \"{input}\""),
            None => String::new(),
        };
        let sign = if row.failed { "✗" } else { "→" };
        let _ = writeln!(out, "    {place}{input} {sign} {}", row.value);
    }
    if combined.more > 0 {
        let _ = writeln!(out, "    and {} more", combined.more);
    }
}

fn step_text(step: &ExplainedStep) -> String {
    let arguments = match step.arguments.as_str() {
        "{}" | "null" | "" => String::new(),
        arguments => format!(" {arguments}"),
    };
    let sign = if step.failed { "✗" } else { "→" };
    format!("{}{arguments} {sign} {}", step.function, step.value)
}

fn call_text(call: &ExplainedCall) -> String {
    let sign = if call.failed { "✗" } else { "→" };
    format!(
        "code {} = {} of {} {}: {} {sign} {}",
        call.name, call.function, call.component, call.digest, call.input, call.answer
    )
}
