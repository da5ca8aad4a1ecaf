//! A run's report as text: counters, reconciliation, amounts, reasons, first issues, figures.

use std::fmt::Write as _;

use serde_json::Value;

use crate::print::grouped;

const STATES: [&str; 7] = [
    "delivered",
    "unchanged",
    "skipped",
    "quarantined",
    "rejected",
    "uncertain",
    "pending",
];

/// Differences of the source that are shown; the API has the others.
const DRIFT_LINES: usize = 10;

/// Parts that could not be read that are shown; the API has the others.
const FAILED_PART_LINES: usize = 10;

/// The whole report.
pub(crate) fn text(run: &Value, issues: &[Value]) -> String {
    let mut out = String::new();
    let field = |key: &str| run.get(key).and_then(Value::as_str).unwrap_or_default();
    let _ = writeln!(
        out,
        "{} / {}   {}   {}",
        field("tenant"),
        field("integration"),
        field("id"),
        field("state").replace('_', " ")
    );
    counters(&mut out, run);
    amounts(&mut out, run);
    rules(&mut out, run);
    reasons(&mut out, run);
    first_issues(&mut out, issues);
    failed_parts(&mut out, run);
    drift(&mut out, run);
    figures(&mut out, run);
    usage(&mut out, run);
    if let Some(problem) = run.get("problem").filter(|problem| !problem.is_null()) {
        let part = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(out, "  why          {}: {}", part("code"), part("detail"));
        let _ = writeln!(out, "               {}", part("hint"));
    }
    if !field("resume_at").is_empty() {
        let _ = writeln!(
            out,
            "  paused       the target is tried again at {}, or now: tributary runs resume {} {}",
            field("resume_at"),
            field("tenant"),
            field("id")
        );
    }
    out
}

fn counters(out: &mut String, run: &Value) {
    let count = |key: &str| number(run, &format!("/counters/{key}"));
    let _ = writeln!(
        out,
        "  read         {} records from {} rows",
        grouped(count("read")),
        grouped(count("rows"))
    );
    let mut parts: Vec<String> = STATES
        .iter()
        .filter(|state| count(state) > 0)
        .map(|state| format!("{} {state}", grouped(count(state))))
        .collect();
    let balanced = run
        .pointer("/report/reconciliation/balanced")
        .and_then(Value::as_bool);
    if parts.is_empty() {
        // a run that found nothing new has nothing to add up
        if balanced != Some(false) {
            return;
        }
        parts.push("0".to_owned());
    }
    let verdict = match balanced {
        Some(true) => "   (balanced: nothing unaccounted)",
        Some(false) => "   (DOES NOT BALANCE)",
        None => "",
    };
    let _ = writeln!(out, "             = {}{verdict}", parts.join(" + "));
}

fn amounts(out: &mut String, run: &Value) {
    let lines = run.pointer("/report/amounts").and_then(Value::as_array);
    for line in lines.into_iter().flatten() {
        let part = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or("too large");
        let _ = writeln!(
            out,
            "  amount       {:<16} {:>16} {}",
            part("name"),
            part("total"),
            part("state")
        );
    }
}

/// Rules over the run, with what was expected and measured.
fn rules(out: &mut String, run: &Value) {
    let lines = run.pointer("/report/rules").and_then(Value::as_array);
    for line in lines.into_iter().flatten() {
        let part = |key: &str| line.get(key).and_then(Value::as_str).unwrap_or_default();
        let verdict = match line.get("met").and_then(Value::as_bool) {
            Some(true) => "met".to_owned(),
            _ => format!("BROKEN ({})", part("severity")),
        };
        let _ = writeln!(
            out,
            "  rule         {:<16} {verdict}: {}; measured {}",
            part("rule"),
            part("expected"),
            part("measured")
        );
    }
    let records = run.pointer("/report/stopped_by").and_then(Value::as_array);
    for record in records.into_iter().flatten() {
        let part = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(
            out,
            "  stopped by   {} (line {}), rule {}: {}",
            part("key"),
            number(record, "/line"),
            part("rule"),
            part("message")
        );
    }
}

