//! Our JSONPath against the JSONPath compliance test suite: all of it, results and normalized paths;
//! and next to it `jsonpath-rust`'s own evaluation, so that we see when it mends what we work around.

use jsonpath_rust::JsonPath;
use serde::Deserialize;
use serde_json::Value;
use tributary_mapping::path::{SelectError, select};

#[derive(Deserialize)]
struct Suite {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    selector: String,
    #[serde(default)]
    invalid_selector: bool,
    #[serde(default)]
    document: Value,
    result: Option<Vec<Value>>,
    result_paths: Option<Vec<String>>,
    /// where the order is open, every allowed one
    results: Option<Vec<Vec<Value>>>,
    results_paths: Option<Vec<Vec<String>>>,
}

impl Case {
    fn allowed(&self) -> Vec<(Vec<Value>, Vec<String>)> {
        let results = self
            .results
            .clone()
            .or(self.result.clone().map(|it| vec![it]));
        let paths = self
            .results_paths
            .clone()
            .or(self.result_paths.clone().map(|it| vec![it]));
        results.unwrap().into_iter().zip(paths.unwrap()).collect()
    }

    fn ours(&self) -> bool {
        let found = select(&self.selector, &self.document.to_string());
        if self.invalid_selector {
            return matches!(found, Err(SelectError::Query(_)));
        }
        let Ok(found) = found else {
            return false;
        };
        let values: Vec<Value> = found
            .iter()
            .map(|found| serde_json::from_str(&found.text).unwrap())
            .collect();
        let paths: Vec<String> = found.into_iter().map(|found| found.path).collect();
        self.allowed().contains(&(values, paths))
    }

    fn theirs(&self) -> bool {
        match self.document.query(&self.selector) {
            Err(_) => self.invalid_selector,
            Ok(found) => {
                !self.invalid_selector
                    && self
                        .allowed()
                        .iter()
                        .any(|(values, _)| values.iter().eq(found.iter().copied()))
            }
        }
    }
}

#[test]
fn json_path_compliance_suite() {
    let Some(place) = crate::suites::find("jsonpath/cts.json") else {
        return;
    };
    let suite: Suite = serde_json::from_slice(&std::fs::read(place).unwrap()).unwrap();
    let failed = |passes: fn(&Case) -> bool| -> Vec<&str> {
        let failed = suite.tests.iter().filter(|case| !passes(case));
        failed.map(|case| case.name.as_str()).collect()
    };
    assert_eq!(failed(Case::ours), Vec::<&str>::new());
    let theirs = failed(Case::theirs);
    let known: Vec<Vec<String>> =
        crate::suites::table("JSONPath: what jsonpath-rust alone gets wrong");
    let known: Vec<&str> = known.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(theirs, known);

    let invalid = suite.tests.iter().filter(|case| case.invalid_selector);
    let counts = [suite.tests.len(), invalid.count()].map(|count| count.to_string());
    let table = crate::suites::table("JSONPath");
    assert_eq!(
        table[0][1..],
        [&counts[0], &counts[1], &counts[0]].map(String::clone)
    );
    let passed = (suite.tests.len() - theirs.len()).to_string();
    assert_eq!(
        table[1][1..],
        [&counts[0], &counts[1], &passed].map(String::clone)
    );
    assert_eq!(suite.tests.len(), 703);
}

/// What the page says that the suite does not see.
#[test]
fn what_the_suite_does_not_see() {
    let both = |query: &str, json: &str| {
        let value: Value = serde_json::from_str(json).unwrap();
        let ours = select(query, json).ok().map(|found| found.len());
        let theirs = value.query(query).ok().map(|found| found.len());
        (ours, theirs)
    };
    for (query, json, ours, theirs) in [
        ("$.a b", "{}", None, Some(0)),
        ("$[?@[ 'a' ] == 1]", "[{\"a\": 1}]", None, Some(1)),
        ("$[?none_of(@, $)]", "[1]", None, Some(0)),
        (
            "$[?@ == 9007199254740993]",
            "[9007199254740993]",
            Some(1),
            None,
        ),
        (
            "$[?@ == 9007199254740.9935]",
            "[9007199254740.9935,9007199254740.9936]",
            Some(1),
            Some(2),
        ),
        ("$.a\u{a0}", "{\"a\": 1}", Some(0), Some(1)),
    ] {
        assert_eq!(both(query, json), (ours, theirs), "{query}");
    }
}
