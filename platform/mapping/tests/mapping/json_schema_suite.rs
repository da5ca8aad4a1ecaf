//! `jsonschema` as this workspace builds it against the JSON-Schema-Test-Suite, draft 2020-12 and
//! draft 7: counted, and every fault by name, so that the page says what a schema may rely on.

use std::collections::BTreeMap;
use std::path::Path;

use jsonschema::Draft;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Group {
    description: String,
    schema: Value,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    data: Value,
    valid: bool,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    left_out: usize,
}

/// Runs all files of a folder; gives the counts and how many cases fail of `file: group`.
fn run(folder: &Path, draft: Draft, formats: bool) -> (Counts, BTreeMap<String, usize>) {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    let (mut counts, mut faults) = (Counts::default(), BTreeMap::new());
    for file in files {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let groups: Vec<Group> = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        for group in groups {
            let built = jsonschema::options()
                .with_draft(draft)
                .should_validate_formats(formats)
                .build(&group.schema);
            // the suite's server for other documents and meta-schemas; we load none, by design
            let elsewhere = match &built {
                Ok(_) => group
                    .schema
                    .get("$schema")
                    .map(Value::to_string)
                    .unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            if elsewhere.contains("http://localhost:1234/") {
                counts.left_out += group.tests.len();
                continue;
            }
            for case in group.tests {
                let verdict = built.as_ref().map(|schema| schema.is_valid(&case.data));
                if verdict.is_ok_and(|valid| valid == case.valid) {
                    counts.passed += 1;
                } else {
                    counts.failed += 1;
                    *faults
                        .entry(format!("{stem}: {}", group.description))
                        .or_default() += 1;
                }
            }
        }
    }
    (counts, faults)
}

#[test]
fn json_schema_test_suite() {
    let Some(tests) = crate::suites::find("json-schema/tests") else {
        return;
    };
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (name, draft) in [
        ("draft2020-12", Draft::Draft202012),
        ("draft7", Draft::Draft7),
    ] {
        for (part, formats) in [("", false), ("optional", false), ("optional/format", true)] {
            let folder = format!("{name}/{part}").trim_end_matches('/').to_owned();
            let (counts, found) = run(&tests.join(&folder), draft, formats);
            let Counts {
                passed,
                failed,
                left_out,
            } = counts;
            let all = passed + failed + left_out;
            let numbers = [all, passed, failed, left_out].map(|number| number.to_string());
            rows.push([vec![folder.clone()], numbers.to_vec()].concat());
            faults.extend(
                found
                    .into_iter()
                    .map(|(group, count)| vec![folder.clone(), group, count.to_string()]),
            );
        }
    }
    assert_eq!(crate::suites::table("JSON Schema"), rows, "{rows:#?}");
    let known: Vec<Vec<String>> = crate::suites::table("JSON Schema: what fails")
        .into_iter()
        .map(|row| row[..3].to_vec())
        .collect();
    assert_eq!(known, faults);
}
