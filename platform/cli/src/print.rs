//! Output. The one place that writes to stdout, so that `--json` output stays clean; progress
//! and hints go to stderr.

use std::io::Write as _;

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

/// A problem as an error that reads well: what, where, what to do.
pub(crate) fn problem_error(problem: &Problem) -> anyhow::Error {
    let mut text = format!("{}: {}", problem.code, problem.detail);
    for place in &problem.errors {
        text.push_str(&format!("\n  at {}: {}", place.pointer, place.detail));
    }
    text.push_str(&format!("\n  hint: {}", problem.hint));
    anyhow::anyhow!(text)
}

/// `1234567` → `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

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
