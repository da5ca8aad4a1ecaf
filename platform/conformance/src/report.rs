//! What a battery found, for a person and for a program.

use serde::Serialize;

/// How a check went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Failed,
    /// it does not apply, or a check that it needs has failed
    Skipped,
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

/// One check over one case.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// see [`crate::CHECKS`]
    pub check: &'static str,
    /// name of the case; empty for what concerns the component as a whole
    pub case: String,
    pub verdict: Verdict,
    /// what was seen, or why it was skipped
    pub detail: String,
    pub millis: u64,
}

/// Of one component.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub connector: String,
    pub version: String,
    pub digest: String,
    pub checks: Vec<CheckResult>,
}

impl Report {
    fn count(&self, verdict: &Verdict) -> usize {
        let same = |check: &&CheckResult| check.verdict == *verdict;
        self.checks.iter().filter(same).count()
    }

    /// Whether nothing failed, and something was looked at at all.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.count(&Verdict::Failed) == 0 && self.count(&Verdict::Ok) > 0
    }

    /// The failed checks.
    pub fn failures(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks
            .iter()
            .filter(|check| check.verdict == Verdict::Failed)
    }

    /// A table.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{} {}  {}\n", self.connector, self.version, self.digest);
        for check in &self.checks {
            let name = match check.case.as_str() {
                "" => check.check.to_owned(),
                case => format!("{} ({case})", check.check),
            };
            text += &format!("{:<8} {name:<36} {}\n", check.verdict.word(), check.detail);
        }
        text += &format!(
            "{} ok, {} failed, {} skipped\n",
            self.count(&Verdict::Ok),
            self.count(&Verdict::Failed),
            self.count(&Verdict::Skipped)
        );
        text
    }
}