fn reasons(out: &mut String, run: &Value) {
    let Some(rows) = run.get("issues").and_then(Value::as_array) else {
        return;
    };
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "  reasons      count  code                    rule            who acts"
    );
    for row in rows {
        let part = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or("-");
        let _ = writeln!(
            out,
            "             {:>7}  {:<22}  {:<14}  {}",
            grouped(number(row, "/count")),
            part("code"),
            part("rule"),
            part("owner")
        );
    }
}

fn first_issues(out: &mut String, issues: &[Value]) {
    for issue in issues {
        let part = |pointer: &str| {
            let value = issue.pointer(pointer).and_then(Value::as_str);
            value.unwrap_or_default()
        };
        let line = number(issue, "/line");
        let place = match line {
            0 => String::new(),
            line => format!(", line {line}"),
        };
        let value = match part("/value") {
            "" => String::new(),
            value => format!(" [{value}]"),
        };
        let _ = writeln!(
            out,
            "  e.g.         {}{place}: {}{value}",
            part("/key"),
            part("/message")
        );
        let _ = writeln!(out, "               \u{2192} {}", part("/hint"));
    }
}

fn figures(out: &mut String, run: &Value) {
    let figure = |key: &str| number(run, &format!("/report/{key}"));
    if run.get("report").is_none_or(Value::is_null) {
        return;
    }
    let seconds = figure("duration_ms") as f64 / 1_000.0;
    let _ = writeln!(
        out,
        "  figures      {seconds:.1} s, {} rows/s, {} batches, {} target calls, process peak {} MiB",
        grouped(figure("rows_per_s")),
        grouped(figure("batches")),
        grouped(figure("calls")),
        figure("process_peak_mib")
    );
}

