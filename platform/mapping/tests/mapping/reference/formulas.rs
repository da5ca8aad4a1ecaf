//! Random formulas of a wanted type over the names that are known where they stand.

use serde_json::{Map, Value as Json, json};

use super::documents::Author;
use super::formula::Formula;
use super::steps::text_step;
use super::value::Step;

/// What may be named in a formula.
#[derive(Debug, Clone)]
pub(super) struct Names {
    scopes: Vec<Scope>,
    /// of the objects around
    prefix: String,
    /// no filter knows the name of a scope
    fields_have_begun: bool,
}

#[derive(Debug, Clone)]
struct Scope {
    name: String,
    /// what its element is: `r`ow, `l`ine, `p`art
    place: char,
    /// prefix outside of it
    outside: String,
    fields: Vec<(String, String)>,
    eaches: Vec<(String, Vec<(String, String)>)>,
}

impl Names {
    pub(super) fn new(grouped: bool) -> Self {
        let mut names = Self {
            scopes: Vec::new(),
            prefix: String::new(),
            fields_have_begun: false,
        };
        names.open(if grouped { "order" } else { "row" }, 'r');
        names
    }

    pub(super) fn begin_fields(&mut self) {
        self.fields_have_begun = true;
    }

    fn last(&mut self) -> &mut Scope {
        self.scopes.last_mut().unwrap()
    }

    pub(super) fn place(&self) -> char {
        self.scopes.last().unwrap().place
    }

    pub(super) fn in_loop(&self) -> bool {
        self.scopes.len() > 1
    }

    pub(super) fn open(&mut self, name: &str, place: char) {
        let outside = std::mem::take(&mut self.prefix);
        self.scopes.push(Scope {
            name: name.to_owned(),
            place,
            outside,
            fields: Vec::new(),
            eaches: Vec::new(),
        });
    }

    pub(super) fn close(&mut self, each: &str) {
        let inner = self.scopes.pop().unwrap();
        self.prefix = inner.outside;
        let name = format!("{}{each}", self.prefix);
        self.last().eaches.push((name, inner.fields));
    }

    /// Gives what must be handed to [`Self::end_object`].
    pub(super) fn begin_object(&mut self, name: &str) -> String {
        let before = self.prefix.clone();
        self.prefix = format!("{before}{name}.");
        before
    }

    pub(super) fn end_object(&mut self, before: String) {
        self.prefix = before;
    }

    pub(super) fn define(&mut self, name: &str, kind: &str, helper: bool) {
        // a helper has no place in an object: it is known by its own name
        let full = if helper {
            name.to_owned()
        } else {
            format!("{}{name}", self.prefix)
        };
        let kind = kind.to_owned();
        self.last().fields.push((full, kind));
    }

    pub(super) fn pointer(&self, name: &str) -> String {
        format!("/{}{name}", self.prefix.replace('.', "/"))
    }

    fn fields(&self, kinds: &[&str]) -> Vec<Formula> {
        let all = self.scopes.iter().flat_map(|scope| &scope.fields);
        all.filter(|(_, kind)| kinds.iter().any(|wanted| kind.starts_with(wanted)))
            .map(|(name, _)| Formula::Field(name.clone()))
            .collect()
    }

    fn aggregates(&self) -> Vec<Formula> {
        let mut found = Vec::new();
        for (each, fields) in self.scopes.iter().flat_map(|scope| &scope.eaches) {
            found.push(Formula::Over("count", each.clone(), None));
            for (field, kind) in fields {
                // a sum of numbers that may have 38 digits has too many
                let aggregates: &[&'static str] = match kind.as_str() {
                    "decimal(9,2)" => &["sum", "min", "max", "count"],
                    "int" | "decimal(20,4)" => &["min", "max", "count"],
                    _ => &[],
                };
                let over =
                    |name: &&'static str| Formula::Over(name, each.clone(), Some(field.clone()));
                found.extend(aggregates.iter().map(over));
            }
        }
        found
    }
}

fn call(name: &'static str, arguments: Json, value: Formula) -> Formula {
    let Json::Object(arguments) = arguments else {
        panic!("arguments are an object");
    };
    Formula::Call(name, arguments, Box::new(value))
}

