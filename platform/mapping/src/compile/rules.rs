//! Quality rules: compiled last, so that they may use every target value.

use super::compiler::{Compiler, Subject};
use crate::diagnostic::code;
use crate::document::{QualityRule, RuleAction, RuleSeverity, nearest};
use crate::plan::Rule;

impl Compiler<'_> {
    /// Compiles the rules; those about a field of a loop go to the loop, the others come back.
    pub(crate) fn rules(&mut self) -> Vec<Rule> {
        let document = self.document;
        let mut of_record = Vec::new();
        for (place, rule) in document.quality.iter().enumerate() {
            let pointer = format!("/quality/{place}");
            self.id(&rule.id, &pointer);
            let Some((scope, compiled)) = self.rule(rule, &pointer) else {
                continue;
            };
            match self
                .eaches
                .iter_mut()
                .find(|each| each.scope == scope && scope != 0)
            {
                Some(each) => each.extra.rules.push(compiled),
                None => of_record.push(compiled),
            }
        }
        of_record
    }

    fn rule(&mut self, rule: &QualityRule, pointer: &str) -> Option<(u16, Rule)> {
        let fits = matches!(
            (rule.severity, rule.action),
            (_, None)
                | (RuleSeverity::Error, Some(RuleAction::Reject))
                | (RuleSeverity::Warn, Some(RuleAction::Flag))
        );
        if !fits {
            self.error(
                code::RULE,
                format!("{pointer}/action"),
                "severity and action contradict each other",
                "error goes with reject, warn with flag",
            );
        }
        let subject = match &rule.on {
            None => None,
            Some(id) => Some(self.subject(id, pointer)?),
        };
        let scope = subject.as_ref().map_or(0, |subject| subject.scope);
        let check = self.condition(&rule.check, scope, &format!("{pointer}/check"))?;
        self.read
            .extend(subject.as_ref().and_then(|subject| subject.variable));
        let message = match rule.message.as_str() {
            "" => format!("the rule {} is not met: {}", rule.id, rule.check),
            written => written.to_owned(),
        };
        Some((
            scope,
            Rule {
                id: rule.id.as_str().into(),
                check,
                severity: rule.severity,
                message: message.into(),
                target: subject.as_ref().map(|subject| subject.target.clone()),
                variable: subject.and_then(|subject| subject.variable),
            },
        ))
    }

    fn subject(&mut self, id: &str, pointer: &str) -> Option<Subject> {
        let found = self.subjects.get(id).cloned();
        if found.is_none() {
            let known: Vec<String> = self.subjects.keys().cloned().collect();
            let hint = match nearest(id, &known) {
                Some(candidate) => format!("did you mean {candidate:?}?"),
                None => "name the id of a field that holds a value".to_owned(),
            };
            self.error(
                code::RULE,
                format!("{pointer}/on"),
                format!("there is no value field with the id {id:?}"),
                hint,
            );
        }
        found
    }
}
