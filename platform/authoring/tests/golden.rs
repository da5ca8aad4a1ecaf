//! How good suggestions are, on pairs of schemas from well-known systems with the right answers
//! (`tests/golden/`). Figures are printed; the test fails where they fall below what was reached.
//!
//! A pair's `expected` names the right source (or sources, of which any is right) of a target; a target
//! without an entry has no right source, so anything suggested for it is wrong.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};
use tributary_authoring::suggest::{Memory, PRE_TICKED, SHOWN};
use tributary_authoring::{Draft, SourceShape, new_document, suggest, unmapped};
use tributary_mapping::document::{SourceFormat, canonical};
use tributary_mapping::schema::Schema;
use tributary_mapping::{Environment, check, parse};
use tributary_model::id::Slug;

/// A file of `tests/golden/pairs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    /// where the source comes from, for people
    #[serde(rename = "system")]
    _system: String,
    /// a file of `tests/golden/targets`
    target: String,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    rows: Vec<Vec<String>>,
    schema: Option<Value>,
    #[serde(default)]
    samples: Vec<Value>,
    expected: BTreeMap<String, Answer>,
}

/// The right source of a target.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    One(String),
    AnyOf(Vec<String>),
}

impl Answer {
    fn takes(&self, source: &str) -> bool {
        match self {
            Self::One(one) => one == source,
            Self::AnyOf(several) => several.iter().any(|one| one == source),
        }
    }
}

/// Everything about a pair.
struct Case {
    name: String,
    pair: Pair,
    format: SourceFormat,
    source: Schema,
    samples: Vec<Value>,
    target: Schema,
}

fn cases() -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("pairs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    files
        .into_iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let pair: Pair = serde_json::from_str(&read(file)).unwrap();
            let target = read(folder.join("targets").join(format!("{}.json", pair.target)));
            let target = Schema::from_json_schema(&serde_json::from_str(&target).unwrap());
            let format = if pair.columns.is_empty() {
                SourceFormat::Json
            } else {
                SourceFormat::Csv
            };
            let mut samples = pair.samples.clone();
            for row in &pair.rows {
                let members = pair
                    .columns
                    .iter()
                    .cloned()
                    .zip(row.iter().map(|text| text.as_str().into()));
                samples.push(Value::Object(members.collect::<Map<_, _>>()));
            }
            let source = match (&pair.schema, format) {
                (Some(schema), _) => Schema::from_json_schema(schema),
                (None, SourceFormat::Csv) => Schema::from_columns(&pair.columns),
                (None, SourceFormat::Json) => Schema::infer(&samples),
            };
            Case {
                name,
                pair,
                format,
                source,
                samples,
                target,
            }
        })
        .collect()
}

#[derive(Default, Clone, Copy)]
struct Count {
    ticked: u32,
    ticked_right: u32,
    shown: u32,
    shown_right: u32,
    wanted: u32,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.ticked += other.ticked;
        self.ticked_right += other.ticked_right;
        self.shown += other.shown;
        self.shown_right += other.shown_right;
        self.wanted += other.wanted;
    }

    fn line(&self) -> String {
        let share = |part: u32, all: u32| f64::from(part) / f64::from(all.max(1));
        format!(
            "ticked {:>3} right {:>3} precision {:.3} | shown {:>3} right {:>3} recall {:.3} precision {:.3} | wanted {}",
            self.ticked,
            self.ticked_right,
            share(self.ticked_right, self.ticked),
            self.shown,
            self.shown_right,
            share(self.shown_right, self.wanted),
            share(self.shown_right, self.shown),
            self.wanted
        )
    }
}

fn measure(case: &Case, wrong: &mut Vec<String>) -> Count {
    let mut count = Count {
        wanted: u32::try_from(case.pair.expected.len()).unwrap(),
        ..Count::default()
    };
    let suggestions = suggest(
        &case.source,
        &case.target,
        &case.samples,
        &Memory::default(),
    );
    for suggestion in &suggestions {
        assert!(suggestion.confidence >= SHOWN);
        let right = case
            .pair
            .expected
            .get(&suggestion.target)
            .is_some_and(|answer| answer.takes(&suggestion.source));
        count.shown += 1;
        count.shown_right += u32::from(right);
        if suggestion.confidence >= PRE_TICKED {
            count.ticked += 1;
            count.ticked_right += u32::from(right);
        }
        if !right {
            let parts: Vec<String> = suggestion
                .reasons
                .iter()
                .map(|reason| format!("{:?} {}", reason.kind, reason.score))
                .collect();
            wrong.push(format!(
                "{} {:.3} {} <- {} ({})",
                case.name,
                suggestion.confidence,
                suggestion.target,
                suggestion.source,
                parts.join(", ")
            ));
        }
    }
    for target in case.pair.expected.keys() {
        if !suggestions
            .iter()
            .any(|suggestion| suggestion.target == *target)
        {
            wrong.push(format!("{} nothing for {target}", case.name));
        }
    }
    count
}

#[test]
fn suggestions_are_right() {
    let cases = cases();
    assert!(cases.len() >= 20, "{} pairs", cases.len());
    let mut all = Count::default();
    let mut wrong = Vec::new();
    for case in &cases {
        for target in case.pair.expected.keys() {
            let known = case
                .target
                .leaves()
                .iter()
                .any(|leaf| leaf.pointer == *target);
            assert!(known, "{}: {target} is no leaf of the target", case.name);
        }
        let count = measure(case, &mut wrong);
        println!("{:<34} {}", case.name, count.line());
        all.add(count);
    }
    println!("{}", wrong.join("\n"));
    println!("{:<34} {}", "all", all.line());
    assert!(
        f64::from(all.ticked_right) >= 0.95 * f64::from(all.ticked),
        "precision of what is ticked"
    );
    assert!(
        f64::from(all.shown_right) >= 0.80 * f64::from(all.wanted),
        "recall of what is shown"
    );
}

/// Every draft can be saved and opened, and the check has nothing against it.
#[test]
fn drafts_of_all_pairs_pass_the_check() {
    for case in cases() {
        let shape = SourceShape {
            format: case.format,
            schema: &case.source,
        };
        let name = Slug::parse("draft").unwrap();
        let memory = Memory::default();
        let draft = new_document(&name, shape, &case.target, &case.samples, &memory);
        let Draft { document, findings } = &draft;
        let text = canonical(document);
        let again = parse(text.as_bytes())
            .unwrap_or_else(|faults| panic!("{}: {faults:?}\n{text}", case.name));
        assert_eq!(&again, document, "{}", case.name);
        let columns = (case.format == SourceFormat::Csv).then_some(case.pair.columns.as_slice());
        let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
        let environment = Environment::new(&lookups, &params).with_columns(columns);
        assert_eq!(check(document, &environment), [], "{}\n{text}", case.name);
        assert!(
            !findings.is_empty(),
            "{}: the key is an assumption and a finding",
            case.name
        );
        let open = unmapped(document).len();
        let leaves = case.target.leaves().len();
        assert!(
            open < leaves,
            "{}: nothing of {leaves} leaves is mapped",
            case.name
        );
    }
}
