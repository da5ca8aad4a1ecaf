//! Random mapping documents that make sense: paths that exist, types that fit most of the time, formulas
//! over what stands before. Every text with a meaning (path, formula) is kept with that meaning.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value as Json, json};
use tributary_mapping::Document;

use super::formula::{Formula, written};
use super::formulas::Names;
use super::interpret::Sample;
use super::numbers::Random;
use super::value::{Step, Value};

/// What a document is made with.
pub(super) struct Author {
    pub(super) random: Random,
    pub(super) csv: bool,
    pub(super) grouped: bool,
    pub(super) locale: &'static str,
    pub(super) formulas: HashMap<String, Formula>,
    pub(super) paths: HashMap<String, Vec<Step>>,
    pub(super) names: Names,
    next: usize,
    quality: Vec<Json>,
    amounts: Vec<String>,
}

/// What stands at a place of the records: `r`ow, `l`ine, `p`art of a line.
const ROW: [(&str, char); 12] = [
    ("$.n", 'n'),
    ("$.n", 'n'),
    ("$.i", 'n'),
    ("$.m", 'm'),
    ("$.t", 't'),
    ("$.t", 't'),
    ("$.b", 'b'),
    ("$.d", 'd'),
    ("$['Order No']", 't'),
    ("$['größe']", 'n'),
    ("$.o.n", 'n'),
    ("$.o.p.t", 't'),
];
const LINE: [(&str, char); 5] = [
    ("$.n", 'n'),
    ("$.m", 'm'),
    ("$.t", 't'),
    ("$.d", 'd'),
    ("$.b", 'b'),
];
const PART: [(&str, char); 2] = [("$.n", 'n'), ("$.t", 't')];

/// The steps of a path, which has no brackets but those of names and places.
pub(super) fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let text = path
        .strip_prefix('$')
        .unwrap()
        .strip_suffix("[*]")
        .unwrap_or(path.get(1..).unwrap());
    for part in text.split(['.', '[']).filter(|part| !part.is_empty()) {
        let part = part.trim_end_matches(']');
        steps.push(match part.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Name(part.trim_matches('\'').to_owned()),
        });
    }
    steps
}

/// A document with all that it means.
pub(super) fn sample(seed: u64) -> Sample {
    let mut random = Random::new(seed);
    let csv = random.chance(25);
    let grouped = random.chance(35);
    let locale = random.pick(&["plain", "de-DE", "en-US"]);
    let author = Author {
        names: Names::new(grouped),
        random,
        csv,
        grouped,
        locale,
        formulas: HashMap::new(),
        paths: HashMap::new(),
        next: 0,
        quality: Vec::new(),
        amounts: Vec::new(),
    };
    author.document()
}

impl Author {
    fn document(mut self) -> Sample {
        let rows = self.rows();
        self.names.begin_fields();
        let count = 1 + self.random.below(6);
        let fields = self.fields(count, 0);
        let key = self.path_text("$.k");
        let mut source = json!({ "format": if self.csv { "csv" } else { "json" }, "locale": self.locale, "key": [key] });
        if self.random.chance(30) {
            source["null_tokens"] =
                self.random
                    .pick(&[json!(["-"]), json!(["", "NULL"]), json!([])]);
        }
        let lookups = BTreeMap::from([(
            "code".to_owned(),
            BTreeMap::from(
                [
                    ("RE", "sale"),
                    ("GU", "return"),
                    ("A", "a b"),
                    ("", "empty"),
                ]
                .map(|(key, value)| (key.to_owned(), value.to_owned())),
            ),
        )]);
        let document = json!({
            "version": 1, "name": "random", "source": source,
            "params": { "rate": { "type": "decimal", "default": "0.19" }, "word": { "type": "string", "default": "W" }, "none": { "type": "string" } },
            "lookups": { "code": { "inline": lookups["code"] } },
            "rows": rows, "fields": fields, "quality": self.quality, "amounts": self.amounts,
            "limits": { "max_issues": 1000 }
        });
        let document: Document = serde_json::from_value(document).unwrap();
        Sample {
            document,
            locale: self.locale.to_owned(),
            formulas: self.formulas,
            paths: self.paths,
            params: BTreeMap::from([
                (
                    "rate".to_owned(),
                    Value::Number(super::number::Number::parse("0.19").unwrap()),
                ),
                ("word".to_owned(), Value::Text("W".to_owned())),
            ]),
            lookups,
        }
    }

    pub(super) fn path_text(&mut self, text: &str) -> String {
        self.paths.insert(text.to_owned(), steps(text));
        text.to_owned()
    }

