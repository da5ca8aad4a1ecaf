//! Quality rules: compiled last, so that they may use every target value.

use super::compiler::{Compiler, Named, Subject};
use crate::diagnostic::code;
use crate::document::{QualityRule, RuleAction, RuleScope, RuleSeverity, nearest};
use crate::formula::ast::{Ast, Node};
use crate::path::Step;
use crate::plan::{
    Check, DocumentCheck, DocumentRule, Figure, MaskedTargets, Rule, RunRule, Scope, UniqueColumn,
};
use crate::value::Kind;

/// The figures of a run that rules may name.
const FIGURES: [(&str, Figure); 4] = [
    ("read", Figure::Read),
    ("mapped", Figure::Mapped),
    ("skipped", Figure::Skipped),
    ("quarantined", Figure::Quarantined),
];

impl Compiler<'_> {
    /// Compiles the rules; those about a field of a loop go to the loop, the others come back.
    pub(crate) fn rules(&mut self) -> Vec<Rule> {
        let document = self.document;
        let mut of_record = Vec::new();
        let mut figures = None;
        for (place, rule) in document.quality.iter().enumerate() {
            let pointer = format!("/quality/{place}");
            self.id(&rule.id, &pointer);
            if !self.rule_is_sound(rule, &pointer) {
                continue;
            }
            if rule.scope == RuleScope::Run {
                let scope = *figures.get_or_insert_with(|| self.run_figures());
                self.run_rule(rule, scope, &pointer);
                continue;
            }
            if rule.schema.is_some() || !rule.unique.is_empty() {
                self.document_rule(rule, &pointer);
                continue;
            }
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

    /// Whether the members of a rule go together.
    fn rule_is_sound(&mut self, rule: &QualityRule, pointer: &str) -> bool {
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
                "error goes with reject, warn with flag; fail needs no action",
            );
        }
        let whole = rule.schema.is_some() || !rule.unique.is_empty();
        let run = rule.scope == RuleScope::Run;
        let wrong = [
            (
                "on",
                rule.on.is_some() && (whole || run),
                "the rule is about the whole record or run",
                "remove on",
            ),
            (
                "on",
                rule.on.is_none() && rule.reference.is_some(),
                "reference is about a field",
                "write on with the field's id",
            ),
            (
                "scope",
                run && rule.check.is_none(),
                "a rule over a run is a check of its figures",
                "write check, for example: quarantined / read <= 0.02",
            ),
        ];
        let mut sound = true;
        for (member, _, message, hint) in wrong.iter().filter(|(_, wrong, ..)| *wrong) {
            self.error(code::RULE, format!("{pointer}/{member}"), *message, *hint);
            sound = false;
        }
        sound
    }

    fn rule(&mut self, rule: &QualityRule, pointer: &str) -> Option<(u16, Rule)> {
        let subject = match &rule.on {
            None => None,
            Some(id) => Some(self.subject(id, pointer)?),
        };
        let scope = subject.as_ref().map_or(0, |subject| subject.scope);
        let (check, said) = match (&rule.check, &rule.reference) {
            (_, Some(table)) => {
                let value = subject.as_ref().and_then(|subject| subject.value)?;
                let check = self.reference(table, value, &format!("{pointer}/reference"))?;
                (check, format!("the value is no key of {table}"))
            }
            (Some(text), None) => {
                let formula = self.condition(text, scope, &format!("{pointer}/check"))?;
                let said = format!("the rule {} is not met: {text}", rule.id);
                (Check::Formula(formula), said)
            }
            // the published schema has asked for one of them
            (None, None) => return None,
        };
        self.read
            .extend(subject.as_ref().and_then(|subject| subject.variable));
        let message = match rule.message.as_str() {
            "" => said,
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

    /// The value of a variable must be a key of a lookup.
    fn reference(&mut self, name: &str, variable: u32, pointer: &str) -> Option<Check> {
        let (table, columns) = self.lookup(name, pointer)?;
        if columns != 1 {
            self.error(
                code::RULE,
                pointer,
                format!("the key of {name} has {columns} columns, and the rule has one value"),
                "declare a lookup with one key column",
            );
            return None;
        }
        self.read.insert(variable);
        Some(Check::Key { variable, table })
    }

    /// A rule over the finished document.
    fn document_rule(&mut self, rule: &QualityRule, pointer: &str) {
        let check = match &rule.schema {
            Some(schema) => match jsonschema::validator_for(schema) {
                Ok(validator) => Some(DocumentCheck::Schema(Box::new(validator))),
                Err(error) => {
                    self.error(
                        code::RULE_SCHEMA,
                        format!("{pointer}/schema"),
                        format!("no JSON Schema: {}", error.masked_with("a value")),
                        "correct the schema; references may point into itself only",
                    );
                    None
                }
            },
            None => self.unique(&rule.unique, pointer),
        };
        let Some(check) = check else { return };
        let message = match (rule.message.as_str(), &check) {
            ("", DocumentCheck::Schema(_)) => None,
            ("", DocumentCheck::Unique { .. }) => {
                Some(format!("{} must be unique", rule.unique.join(" with ")))
            }
            (written, _) => Some(written.to_owned()),
        };
        self.document_rules.push(DocumentRule {
            id: rule.id.as_str().into(),
            severity: rule.severity,
            message: message.map(Into::into),
            check,
            // known when the whole document is compiled
            masked: MaskedTargets::default(),
        });
    }

    fn unique(&mut self, pointers: &[String], pointer: &str) -> Option<DocumentCheck> {
        let mut elements: Option<&str> = None;
        let mut columns = Vec::with_capacity(pointers.len());
        for (place, written) in pointers.iter().enumerate() {
            let pointer = format!("{pointer}/unique/{place}");
            if !self.targets.contains_key(written) {
                let known: Vec<String> = self.targets.keys().cloned().collect();
                let hint = match nearest(written, &known) {
                    Some(candidate) => format!("did you mean {candidate:?}?"),
                    None => "write it like /lines/*/number".to_owned(),
                };
                self.error(
                    code::RULE,
                    pointer,
                    format!("{written:?} is not a field of the target"),
                    hint,
                );
                return None;
            }
            let split = written.rfind("/*/").map(|at| written.split_at(at + 2));
            let Some((around, below)) = split else {
                self.error(
                    code::RULE,
                    pointer,
                    format!("{written:?} is not inside an array: there is one of it"),
                    "name a field of an each, for example /lines/*/number",
                );
                return None;
            };
            if elements.is_some_and(|known| known != around) {
                self.error(
                    code::RULE,
                    pointer,
                    "the pointers are not about the same elements",
                    "values that are unique together stand in the same element",
                );
                return None;
            }
            elements = Some(around);
            columns.push(UniqueColumn {
                path: names(below).into_iter().map(Step::Name).collect(),
                pointer: below.into(),
                target: written.as_str().into(),
                sensitive: false,
            });
        }
        let elements = names(elements?)
            .into_iter()
            .map(|name| (name != "*").then_some(name))
            .collect();
        Some(DocumentCheck::Unique { elements, columns })
    }

    /// Opens the scope of the figures of a run.
    fn run_figures(&mut self) -> u16 {
        let scope = self.open(Scope {
            name: None,
            parent: None,
            table: 0,
            array: None,
        });
        let amounts = self.document.amounts.iter().enumerate();
        let sums = amounts.map(|(place, amount)| {
            let name = format!("sums.{}", names(amount).join("."));
            (name, Figure::Sum(place))
        });
        let dates = self.document.dates.iter().enumerate();
        let newest = dates.map(|(place, date)| {
            let name = format!("newest.{}", names(date).join("."));
            (name, Figure::Newest(place))
        });
        let all: Vec<(String, Figure)> = FIGURES
            .iter()
            .map(|(name, figure)| ((*name).to_owned(), *figure))
            .chain(sums)
            .chain(newest)
            .collect();
        for (name, figure) in all {
            let variable = self.variable();
            self.figures.push((variable, figure));
            let (kind, pointer) = match figure {
                Figure::Newest(_) => (Kind::Date, "/dates"),
                _ => (Kind::Number, "/amounts"),
            };
            self.define(scope, name, Named::Variable(variable, kind), pointer);
        }
        scope
    }

    fn run_rule(&mut self, rule: &QualityRule, scope: u16, pointer: &str) {
        let Some(text) = &rule.check else { return };
        let pointer = format!("{pointer}/check");
        if let Ok(ast) = crate::formula::parse(text)
            && reads_rows(&ast)
        {
            self.error(
                code::RULE,
                pointer,
                "a rule over a run has no row at hand",
                "use read, mapped, skipped, quarantined, sums.<amount>, newest.<date> and param",
            );
            return;
        }
        let Some(check) = self.condition(text, scope, &pointer) else {
            return;
        };
        let message = match rule.message.as_str() {
            "" => format!("the rule {} is not met: {text}", rule.id),
            written => written.to_owned(),
        };
        self.run_rules.push(RunRule {
            id: rule.id.as_str().into(),
            check,
            text: text.as_str().into(),
            severity: rule.severity,
            message: message.into(),
        });
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

/// The segments of a pointer.
fn names(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Whether a formula names a source value, also by a function with paths.
fn reads_rows(ast: &Ast) -> bool {
    match &ast.node {
        Node::Constant(_) => false,
        Node::Name(name, _) => name == "src",
        Node::List(items) => items.iter().any(reads_rows),
        Node::Call(name, items) => name == "lookup" || items.iter().any(reads_rows),
        Node::Not(inner) | Node::Negate(inner) => reads_rows(inner),
        Node::Binary(_, left, right) => reads_rows(left) || reads_rows(right),
        Node::If(condition, yes, no) => [condition, yes, no]
            .into_iter()
            .any(|part| reads_rows(part)),
    }
}
