//! Maps a record as `platform/docs/mapping/document.md` says, node by node over whole trees, without a
//! plan, without slots and without a thought of speed.

use std::collections::{BTreeMap, HashMap};

use tributary_mapping::Document;
use tributary_mapping::document::{Case, Field, OnError, OnNull, Paths, RowStep, RuleSeverity};

use super::formula::Formula;
use super::kinds::{combined, fit, shown, typed};
use super::rows::{filtered, grouped, key};
use super::value::{Made, Step, Tree, TreeKind, Value, apply};

/// A document together with what its texts mean.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) document: Document,
    pub(super) locale: String,
    pub(super) formulas: HashMap<String, Formula>,
    pub(super) paths: HashMap<String, Vec<Step>>,
    pub(super) params: BTreeMap<String, Value>,
    pub(super) lookups: BTreeMap<String, BTreeMap<String, String>>,
}

/// Code, severity, rule, target path.
pub(super) type Told = (String, &'static str, Option<String>, Option<String>);

/// What must become of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) verdict: &'static str,
    pub(super) key: String,
    pub(super) output: String,
    pub(super) issues: Vec<Told>,
    pub(super) amounts: Vec<Option<String>>,
}

/// The elements of an `each` that were written, with the values of their fields; none: it has failed.
type Elements = Option<Vec<HashMap<String, Value>>>;

/// A scope: its element and what was made in it.
pub(super) struct Level {
    pub(super) name: Option<String>,
    pub(super) element: Tree,
    pub(super) fields: HashMap<String, Value>,
    pub(super) eaches: HashMap<String, Elements>,
}

pub(super) struct Interpreter<'a> {
    pub(super) sample: &'a Sample,
    pub(super) levels: Vec<Level>,
    pub(super) rows: Vec<Tree>,
    target: Vec<String>,
    pub(super) issues: Vec<Told>,
    amounts: Vec<Option<String>>,
}

/// The element around is left out.
struct Dropped;

/// Maps one record.
pub(super) fn map(sample: &Sample, rows: &[Tree]) -> Expected {
    let name = sample.document.rows.iter().find_map(|step| match step {
        RowStep::Group(group) => Some(group.scope.clone()),
        _ => None,
    });
    let first = Level {
        name: Some(name.unwrap_or_else(|| "row".to_owned())),
        element: rows.first().unwrap().clone(),
        fields: HashMap::new(),
        eaches: HashMap::new(),
    };
    let mut interpreter = Interpreter {
        sample,
        levels: vec![first],
        rows: rows.to_vec(),
        target: Vec::new(),
        issues: Vec::new(),
        amounts: vec![None; sample.document.amounts.len()],
    };
    let (verdict, key, output) = interpreter.record();
    let skipped = verdict == "skipped";
    Expected {
        verdict,
        key,
        output,
        issues: if skipped {
            Vec::new()
        } else {
            interpreter.issues
        },
        amounts: interpreter.amounts,
    }
}

impl<'a> Interpreter<'a> {
    fn record(&mut self) -> (&'static str, String, String) {
        let none = String::new;
        if !filtered(self) {
            let failed = self.has_error();
            // only to be found by it
            let key = key(self).unwrap_or_default();
            if failed {
                return ("quarantined", key, none());
            }
            return ("skipped", key, none());
        }
        grouped(self);
        self.select_row(0);
        let Some(key) = key(self) else {
            return ("quarantined", none(), none());
        };
        let mut output = "{".to_owned();
        let document = &self.sample.document;
        let _no_loop_around = self.fields(&document.fields, "", &mut output);
        output.push('}');
        self.rules(None);
        if self.has_error() {
            return ("quarantined", key, none());
        }
        output.push('\n');
        ("mapped", key, output)
    }

    fn has_error(&self) -> bool {
        self.issues.iter().any(|issue| issue.1 == "error")
    }

    pub(super) fn select_row(&mut self, number: usize) {
        self.levels.first_mut().unwrap().element = self.rows.get(number).unwrap().clone();
    }

    pub(super) fn tell(
        &mut self,
        code: &str,
        severity: &'static str,
        rule: &str,
        target: Option<String>,
    ) {
        self.issues
            .push((code.to_owned(), severity, Some(rule.to_owned()), target));
    }

    fn pointer(&self) -> String {
        self.target
            .iter()
            .map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1")))
            .collect()
    }

    fn fields(
        &mut self,
        fields: &'a [Field],
        prefix: &str,
        out: &mut String,
    ) -> Result<(), Dropped> {
        for field in fields {
            let name = field
                .to
                .as_deref()
                .or(field.alias.as_deref())
                .unwrap_or(&field.id);
            self.target.push(name.to_owned());
            let made = self.node(field, prefix, out);
            self.target.pop();
            made?;
        }
        Ok(())
    }

