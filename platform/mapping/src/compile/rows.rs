//! Row operators and the record's key.

use super::compiler::Compiler;
use crate::diagnostic::code;
use crate::document::{self, RowStep};
use crate::formula::expression::SlotRef;
use crate::plan::{Dedupe, Filter, Group, Grouping, SortBy};
use crate::value::Kind;

impl Compiler<'_> {
    /// Filters, then at most one group, and what takes doubles out of its rows.
    pub(crate) fn row_steps(&mut self) -> (Vec<Filter>, Vec<Dedupe>, Option<Group>) {
        let document = self.document;
        let mut filters = Vec::new();
        let mut dedupes = Vec::new();
        let mut group = None;
        for (place, step) in document.rows.iter().enumerate() {
            let pointer = format!("/rows/{place}");
            match step {
                RowStep::Filter { id, keep, .. } => {
                    self.id(id, &pointer);
                    if group.is_some() {
                        self.error(
                            code::ROW_STEPS,
                            &pointer,
                            "a filter after the group would not see rows any more",
                            "move it before the group, or use keep on the each",
                        );
                    }
                    let compiled = self.condition(keep, 0, &format!("{pointer}/keep"));
                    filters.extend(compiled.map(|keep| Filter {
                        id: id.as_str().into(),
                        keep,
                    }));
                }
                RowStep::Dedupe { id, by, keep, .. } => {
                    self.id(id, &pointer);
                    let by = self.slots(by, &format!("{pointer}/by"));
                    dedupes.push(Dedupe { by, keep: *keep });
                }
                RowStep::Group(written) => {
                    self.id(&written.id, &pointer);
                    if group.is_some() {
                        self.error(
                            code::ROW_STEPS,
                            &pointer,
                            "there is a group already",
                            "keep one group",
                        );
                    }
                    group = Some(self.group(written, &pointer));
                }
            }
        }
        if group.is_none() && !dedupes.is_empty() {
            self.error(
                code::ROW_STEPS,
                "/rows",
                "dedupe works on the rows of a group, and there is no group",
                "add a group; records with the same key are told apart by the platform anyway",
            );
        }
        (filters, dedupes, group)
    }

    fn group(&mut self, group: &document::Group, pointer: &str) -> Group {
        let agree = self.slots(&group.agree, &format!("{pointer}/agree"));
        let mut sort = Vec::with_capacity(group.sort.len());
        for (place, by) in group.sort.iter().enumerate() {
            if let Some(slot) = self.slot(0, &by.by, &format!("{pointer}/sort/{place}/by")) {
                sort.push(SortBy {
                    slot,
                    kind: by.kind,
                    order: by.order,
                    locale: self.locale,
                });
            }
        }
        Group {
            id: group.id.as_str().into(),
            grouping: Grouping {
                input: group.input,
                max_members: group.max_members,
            },
            agree,
            sort,
        }
    }

    /// The slots of the record's key: the group's `by`, or the source's `key`.
    pub(crate) fn key(&mut self) -> Vec<SlotRef> {
        let document = self.document;
        for (place, step) in document.rows.iter().enumerate() {
            if let RowStep::Group(group) = step {
                return self.slots(&group.by, &format!("/rows/{place}/by"));
            }
        }
        if document.source.key.is_empty() {
            self.error(
                code::KEY_MISSING,
                "/source",
                "the record has no key",
                "name the paths that identify a record: \"key\": [\"$.order_no\"]",
            );
        }
        self.slots(&document.source.key, "/source/key")
    }

    fn slots(&mut self, paths: &[String], pointer: &str) -> Vec<SlotRef> {
        let mut slots = Vec::with_capacity(paths.len());
        for (place, path) in paths.iter().enumerate() {
            slots.extend(self.slot(0, path, &format!("{pointer}/{place}")));
        }
        slots
    }

    /// A formula that gives true or false.
    pub(crate) fn condition(
        &mut self,
        text: &str,
        scope: u16,
        pointer: &str,
    ) -> Option<crate::formula::expression::Expression> {
        let (expression, kind) = self.formula(text, scope, pointer)?;
        if !kind.may_be(Kind::Bool) || kind == Kind::Null {
            self.error(
                code::TYPE_MISMATCH,
                pointer,
                format!("the condition gives a {}", kind.word()),
                "write a comparison",
            );
            return None;
        }
        Some(expression)
    }
}
