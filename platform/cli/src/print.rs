//! Output. The one place that writes to stdout, so that `--json` output stays clean; progress
//! and hints go to stderr. (What `mapping run` makes goes to stdout through a buffer of its own.)

use std::io::{IsTerminal as _, Write as _};

use tributary_model::problem::Problem;

/// A line on stdout. When the reader is gone (`tributary … | head`) the program ends quietly, as
/// others in a pipe do.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"));
    if written.is_err() {
        std::process::exit(0);
    }
}

/// A text on stdout, as it is.
pub(crate) fn text(text: &str) {
    if std::io::stdout().lock().write_all(text.as_bytes()).is_err() {
        std::process::exit(0);
    }
}

/// A remark on stderr: progress, summaries, what to do next.
pub(crate) fn remark(text: &str) {
    eprintln!("{text}");
}

/// A question on stderr, without the end of the line.
pub(crate) fn prompt(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// One form for every error: what was tried, then why.
pub(crate) fn failure(error: &anyhow::Error) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        text.push_str("\n  because: ");
        text.push_str(&cause.to_string());
    }
    eprintln!("error: {text}");
}

/// Lines on stdout, coloured by how they begin if stdout is a terminal and `NO_COLOR` is not set.
pub(crate) fn painted(lines: &str) {
    if !colours() {
        text(lines);
        return;
    }
    let mut out = String::new();
    for line in lines.split_inclusive('\n') {
        let (begin, end) = match colour(line) {
            Some(code) => (format!("\x1b[{code}m"), "\x1b[0m"),
            None => (String::new(), ""),
        };
        let (content, newline) = match line.strip_suffix('\n') {
            Some(content) => (content, "\n"),
            None => (line, ""),
        };
        out.push_str(&format!("{begin}{content}{end}{newline}"));
    }
    text(&out);
}

/// The ANSI code for a line.
fn colour(line: &str) -> Option<u8> {
    const RED: u8 = 31;
    const GREEN: u8 = 32;
    const YELLOW: u8 = 33;
    let begins = |words: &[&str]| words.iter().any(|word| line.trim_start().starts_with(word));
    if begins(&["FAIL", "error ", "- "]) {
        Some(RED)
    } else if begins(&["ok  ", "+ "]) {
        Some(GREEN)
    } else if begins(&["warning "]) {
        Some(YELLOW)
    } else {
        None
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is cli: NO_COLOR is a convention of terminals, no configuration of ours"
)]
fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !refused
}

/// A problem as an error that reads well: what, where, what to do.
pub(crate) fn problem_error(problem: &Problem) -> anyhow::Error {
    let mut text = format!("{}: {}", problem.code, problem.detail);
    for place in &problem.errors {
        text.push_str(&format!("\n  at {}: {}", place.pointer, place.detail));
    }
    text.push_str(&format!("\n  hint: {}", problem.hint));
    anyhow::anyhow!(text)
}

pub(crate) use tributary_authoring::summary::grouped;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