    fn node(&mut self, field: &'a Field, prefix: &str, out: &mut String) -> Result<(), Dropped> {
        if let Some(when) = &field.when {
            let left_out = match self.holds(when) {
                Ok(Some(true)) => None,
                Ok(Some(false)) => Some(Value::Null),
                Ok(None) => Some(Value::Failed),
                Err(code) => {
                    self.tell(code, "error", &field.id, Some(self.pointer()));
                    Some(Value::Failed)
                }
            };
            if let Some(value) = left_out {
                self.forget(field, prefix, &value);
                return Ok(());
            }
        }
        if let Some(inner) = &field.object {
            let name = field.to.as_deref().unwrap();
            let mut object = "{".to_owned();
            self.fields(inner, &format!("{prefix}{name}."), &mut object)?;
            if object != "{" || field.on_null == OnNull::Emit {
                member(name, &format!("{object}}}"), out);
            }
            return Ok(());
        }
        if let Some(source) = &field.each {
            self.each(field, source, prefix, out);
            return Ok(());
        }
        let made = self.made(field).and_then(|value| fit(field, value));
        let value = match made {
            Ok(value) => value,
            Err(code) => self.on_error(field, code)?,
        };
        self.define(field, prefix, &value);
        let absent =
            matches!(value, Value::Failed) || (value.is_null() && field.on_null == OnNull::Omit);
        if let (Some(name), false) = (&field.to, absent) {
            let place = self
                .sample
                .document
                .amounts
                .iter()
                .position(|pointer| *pointer == self.pointer());
            if let (Some(place), Ok(number)) = (place, value.number()) {
                self.amounts[place] = Some(number.normalized().text());
            }
            member(name, &shown(field.kind.as_deref().unwrap(), &value), out);
        }
        Ok(())
    }

    fn on_error(&mut self, field: &Field, code: &str) -> Result<Value, Dropped> {
        let severity = if field.on_error == OnError::Reject {
            "error"
        } else {
            "warning"
        };
        self.tell(code, severity, &field.id, Some(self.pointer()));
        match field.on_error {
            OnError::Reject => Ok(Value::Failed),
            OnError::Null => Ok(Value::Null),
            OnError::Default => Ok(field
                .on_error_value
                .as_ref()
                .map_or(Value::Null, |json| fit(field, typed(field, json)).unwrap())),
            OnError::DropLine => Err(Dropped),
        }
    }

    fn define(&mut self, field: &Field, prefix: &str, value: &Value) {
        let fields = &mut self.levels.last_mut().unwrap().fields;
        if let Some(name) = &field.to {
            fields.insert(format!("{prefix}{name}"), value.clone());
        }
        if let Some(name) = &field.alias {
            fields.insert(name.clone(), value.clone());
        }
    }

    /// A node that is left out: its values are null, or unknown if it is unknown whether it is left out.
    fn forget(&mut self, field: &Field, prefix: &str, value: &Value) {
        let name = field.to.as_deref().unwrap_or_default();
        if let Some(inner) = &field.object {
            for field in inner {
                self.forget(field, &format!("{prefix}{name}."), value);
            }
        } else if field.each.is_some() {
            let elements = value.is_null().then(Vec::new);
            self.levels
                .last_mut()
                .unwrap()
                .eaches
                .insert(format!("{prefix}{name}"), elements);
        } else {
            self.define(field, prefix, value);
        }
    }

    fn each(&mut self, field: &'a Field, source: &str, prefix: &str, out: &mut String) {
        let name = field.to.as_deref().unwrap();
        let full = format!("{prefix}{name}");
        let elements = match self.sample.paths.get(source) {
            None => self.rows.clone(),
            Some(path) => match self
                .levels
                .last()
                .unwrap()
                .element
                .at(path)
                .map(|tree| &tree.kind)
            {
                None | Some(TreeKind::Null) => Vec::new(),
                Some(TreeKind::Array(elements)) => elements.clone(),
                Some(_) => {
                    self.tell("value_invalid", "error", &field.id, Some(self.pointer()));
                    self.levels.last_mut().unwrap().eaches.insert(full, None);
                    return;
                }
            },
        };
        let mut list = String::new();
        let mut made = Some(Vec::new());
        let mut count = 0;
        for element in elements {
            let (fields, eaches) = (HashMap::new(), HashMap::new());
            self.levels.push(Level {
                name: field.alias.clone(),
                element,
                fields,
                eaches,
            });
            let depth = self.levels.len();
            let mut keep = true;
            if let Some(formula) = &field.keep {
                match self.holds(formula) {
                    Ok(Some(holds)) => keep = holds,
                    unknown => {
                        if let Err(code) = unknown {
                            self.tell(code, "error", &field.id, Some(self.pointer()));
                        }
                        (keep, made) = (false, None);
                    }
                }
            }
            self.target.push(count.to_string());
            let around = self.target.len();
            let mut text = "{".to_owned();
            if keep && self.fields(&field.fields, "", &mut text).is_ok() {
                self.rules(Some(&field.id));
                if count > 0 {
                    list.push(',');
                }
                list.push_str(&format!("{text}}}"));
                count += 1;
                if let Some(made) = &mut made {
                    made.push(self.levels.last().unwrap().fields.clone());
                }
            }
            self.levels.truncate(depth - 1);
            self.target.truncate(around - 1);
        }
        if count < field.min_items.unwrap_or(0) {
            self.tell("value_missing", "error", &field.id, Some(self.pointer()));
        }
        if count > field.max_items.unwrap_or(u32::MAX) {
            self.tell("record_too_large", "error", &field.id, Some(self.pointer()));
        }
        self.levels.last_mut().unwrap().eaches.insert(full, made);
        member(name, &format!("[{list}]"), out);
    }

