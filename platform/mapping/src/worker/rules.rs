//! Quality rules: checked once per element of their scope, when it is complete.
//!
//! Invariants: a rule that needs a value which has failed is not checked. Deliberately absent: rules over
//! more than one record.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::Severity;

use super::issues::Spot;
use super::run::Run;
use crate::document::RuleSeverity;
use crate::formula::evaluate::condition;
use crate::plan::{Rule, TargetStep};
use crate::value::{Failure, Value};

impl<'a> Run<'a> {
    /// Checks the rules of a scope.
    pub(super) fn rules(&mut self, rules: &'a [Rule]) {
        for rule in rules {
            match condition(&rule.check, self) {
                Ok(Some(true) | None) => {}
                Ok(Some(false)) => {
                    let failure = Failure {
                        code: ErrorCode::QualityRule,
                        message: rule.message.to_string(),
                        hint: None,
                    };
                    self.broken_rule(rule, failure);
                }
                Err(mut failure) => {
                    failure.message = format!("the rule could not be checked: {}", failure.message);
                    self.broken_rule(rule, *failure);
                }
            }
        }
    }

    #[cold]
    fn broken_rule(&mut self, rule: &Rule, failure: Failure) {
        let severity = match rule.severity {
            RuleSeverity::Error => Severity::Error,
            RuleSeverity::Warn => Severity::Warning,
        };
        let target: Option<&[TargetStep]> = rule.target.as_deref();
        let spot = Spot {
            rule: &rule.id,
            target,
            slot: None,
            sensitive: false,
        };
        let value = rule.variable.map(|variable| self.variable(variable));
        let before = self.issues.len();
        self.issue(&spot, failure, severity);
        let text = match value {
            Some(Value::Null | Value::Failed) | None => None,
            Some(Value::Text(text) | Value::Number(text) | Value::Json(text)) => {
                Some(text.to_owned())
            }
            Some(other) => Some(super::rows::shown(other)),
        };
        if let (Some(text), Some(issue)) = (text, self.issues.get_mut(before)) {
            issue.value = Some(tributary_model::issue::shorten(&text, 200));
        }
    }
}