    pub(super) fn formula_text(&mut self, formula: Formula) -> String {
        let text = written(&formula);
        self.formulas.insert(text.clone(), formula);
        text
    }

    fn id(&mut self) -> String {
        self.next += 1;
        format!("f{}", self.next)
    }

    fn rows(&mut self) -> Vec<Json> {
        let mut rows = Vec::new();
        for number in 0..self.random.below(3) {
            if self.random.chance(30) {
                let formula = self.truth(2);
                rows.push(json!({ "id": format!("filter{number}"), "op": "filter", "keep": self.formula_text(formula) }));
            }
        }
        if !self.grouped {
            return rows;
        }
        if self.random.chance(30) {
            let by = self.path_of("tbn").0;
            rows.push(json!({ "id": "dedupe", "op": "dedupe", "by": [by], "keep": self.random.pick(&["first", "last"]) }));
        }
        let by = self.path_text("$.k");
        let agree: Vec<String> = if self.random.chance(20) {
            vec![self.path_of("b").0]
        } else {
            Vec::new()
        };
        let mut sort = Vec::new();
        for _ in 0..self.random.below(3) {
            let kind = self.random.pick(&["text", "int", "decimal"]);
            let path = self.path_of(if kind == "text" { "tm" } else { "nm" }).0;
            sort.push(json!({ "by": path, "type": kind, "order": self.random.pick(&["ascending", "descending"]) }));
        }
        rows.push(json!({ "id": "group", "op": "group", "as": "order", "by": [by], "members": "lines", "agree": agree, "sort": sort,
            "max_members": self.random.pick(&[3, 100]) }));
        rows
    }

    /// A path of the present scope to something of one of the kinds.
    pub(super) fn path_of(&mut self, kinds: &str) -> (String, char) {
        let all: &[(&str, char)] = match self.names.place() {
            'r' => &ROW,
            'l' => &LINE,
            _ => &PART,
        };
        let fits: Vec<(&str, char)> = all
            .iter()
            .copied()
            .filter(|(path, kind)| {
                kinds.contains(*kind) && !(self.csv && (path.contains("$.o") || path.contains('ö')))
            })
            .collect();
        let (path, kind) = if fits.is_empty() {
            ("$.t", 't')
        } else {
            self.random.pick(&fits)
        };
        (self.path_text(path), kind)
    }

    fn fields(&mut self, count: usize, depth: usize) -> Vec<Json> {
        let mut fields = Vec::new();
        for _ in 0..count {
            let id = self.id();
            let when = self.random.chance(12).then(|| self.truth(2));
            let mut field = match self.random.below(12) {
                0 if depth < 2 => self.object(&id, depth),
                1 | 2 if depth < 2 && self.loops() => self.each(&id, depth),
                _ => self.value(&id),
            };
            if let Some(when) = when {
                field["when"] = json!(self.formula_text(when));
            }
            fields.push(field);
        }
        fields
    }

    fn loops(&self) -> bool {
        match self.names.place() {
            'r' => !self.csv || (self.grouped && !self.names.in_loop()),
            'l' => !self.csv,
            _ => false,
        }
    }

    fn object(&mut self, id: &str, depth: usize) -> Json {
        let mark = self.names.begin_object(id);
        let count = 1 + self.random.below(3);
        let inner = self.fields(count, depth + 1);
        self.names.end_object(mark);
        json!({ "id": id, "to": id, "object": inner, "null": self.random.pick(&["emit", "omit"]) })
    }

    fn each(&mut self, id: &str, depth: usize) -> Json {
        let members = self.names.place() == 'r'
            && self.grouped
            && !self.names.in_loop()
            && (self.csv || self.random.chance(60));
        let source = if members {
            "order.lines".to_owned()
        } else {
            let path = self.random.pick(&["$.l", "$.l[*]"]);
            self.path_text(path)
        };
        let place = match (members, self.names.place()) {
            (true, _) => 'r',
            (false, 'r') => 'l',
            _ => 'p',
        };
        let scope = format!("s{}", self.next);
        self.names.open(&scope, place);
        let mut field = json!({ "id": id, "to": id, "each": source, "as": scope });
        if self.random.chance(25) {
            let keep = self.truth(2);
            field["keep"] = json!(self.formula_text(keep));
        }
        if self.random.chance(15) {
            field["min_items"] = json!(1);
        }
        if self.random.chance(15) {
            field["max_items"] = json!(2);
        }
        let count = 1 + self.random.below(4);
        field["fields"] = Json::Array(self.fields(count, depth + 1));
        self.names.close(id);
        field
    }