fn plain(name: &'static str, value: Formula) -> Formula {
    Formula::Call(name, Map::new(), Box::new(value))
}

impl Author {
    /// A formula of a field's type, if there is a way to make one.
    pub(super) fn typed(&mut self, kind: &str) -> Option<Formula> {
        match kind {
            "string" | "string(3)" => Some(self.text(3)),
            "int" => {
                let number = self.number(2);
                Some(if self.random.chance(70) {
                    call("round", json!({ "scale": 0 }), number)
                } else {
                    number
                })
            }
            "decimal(9,2)" => {
                let number = self.number(3);
                Some(call(
                    "round",
                    json!({ "scale": 2, "mode": self.random.pick(&["half_up", "half_even"]) }),
                    number,
                ))
            }
            "decimal" | "decimal(20,4)" => Some(self.number(3)),
            "bool" => Some(self.truth(3)),
            "date" => Some(self.date()),
            "json" => Some(if self.random.chance(50) {
                self.number(2)
            } else {
                self.text(2)
            }),
            _ => None,
        }
    }

    fn source(&mut self, kinds: &str) -> (Formula, char) {
        let (path, kind) = self.path_of(kinds);
        let steps = super::documents::steps(&path);
        (Formula::Source("src".to_owned(), steps), kind)
    }

    /// A place of an outer scope.
    fn outer(&mut self, name: &str) -> Option<Formula> {
        let known = self.names.fields_have_begun;
        let first = self.names.scopes.first().filter(|_| known)?;
        Some(Formula::Source(
            first.name.clone(),
            vec![Step::Name(name.to_owned())],
        ))
    }

    fn number_leaf(&mut self) -> Formula {
        match self.random.below(8) {
            0 | 1 => Formula::Number(self.literal()),
            2 => {
                let fields = self.names.fields(&["int", "decimal"]);
                if fields.is_empty() {
                    Formula::Param("rate".to_owned())
                } else {
                    self.random.pick(&fields)
                }
            }
            3 => {
                let found = self.names.aggregates();
                if found.is_empty() {
                    Formula::Number("2".to_owned())
                } else {
                    self.random.pick(&found)
                }
            }
            4 => {
                let text = self.written_literal();
                plain("to_decimal", Formula::Text(text))
            }
            5 => match self.outer("n") {
                Some(outer) if self.csv => plain("to_decimal", outer),
                Some(outer) => outer,
                None => Formula::Number("3".to_owned()),
            },
            _ => {
                let (source, kind) = self.source("nm");
                if self.csv || kind == 'm' {
                    plain("to_decimal", source)
                } else {
                    source
                }
            }
        }
    }

    pub(super) fn number(&mut self, depth: usize) -> Formula {
        if depth == 0 || self.random.chance(25) {
            return self.number_leaf();
        }
        match self.random.below(12) {
            0 => Formula::Minus(Box::new(self.number(depth - 1))),
            1 => call(
                "round",
                json!({ "scale": self.random.below(4) }),
                self.number(depth - 1),
            ),
            2 => plain("abs", self.number(depth - 1)),
            3 => {
                let parts = [
                    self.truth(depth - 1),
                    self.number(depth - 1),
                    self.number(depth - 1),
                ];
                Formula::If(self.random.chance(50), Box::new(parts))
            }
            4 | 5 => {
                let last = Formula::Number("0".to_owned());
                Formula::Several(
                    "coalesce",
                    vec![self.number(depth - 1), self.number_leaf(), last],
                )
            }
            6 => {
                let items = vec![self.number(depth - 1), self.number_leaf()];
                Formula::Several(self.random.pick(&["least", "greatest"]), items)
            }
            7 => plain("length", self.text(depth - 1)),
            _ => {
                let operator = self.random.pick(&["+", "+", "-", "-", "*", "*", "/", "%"]);
                Formula::Two(
                    operator,
                    Box::new(self.number(depth - 1)),
                    Box::new(self.number(depth - 1)),
                )
            }
        }
    }