    /// The rules about the fields of an `each`, or of the record.
    fn rules(&mut self, each: Option<&str>) {
        let document = &self.sample.document;
        for rule in &document.quality {
            let place = match &rule.on {
                None => (None, None),
                Some(id) => place(&document.fields, None, "", id).unwrap(),
            };
            if place.0.as_deref() != each {
                continue;
            }
            let severity = if rule.severity == RuleSeverity::Error {
                "error"
            } else {
                "warning"
            };
            let target = place.1.map(|path| format!("{}{path}", self.pointer()));
            match self.holds(rule.check.as_deref().unwrap_or("true")) {
                Ok(Some(true) | None) => {}
                Ok(Some(false)) => self.tell("quality_rule", severity, &rule.id, target),
                Err(code) => self.tell(code, severity, &rule.id, target),
            }
        }
    }

    // values

    fn made(&mut self, field: &'a Field) -> Made<Value> {
        let Some(rule) = field.combine else {
            return self.through(field);
        };
        let mut values = Vec::new();
        for number in 0..self.rows.len() {
            self.select_row(number);
            values.push(self.through(field));
        }
        self.select_row(0);
        combined(rule, field.separator.as_deref().unwrap_or(", "), values)
    }

    fn through(&self, field: &Field) -> Made<Value> {
        if let Some(cases) = &field.switch {
            for case in cases {
                match case
                    .when
                    .as_ref()
                    .map_or(Ok(Some(true)), |when| self.holds(when))?
                {
                    None => return Ok(Value::Failed),
                    Some(false) => {}
                    Some(true) => {
                        return self
                            .case(field, case)
                            .and_then(|value| self.steps(value, &field.steps));
                    }
                }
            }
            return self.steps(Value::Null, &field.steps);
        }
        let only = Case {
            from: field.from.clone(),
            constant: field.constant.clone(),
            param: field.param.clone(),
            formula: field.formula.clone(),
            ..Case::default()
        };
        let value = self.case(field, &only)?;
        self.steps(value, &field.steps)
    }

    fn case(&self, field: &Field, case: &Case) -> Made<Value> {
        let value = if let Some(paths) = &case.from {
            self.first_of(paths, field.scope.as_deref())
        } else if let Some(param) = &case.param {
            self.param(param)
        } else if let Some(formula) = &case.formula {
            self.formula(formula)?
        } else {
            typed(field, case.constant.as_ref().unwrap())
        };
        self.steps(value, &case.steps)
    }

    fn first_of(&self, paths: &Paths, scope: Option<&str>) -> Value {
        let mut values = paths
            .as_slice()
            .iter()
            .map(|path| self.source(scope, &self.sample.paths[path]));
        values.find(|value| !value.is_null()).unwrap_or(Value::Null)
    }

    fn steps(&self, value: Value, steps: &[tributary_mapping::document::Step]) -> Made<Value> {
        steps.iter().try_fold(value, |value, step| {
            apply(&step.function, &value, &step.arguments, &self.facts())
        })
    }
}

/// The `each` around a value field and its place below the element, or below the document.
fn place(
    fields: &[Field],
    each: Option<&str>,
    above: &str,
    id: &str,
) -> Option<(Option<String>, Option<String>)> {
    fields.iter().find_map(|field| {
        let name = field
            .to
            .as_deref()
            .or(field.alias.as_deref())
            .unwrap_or(&field.id);
        let path = format!("{above}/{}", name.replace('~', "~0").replace('/', "~1"));
        if let Some(inner) = &field.object {
            place(inner, each, &path, id)
        } else if field.each.is_some() {
            place(&field.fields, Some(&field.id), "", id)
        } else {
            (field.id == id).then(|| (each.map(str::to_owned), Some(path)))
        }
    })
}

fn member(name: &str, value: &str, out: &mut String) {
    if !out.ends_with('{') {
        out.push(',');
    }
    out.push_str(&format!("{}:{value}", serde_json::to_string(name).unwrap()));
}
