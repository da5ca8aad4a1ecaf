//! What went wrong, with every place a person could ask for. Built only when something is wrong, so
//! this may allocate.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::{Issue, Severity, Stage, shorten};
use tributary_model::rows::RowPosition;

use super::rows::raw_text;
use super::run::Run;
use crate::document::{RuleSeverity, escape_pointer};
use crate::formula::expression::{Expression, SlotRef};
use crate::path::write_path;
use crate::plan::{Filter, MASK, Node, TargetStep};
use crate::reader::{ReadError, Slot};
use crate::value::Failure;

/// Longest value of an issue, in characters.
const VALUE_LENGTH: usize = 200;

/// Where an issue belongs.
pub(super) struct Spot<'s> {
    pub(super) rule: &'s str,
    pub(super) target: Option<&'s [TargetStep]>,
    pub(super) slot: Option<SlotRef>,
    pub(super) sensitive: bool,
}

impl Run<'_> {
    /// Keeps an issue, up to the limit; an error fails the record in any case.
    pub(super) fn keep(&mut self, issue: Issue) {
        self.failed |= issue.severity == Severity::Error;
        let limit = self.plan.limits.max_issues as usize;
        if self.issues.len() < limit {
            self.issues.push(issue);
        } else if self.issues.len() == limit {
            let mut more = Issue::error(
                Stage::Map,
                issue.code,
                format!("more than {limit} issues; the rest is left out"),
            );
            more.severity = issue.severity;
            self.issues.push(more);
        }
    }

    /// Keeps an issue of a rule, which stops the run if `severity` says so. The first that does is told even
    /// where the limit is reached, in the place of the last before it: the run must name what stopped it.
    pub(super) fn keep_of_rule(&mut self, issue: Issue, severity: RuleSeverity) {
        let first = severity == RuleSeverity::Fail && !*self.stop;
        let limit = self.plan.limits.max_issues as usize;
        if !first || self.issues.len() < limit {
            *self.stop |= first;
            return self.keep(issue);
        }
        *self.stop = true;
        self.keep(issue.clone());
        if let Some(last) = self.issues.get_mut(limit.saturating_sub(1)) {
            *last = issue;
        }
    }

    /// Keeps an issue of a node.
    #[cold]
    pub(super) fn issue(&mut self, spot: &Spot<'_>, failure: Failure, severity: Severity) {
        let issue = self.issue_of(spot, failure, severity);
        self.keep(issue);
    }

    /// An issue of a node or rule.
    #[cold]
    pub(super) fn issue_of(&self, spot: &Spot<'_>, failure: Failure, severity: Severity) -> Issue {
        let mut issue = Issue::error(Stage::Map, failure.code, failure.message);
        issue.severity = severity;
        if let Some(hint) = failure.hint {
            issue.hint = hint;
        }
        issue.rule = Some(spot.rule.to_owned());
        issue.target_path = spot.target.map(|target| self.target_path(target));
        let scope = spot.slot.map_or(0, |slot| slot.scope);
        issue.position = self.position(scope);
        let sensitive = spot.sensitive || spot.slot.is_some_and(|slot| self.plan.hidden.slot(slot));
        if sensitive {
            conceal(&mut issue);
        }
        if let Some(slot) = spot.slot {
            issue.source_path = Some(self.source_path(slot));
            issue.place = self.place(slot, sensitive);
            if let Some(text) = raw_text(self.raw(slot)) {
                issue.value = Some(match sensitive && !text.is_empty() {
                    true => MASK.to_owned(),
                    false => shorten(text, VALUE_LENGTH),
                });
            }
        }
        issue
    }

    /// An error of a node that is about no single place.
    #[cold]
    pub(super) fn fail(&mut self, node: &Node, failure: Failure) {
        self.fail_with(node, failure, false);
    }

    /// The same, which may be about a value that is not to be seen.
    #[cold]
    pub(super) fn fail_with(&mut self, node: &Node, failure: Failure, sensitive: bool) {
        let spot = Spot {
            rule: &node.id,
            target: Some(&node.target),
            slot: None,
            sensitive,
        };
        self.issue(&spot, failure, Severity::Error);
    }

    /// The same of a node's condition.
    #[cold]
    pub(super) fn condition_failed(
        &mut self,
        node: &Node,
        condition: &Expression,
        mut failure: Failure,
    ) {
        if self.plan.hidden.formula(condition) {
            failure.message = failure.code.info().title.to_owned();
            failure.hint = None;
        }
        self.fail(node, failure);
    }

    /// An issue about a source value of the group or key.
    #[cold]
    pub(super) fn slot_issue(
        &mut self,
        code: ErrorCode,
        rule: &str,
        slot: SlotRef,
        message: String,
    ) {
        self.failed_slot(
            rule,
            slot,
            Failure {
                code,
                message,
                hint: None,
            },
        );
    }

    /// An issue about a source value, from a failure.
    #[cold]
    pub(super) fn failed_slot(&mut self, rule: &str, slot: SlotRef, failure: Failure) {
        let spot = Spot {
            rule,
            target: None,
            slot: Some(slot),
            sensitive: false,
        };
        self.issue(&spot, failure, Severity::Error);
    }

    /// An issue about a row as a whole.
    #[cold]
    pub(super) fn row_issue(&mut self, code: ErrorCode, row: u32, message: String) {
        let mut issue = Issue::error(Stage::Map, code, message);
        issue.position = self.rows.get(row as usize).map(|row| row.position);
        self.keep(issue);
    }

    /// An issue of a filter.
    #[cold]
    pub(super) fn filter_issue(&mut self, filter: &Filter, failure: Failure, row: u32) {
        let mut issue = Issue::error(Stage::Map, failure.code, failure.message);
        if self.plan.hidden.formula(&filter.keep) {
            issue.message = issue.code.info().title.to_owned();
        }
        issue.rule = Some(filter.id.to_string());
        issue.position = self.rows.get(row as usize).map(|row| row.position);
        self.keep(issue);
    }

    /// An issue of a row that cannot be read: the position is that of the byte.
    #[cold]
    pub(super) fn read_issue(&mut self, row: u32, bytes: &[u8], error: ReadError) {
        let mut issue = Issue::error(Stage::Map, error.code, error.message);
        let around = bytes.get(error.offset..).unwrap_or_default();
        let excerpt =
            String::from_utf8_lossy(around.get(..around.len().min(40)).unwrap_or_default());
        if !excerpt.is_empty() && self.plan.hidden.is_empty() {
            issue.value = Some(excerpt.into_owned());
        }
        issue.position = self.rows.get(row as usize).map(|row| RowPosition {
            line: row.position.line,
            offset: row.position.offset + error.offset as u64,
        });
        self.keep(issue);
    }

    /// Where the row stood that the element of a scope belongs to.
    pub(super) fn position(&self, scope: u16) -> Option<RowPosition> {
        let row = self.row_number(scope)?;
        self.rows.get(row as usize).map(|row| row.position)
    }

    /// The row that the element of a scope belongs to.
    pub(super) fn row_number(&self, scope: u16) -> Option<u32> {
        let mut next = Some(scope);
        while let Some(id) = next {
            let scope = self.plan.scopes.get(usize::from(id))?;
            if scope.table == 0 {
                return self.current.get(usize::from(id)).copied();
            }
            next = scope.parent;
        }
        None
    }

    /// The normalized path of a slot in its row.
    pub(crate) fn source_path(&self, slot: SlotRef) -> String {
        let prefix = self.element_path(slot.scope);
        let path = self
            .plan
            .scopes
            .get(usize::from(slot.scope))
            .and_then(|scope| self.plan.slots.get(scope.table))
            .and_then(|slots| slots.get(usize::from(slot.slot)))
            .map_or(&[][..], |wanted| wanted.path.as_slice());
        write_path(&prefix, path)
    }

    fn element_path(&self, id: u16) -> String {
        let Some(scope) = self.plan.scopes.get(usize::from(id)) else {
            return "$".to_owned();
        };
        let Some((slot, path)) = &scope.array else {
            return "$".to_owned();
        };
        let prefix = write_path(&self.element_path(slot.scope), path);
        let first = match self.raw(*slot) {
            Slot::Items { first, .. } => first,
            _ => 0,
        };
        let row = self.current.get(usize::from(id)).copied().unwrap_or(first);
        let selected = self
            .element_paths
            .iter()
            .find(|(table, number, _)| *table == scope.table && *number == row);
        if let Some((_, _, below)) = selected {
            return format!("{prefix}{}", below.strip_prefix('$').unwrap_or(below));
        }
        format!("{prefix}[{}]", row.saturating_sub(first))
    }

    pub(super) fn target_path(&self, target: &[TargetStep]) -> String {
        let mut pointer = String::new();
        for step in target {
            pointer.push('/');
            match step {
                TargetStep::Name(name) => pointer.push_str(&escape_pointer(name)),
                TargetStep::Element(depth) => {
                    let number = self.elements.get(*depth).copied().unwrap_or(0);
                    pointer.push_str(&number.to_string());
                }
            }
        }
        pointer
    }
}

/// Takes out of an issue what may quote a sensitive value, as it was found or as it was calculated.
fn conceal(issue: &mut Issue) {
    // these say that nothing is there
    if matches!(issue.code, ErrorCode::ValueMissing | ErrorCode::KeyMissing) {
        return;
    }
    let info = issue.code.info();
    info.title.clone_into(&mut issue.message);
    info.hint.clone_into(&mut issue.hint);
}