    pub(super) fn text(&mut self, depth: usize) -> Formula {
        if depth == 0 || self.random.chance(30) {
            let fields = self.names.fields(&["string", "enum"]);
            return match self.random.below(4) {
                0 => Formula::Text(
                    self.random
                        .pick(&["A", "x'y", "ä\\", "", "line\n"])
                        .to_owned(),
                ),
                1 if !fields.is_empty() => self.random.pick(&fields),
                2 => Formula::Param("word".to_owned()),
                _ => self.source("t").0,
            };
        }
        match self.random.below(6) {
            0 => Formula::Several("concat", vec![self.text(depth - 1), self.text(depth - 1)]),
            1 => Formula::Several(
                "coalesce",
                vec![self.text(depth - 1), Formula::Text("none".to_owned())],
            ),
            2 => {
                let parts = [
                    self.truth(depth - 1),
                    self.text(depth - 1),
                    self.text(depth - 1),
                ];
                Formula::If(self.random.chance(50), Box::new(parts))
            }
            3 => plain("to_string", self.number(depth - 1)),
            _ => {
                let step = text_step(&mut self.random);
                let Json::Object(mut arguments) = step else {
                    panic!("a step is an object");
                };
                let name = arguments.shift_remove("fn").unwrap();
                // the arguments of a lookup do not stand in the order of its signature
                let known = [
                    "trim",
                    "upper",
                    "lower",
                    "collapse_spaces",
                    "pad_left",
                    "truncate",
                    "left",
                    "right",
                    "substring",
                    "replace",
                    "remove_chars",
                ];
                let value = self.text(depth - 1);
                match known.into_iter().find(|known| *known == name) {
                    Some(name) => Formula::Call(name, arguments, Box::new(value)),
                    None => value,
                }
            }
        }
    }

    fn date(&mut self) -> Formula {
        let fields = self.names.fields(&["date"]);
        if !fields.is_empty() && self.random.chance(50) {
            return self.random.pick(&fields);
        }
        let source = self.source("d").0;
        call(
            "date_parse",
            json!({ "formats": ["yyyy-MM-dd", "dd.MM.yyyy"] }),
            source,
        )
    }

    pub(super) fn truth(&mut self, depth: usize) -> Formula {
        let below = depth.saturating_sub(1);
        match self.random.below(if depth == 0 { 7 } else { 12 }) {
            0 | 1 => {
                let operator = self.random.pick(&["<", "<=", ">", ">=", "==", "!="]);
                Formula::Two(
                    operator,
                    Box::new(self.number(below)),
                    Box::new(self.number(below)),
                )
            }
            2 => {
                let operator = self.random.pick(&["==", "!=", "<", ">="]);
                Formula::Two(
                    operator,
                    Box::new(self.text(below)),
                    Box::new(Formula::Text("A".to_owned())),
                )
            }
            3 => {
                let source = self.source("ntbd").0;
                Formula::Two(
                    self.random.pick(&["==", "!="]),
                    Box::new(source),
                    Box::new(Formula::Null),
                )
            }
            4 => {
                let fields = self.names.fields(&["bool"]);
                match self.random.below(3) {
                    0 if !fields.is_empty() => self.random.pick(&fields),
                    1 if !self.csv => self.source("b").0,
                    _ => Formula::Bool(self.random.chance(80)),
                }
            }
            5 => {
                let items = vec![
                    Formula::Text("A".to_owned()),
                    Formula::Text("B".to_owned()),
                    Formula::Text("x".to_owned()),
                ];
                Formula::In(Box::new(self.text(below)), items)
            }
            6 => {
                let items = vec![
                    Formula::Number("1".to_owned()),
                    Formula::Number("2.50".to_owned()),
                ];
                Formula::In(Box::new(self.number(below)), items)
            }
            7 => Formula::Not(Box::new(self.truth(below))),
            8..=10 => {
                let operator = self.random.pick(&["and", "&&", "or", "||"]);
                Formula::Two(
                    operator,
                    Box::new(self.truth(below)),
                    Box::new(self.truth(below)),
                )
            }
            _ => {
                let function = self.random.pick(&["is_empty", "is_blank"]);
                plain(function, self.text(below))
            }
        }
    }
}