    fn value(&mut self, id: &str) -> Json {
        let kind = self.random.pick(&[
            "string",
            "string",
            "string(3)",
            "enum",
            "int",
            "int",
            "decimal",
            "decimal(9,2)",
            "decimal(9,2)",
            "decimal(20,4)",
            "bool",
            "date",
            "json",
        ]);
        let mut field = json!({ "id": id, "to": id, "type": kind });
        if kind == "enum" && self.random.chance(60) {
            field["values"] = json!(["A", "sale", "B", "x"]);
        }
        self.given(kind, &mut field);
        if self.random.chance(15) {
            field["required"] = json!(true);
        }
        if self.random.chance(30) {
            field["null"] = json!("omit");
        }
        match self.random.below(8) {
            0..=2 => field["on_error"] = json!("null"),
            3 => {
                field["on_error"] = json!("default");
                field["on_error_value"] = self.constant(kind);
            }
            4 | 5 if self.names.in_loop() => field["on_error"] = json!("drop_line"),
            _ => {}
        }
        if self.random.chance(12) {
            field["to"] = Json::Null;
            field["as"] = json!(format!("h{id}"));
        }
        let name = field["to"]
            .as_str()
            .or(field["as"].as_str())
            .unwrap()
            .to_owned();
        self.names.define(&name, kind, field["to"].is_null());
        if self.random.chance(10) {
            let check = self.truth(2);
            let check = self.formula_text(check);
            self.quality.push(json!({ "id": format!("q{id}"), "on": id, "check": check, "severity": self.random.pick(&["error", "warn"]) }));
        }
        if !self.names.in_loop()
            && !field["to"].is_null()
            && kind.starts_with("decimal")
            && self.random.chance(30)
        {
            self.amounts.push(self.names.pointer(&name));
        }
        field
    }

    fn given(&mut self, kind: &str, field: &mut Json) {
        match self.random.below(10) {
            0 => field["const"] = self.constant(kind),
            1 => match kind {
                "string" => field["param"] = json!(self.random.pick(&["word", "none"])),
                "decimal" => field["param"] = json!("rate"),
                _ => self.from(kind, field),
            },
            2..=4 => {
                if let Some(formula) = self.typed(kind) {
                    field["formula"] = json!(self.formula_text(formula));
                } else {
                    self.from(kind, field);
                }
            }
            5 => self.switch(kind, field),
            _ => self.from(kind, field),
        }
        let rows = self.grouped && !self.names.in_loop() && field.get("from").is_some();
        if rows && self.random.chance(25) {
            let rules: &[&str] = match kind {
                "string" | "enum" => &["first", "last", "same", "join", "min", "max"],
                "int" | "decimal" | "decimal(9,2)" | "decimal(20,4)" => {
                    &["first", "last", "same", "sum", "min", "max"]
                }
                "date" => &["first", "last", "same", "min", "max"],
                _ => &["first", "last", "same"],
            };
            let rule = self.random.pick(rules);
            field["combine"] = json!(rule);
            if rule == "join" && self.random.chance(50) {
                field["separator"] = json!(self.random.pick(&["", "A", "; "]));
            }
        }
    }

    fn switch(&mut self, kind: &str, field: &mut Json) {
        let mut cases = Vec::new();
        for _ in 0..1 + self.random.below(2) {
            let when = self.truth(2);
            let mut case = json!({ "when": self.formula_text(when) });
            if self.random.chance(50) {
                case["const"] = self.constant(kind);
            } else {
                self.from(kind, &mut case);
                case.as_object_mut().unwrap().remove("scope");
            }
            cases.push(case);
        }
        if self.random.chance(50) {
            cases.push(json!({ "else": true, "const": self.constant(kind) }));
        }
        field["switch"] = Json::Array(cases);
    }

    fn from(&mut self, kind: &str, field: &mut Json) {
        let kinds = match kind {
            "int" | "decimal" | "decimal(9,2)" | "decimal(20,4)" => "nm",
            "bool" => "b",
            "date" => "d",
            "json" => "nmtbd",
            _ => "tt",
        };
        let (path, _) = self.path_of(kinds);
        let mut paths = vec![path.clone()];
        while self.random.chance(12) {
            paths.push(self.path_of(kinds).0);
        }
        let texts = self.csv || paths.iter().any(|path| self.is_text(path));
        field["from"] = if paths.len() == 1 && self.random.chance(90) {
            json!(path)
        } else {
            json!(paths)
        };
        let steps = self.chain(kind, texts);
        if !steps.is_empty() {
            field["do"] = Json::Array(steps);
        }
    }
}