/// Which parts of the source could not be read, and what to do about each.
fn failed_parts(out: &mut String, run: &Value) {
    let parts = run.get("failed_parts").and_then(Value::as_array);
    for failed in parts.into_iter().flatten().take(FAILED_PART_LINES) {
        let text = |at: &str| {
            failed
                .pointer(at)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let _ = writeln!(
            out,
            "  not read     {}   {}: {}",
            text("/part"),
            text("/problem/code"),
            text("/problem/detail")
        );
        let _ = writeln!(out, "               {}", text("/problem/hint"));
    }
}

/// How the source differs from what was expected.
fn drift(out: &mut String, run: &Value) {
    let findings = run.get("drift").and_then(Value::as_array);
    for finding in findings.into_iter().flatten().take(DRIFT_LINES) {
        let part = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(
            out,
            "  drift        {:<16} {}",
            part("kind"),
            part("message")
        );
    }
}

/// What each side's connector used.
fn usage(out: &mut String, run: &Value) {
    let sides = run.get("usage").and_then(Value::as_object);
    for (side, used) in sides.into_iter().flatten() {
        let count = |key: &str| number(used, &format!("/{key}"));
        let calls = used.get("host_calls").and_then(Value::as_object);
        let calls: Vec<String> = calls
            .into_iter()
            .flatten()
            .map(|(name, calls)| format!("{name} {}", grouped(calls.as_u64().unwrap_or(0))))
            .collect();
        let connector = used.get("connector").and_then(Value::as_str);
        let _ = writeln!(
            out,
            "  used         {side:<7} {}: {:.1} s CPU, peak {:.1} MiB, {} in, {} out; host calls: {}",
            connector.unwrap_or_default(),
            count("cpu_ms") as f64 / 1_000.0,
            count("peak_memory_bytes") as f64 / f64::from(1 << 20),
            bytes(count("bytes_in")),
            bytes(count("bytes_out")),
            if calls.is_empty() {
                "none".to_owned()
            } else {
                calls.join(", ")
            }
        );
    }
}

/// A number of bytes in the unit that fits.
fn bytes(count: u64) -> String {
    match count {
        0..1_024 => format!("{count} B"),
        1_024..1_048_576 => format!("{:.1} KiB", count as f64 / 1_024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}

/// The heads of the runs table's columns.
pub(crate) fn table_head() -> String {
    format!(
        "{:<36}  {:<20} {:<12} {:<22} {:>11} {:>11} {:>11} {:>9}  {:<24}  why",
        "run", "integration", "mode", "state", "read", "delivered", "unchanged", "bad", "created"
    )
}

/// One line of the runs table. Bad are quarantined, rejected and uncertain records.
pub(crate) fn table_row(run: &Value) -> String {
    let part = |key: &str| run.get(key).and_then(Value::as_str).unwrap_or_default();
    let count = |key: &str| number(run, &format!("/counters/{key}"));
    let why = run
        .pointer("/problem/code")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let row = format!(
        "{:<36}  {:<20} {:<12} {:<22} {:>11} {:>11} {:>11} {:>9}  {:<24}  {why}",
        part("id"),
        part("integration"),
        part("mode"),
        part("state"),
        grouped(count("read")),
        grouped(count("delivered")),
        grouped(count("unchanged")),
        grouped(count("quarantined") + count("rejected") + count("uncertain")),
        part("created_at")
    );
    row.trim_end().to_owned()
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_tells_what_was_used_and_what_has_changed() {
        let run = json!({
            "tenant": "acme", "integration": "orders", "id": "run_1", "state": "failed",
            "failed_parts": [{"no": 1, "part": "in/b.csv", "problem": {
                "code": "archive_invalid", "detail": "in/b.csv is damaged", "hint": "send it again"}}],
            "drift": [{"kind": "missing", "name": "a", "message": "x.csv does not have \"a\""}],
            "usage": {"source": {
                "connector": "sftp 0.1.0", "instances": 3, "cpu_ms": 1_250,
                "peak_memory_bytes": 1_572_864, "bytes_in": 12_582_912, "bytes_out": 0,
                "host_calls": {"files": 1_200, "output": 7}
            }}
        });
        let text = text(&run, &[]);
        let failed = "  not read     in/b.csv   archive_invalid: in/b.csv is damaged\n               send it again\n";
        assert!(text.contains(failed), "{text}");
        let drift = "  drift        missing          x.csv does not have \"a\"\n";
        assert!(text.contains(drift), "{text}");
        let used = "  used         source  sftp 0.1.0: 1.2 s CPU, peak 1.5 MiB, 12.0 MiB in, 0 B out; host calls: files 1,200, output 7\n";
        assert!(text.contains(used), "{text}");
    }

    #[test]
    fn what_was_read_is_added_up_where_something_was() {
        let run = |read: u64, balanced: bool| {
            json!({
                "counters": {"rows": read, "read": read, "delivered": read},
                "report": {"reconciliation": {"balanced": balanced}},
            })
        };
        let some = text(&run(1_200, true), &[]);
        let sum = "  read         1,200 records from 1,200 rows\n             = 1,200 delivered   (balanced: nothing unaccounted)\n";
        assert!(some.contains(sum), "{some}");
        let none = text(&run(0, true), &[]);
        assert!(
            none.contains("  read         0 records from 0 rows\n"),
            "{none}"
        );
        assert!(!none.contains("             ="), "{none}");
        let lost = text(&run(0, false), &[]);
        assert!(
            lost.contains("             = 0   (DOES NOT BALANCE)\n"),
            "{lost}"
        );
    }

    #[test]
    fn the_columns_of_the_runs_table_stand_below_their_heads() {
        let run = json!({
            "id": "run_0197c0ffee0197c0ffee0197c0ffee01", "integration": "order-tax",
            "mode": "incremental", "state": "completed_with_errors",
            "created_at": "2026-11-21T14:00:00.000Z", "problem": null,
            "counters": {
                "read": 1_234_567, "delivered": 1_234_000, "unchanged": 500,
                "quarantined": 60, "rejected": 6, "uncertain": 1
            }
        });
        let (head, row) = (table_head(), table_row(&run));
        for (name, value) in [
            ("read", "1,234,567"),
            ("delivered", "1,234,000"),
            ("unchanged", "500"),
            ("bad", "67"),
        ] {
            let end = |line: &str, word: &str| {
                let found = line.find(&format!(" {word} "));
                found.map(|at| at + word.len())
            };
            assert_eq!(end(&head, name), end(&row, value), "{name}:\n{head}\n{row}");
        }
        assert_eq!(head.find("created"), row.find("2026-"), "{head}\n{row}");
    }
}
