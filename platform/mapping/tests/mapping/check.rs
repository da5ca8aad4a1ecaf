//! What the check offers besides diagnostics: rules over a run, places that may fail,
//! counter-examples, and documents of version 1 that must stay readable.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use tributary_mapping::document::RuleSeverity;
use tributary_mapping::schema::Schema;
use tributary_mapping::{
    Date, Decimal, Document, Environment, Row, RunFigures, Verdict, check, check_samples, compile,
    failure_points, parse,
};
use tributary_model::document::LookupDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::issue::Severity;
use tributary_model::rows::{CsvFormat, RowFormat, RowPosition};

fn document(value: Value) -> Document {
    parse(value.to_string().as_bytes()).unwrap()
}

fn row(text: &str, line: u64) -> Row<'_> {
    Row {
        position: RowPosition { line, offset: 0 },
        bytes: text.as_bytes(),
    }
}

fn ruled() -> Document {
    document(json!({
        "version": 1, "name": "x", "source": { "format": "json", "key": ["$.id"] },
        "params": { "share": { "type": "decimal", "default": "0.02" } },
        "fields": [
            { "id": "id", "to": "id", "type": "string", "from": "$.id" },
            { "id": "total", "to": "total", "type": "decimal(9,2)", "from": "$.total" },
            { "id": "day", "to": "day", "type": "date", "from": "$.day", "do": [{ "fn": "date_parse", "formats": ["yyyy-MM-dd"] }] }
        ],
        "amounts": ["/total"],
        "dates": ["/day"],
        "quality": [
            { "id": "share", "scope": "run", "check": "quarantined / read <= param.share", "severity": "fail" },
            { "id": "some", "scope": "run", "check": "read > 0", "severity": "warn" },
            { "id": "sum", "scope": "run", "check": "sums.total >= 0", "severity": "error", "message": "the total is negative" },
            { "id": "fresh", "scope": "run", "check": "date_diff(newest.day, today(null, 'UTC')) <= 2", "severity": "error" },
            { "id": "known", "on": "id", "check": "id != 'stop'", "severity": "fail" }
        ]
    }))
}

#[test]
fn rules_over_a_run() {
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    assert_eq!(check(&ruled(), &environment), []);
    let plan = compile(&ruled(), &environment).unwrap();
    assert!(plan.has_run_rules());
    assert!(plan.holds_delivery());
    let results = |read, quarantined, total: i128, day: &str| {
        let sums = [Decimal::new(total, 2).unwrap()];
        let figures = RunFigures {
            read,
            mapped: read - quarantined,
            quarantined,
            sums: &sums,
            newest: &[Date::parse_iso(day)],
            started_ms: Some(1_772_712_000_000),
            ..RunFigures::default()
        };
        plan.check_run(&figures)
    };
    let found = |read, quarantined, total| -> Vec<(String, RuleSeverity, String)> {
        results(read, quarantined, total, "2026-03-05")
            .into_iter()
            .filter(|result| !result.met)
            .map(|result| (result.rule, result.severity, result.message))
            .collect()
    };
    assert_eq!(found(100, 2, 0), []);
    let message = "the rule share is not met: quarantined / read <= param.share";
    assert_eq!(
        found(100, 3, 0),
        [("share".to_owned(), RuleSeverity::Fail, message.to_owned())]
    );
    assert_eq!(
        found(100, 0, -1),
        [(
            "sum".to_owned(),
            RuleSeverity::Error,
            "the total is negative".to_owned()
        )]
    );
    // a share of nothing cannot be calculated; that nothing was read is what another rule says
    assert_eq!(
        found(0, 0, 0),
        [(
            "some".to_owned(),
            RuleSeverity::Warn,
            "the rule some is not met: read > 0".to_owned()
        )]
    );
    // a result says what was expected and what was measured, met or not
    let share = &results(100, 3, 0, "2026-03-05")[0];
    assert_eq!(share.expected, "quarantined / read <= param.share");
    assert_eq!(share.measured, "quarantined = 3, read = 100");
    // freshness: the start of the run counts, not the clock
    let fresh = |day: &str| results(1, 0, 0, day).pop().unwrap();
    assert_eq!(fresh("2026-03-03").measured, "newest.day = 2026-03-03");
    assert!(fresh("2026-03-03").met);
    assert!(!fresh("2026-03-02").met);
    assert!(!fresh("no date at all").met, "nothing is not fresh");
    assert!(plan.stops_run("share") && plan.stops_run("known"));
    assert!(!plan.stops_run("sum") && !plan.stops_run("none"));
}

#[test]
fn figures_of_sensitive_fields_are_masked() {
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let mut document = serde_json::to_value(ruled()).unwrap();
    document["fields"][1]["sensitive"] = json!(true);
    document["fields"][2]["sensitive"] = json!(true);
    document["quality"].as_array_mut().unwrap().push(json!(
        { "id": "broken", "scope": "run", "check": "to_int(concat('x', to_string(sums.total))) > 0", "severity": "error" }
    ));
    let plan = compile(
        &self::document(document),
        &Environment::new(&lookups, &params),
    )
    .unwrap();
    let figures = RunFigures {
        read: 1,
        mapped: 1,
        sums: &[Decimal::new(-123_456, 2).unwrap()],
        newest: &[Date::parse_iso("2026-01-17")],
        started_ms: Some(1_772_712_000_000),
        ..RunFigures::default()
    };
    let results = plan.check_run(&figures);
    let measured: Vec<&str> = results.iter().map(|one| one.measured.as_str()).collect();
    assert_eq!(
        measured,
        [
            "quarantined = 0, read = 1",
            "read = 1",
            "sums.total = •••",
            "newest.day = •••",
            "sums.total = •••"
        ]
    );
    let text = serde_json::to_string(&results).unwrap();
    for value in ["1234", "2026-01-17"] {
        assert!(!text.contains(value), "{text}");
    }
    assert!(
        results[4].message.contains("could not be checked"),
        "{text}"
    );
}

#[test]
fn a_rule_that_fails_the_run_is_flagged_with_its_record() {
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let plan = compile(&ruled(), &Environment::new(&lookups, &params)).unwrap();
    let mut worker = plan.worker(&RowFormat::Ndjson).unwrap();
    let mut out = Vec::new();
    let outcome = worker.map(&[row(r#"{"id":"stop","total":1}"#, 1)], &mut out);
    assert_eq!(
        (outcome.verdict, outcome.stops_run),
        (Verdict::Quarantined, true)
    );
    assert_eq!(outcome.issues[0].severity, Severity::Error);
    let outcome = worker.map(&[row(r#"{"id":"go","total":1}"#, 2)], &mut out);
    assert_eq!(
        (outcome.verdict, outcome.stops_run),
        (Verdict::Mapped, false)
    );
    // another kind of error does not stop the run
    let outcome = worker.map(&[row(r#"{"id":"go","total":"x"}"#, 3)], &mut out);
    assert_eq!(
        (outcome.verdict, outcome.stops_run),
        (Verdict::Quarantined, false)
    );
}

#[test]
fn places_that_may_fail() {
    let document = document(json!({
        "version": 1, "name": "x", "source": { "format": "csv", "key": ["$.id"] },
        "fields": [
            { "id": "qty", "to": "qty", "type": "decimal(9,2)", "from": "$.qty", "do": [{ "fn": "to_decimal" }], "required": true },
            { "id": "note", "to": "note", "type": "json", "from": "$.note" },
            { "id": "twice", "to": "twice", "type": "json", "formula": "round(qty, 0) * 2" }
        ]
    }));
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let found: Vec<(String, String, Vec<ErrorCode>)> =
        failure_points(&document, &Environment::new(&lookups, &params))
            .into_iter()
            .map(|point| (point.pointer, point.function, point.codes))
            .collect();
    let expected = [
        (
            "/fields/0/do/0",
            "to_decimal",
            vec![ErrorCode::NumberInvalid, ErrorCode::NumberRange],
        ),
        (
            "/fields/0/required",
            "required",
            vec![ErrorCode::ValueMissing],
        ),
        (
            "/fields/0/type",
            "type",
            vec![ErrorCode::NumberInvalid, ErrorCode::NumberRange],
        ),
        ("/fields/2/formula", "round", vec![ErrorCode::NumberInvalid]),
        (
            "/fields/2/formula",
            "formula",
            vec![ErrorCode::FormulaFailed],
        ),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(pointer, function, codes)| (pointer.to_owned(), function.to_owned(), codes))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn counter_examples_are_counted_by_record_and_bounded() {
    let document = document(json!({
        "version": 1, "name": "x", "source": { "format": "csv" },
        "rows": [{ "id": "g", "op": "group", "as": "order", "by": ["$.id"], "members": "lines" }],
        "fields": [{ "id": "lines", "to": "lines", "each": "order.lines", "fields": [
            { "id": "qty", "to": "qty", "type": "int", "from": "$.qty", "do": [{ "fn": "to_int" }] }
        ] }]
    }));
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    let format = RowFormat::Csv(CsvFormat {
        delimiter: ';',
        quote: None,
        encoding: "utf-8".to_owned(),
        columns: vec!["id".to_owned(), "qty".to_owned()],
    });
    let texts: Vec<String> = (0..40).map(|n| format!("{};x{n}", n % 20)).collect();
    let mut rows: Vec<Row<'_>> = texts
        .iter()
        .zip(1..)
        .map(|(text, line)| row(text, line))
        .collect();
    rows.push(row("good;1", 41));
    let found = check_samples(&document, &environment, &format, &rows).unwrap();
    let [only] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (only.failed, only.records, only.examples.len()),
        (20, 21, 5)
    );
    assert_eq!(
        (only.node.as_str(), only.pointer.as_str()),
        ("qty", "/fields/0/fields/0")
    );
    assert!(
        only.message
            .starts_with("fails on 20 of 21 records: $.qty = \"x0\" (line 1), ")
    );
    assert!(only.message.ends_with(", …"), "{}", only.message);
    assert!(!only.diagnostic().is_error());
}

fn lookups_of(folder: &Path) -> BTreeMap<String, LookupDocument> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    entries
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .map(|bytes| serde_json::from_slice::<LookupDocument>(&bytes).unwrap())
        .map(|table| (table.name.to_string(), table))
        .collect()
}

/// Documents of version 1 that were written once and must be read for ever. Their parameters have no
/// values here, which is the one error that may be found.
#[test]
fn documents_of_version_1_stay_readable() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![(
        root.join("tests/version-1"),
        lookups_of(&root.join("tests/version-1/lookups")),
    )];
    for tenant in ["acme", "globex"] {
        let folder = root.join("../../tenants").join(tenant);
        folders.push((folder.join("mappings"), lookups_of(&folder.join("lookups"))));
    }
    folders.push((root.join("benches/mapping_vs_serde"), BTreeMap::new()));
    let mut count = 0;
    for (folder, lookups) in folders {
        let files = std::fs::read_dir(&folder).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        });
        for path in paths {
            let document = parse(&std::fs::read(&path).unwrap())
                .unwrap_or_else(|found| panic!("{}: {found:?}", path.display()));
            let params = BTreeMap::new();
            let mut found = check(&document, &Environment::new(&lookups, &params));
            found.retain(|diagnostic| diagnostic.is_error() && diagnostic.code != "M1511");
            assert!(found.is_empty(), "{}: {found:?}", path.display());
            count += 1;
        }
    }
    assert!(count >= 6, "only {count} documents");
}

/// Prints what a check takes; run it with `--release -- --nocapture` to see the figure.
#[test]
fn the_check_of_the_benchmarks_document_with_schemas() {
    let document = parse(include_bytes!("../../benches/mapping_vs_serde/order.json")).unwrap();
    let source = Schema::from_json_schema(&json!({
        "type": "object", "required": ["order_id", "lines"], "properties": {
            "order_id": { "type": "string" }, "doc_type": { "enum": ["OR", "RE", "QT"] }, "order_date": { "type": "string" }, "currency": { "type": "string" },
            "freight": { "type": ["number", "string", "null"] },
            "customer": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" }, "name": { "type": "string" }, "email": { "type": "string" }, "class": { "enum": ["W", "R"] }, "vat_id": { "type": "string" } } },
            "ship_to": { "type": "object", "required": ["address"], "properties": { "address": { "type": "object", "properties": { "street": { "type": "string" }, "city": { "type": "string" }, "state": { "type": "string" }, "zip": { "type": "string" }, "country": { "type": "string" } } } } },
            "lines": { "type": "array", "items": { "type": "object", "properties": { "line_no": { "type": "integer" }, "sku": { "type": "string" }, "text": { "type": "string" }, "unit": { "type": "string" }, "quantity": { "type": "integer" }, "unit_price": { "type": ["number", "string"] }, "discount": { "type": "integer" }, "tax_code": { "type": "string" } } } }
        }
    }));
    let target = Schema::from_json_schema(&json!({
        "type": "object", "required": ["code", "type", "date", "lines", "total_amount"], "additionalProperties": false, "properties": {
            "code": { "type": "string" }, "type": { "enum": ["SalesInvoice", "ReturnInvoice", "SalesOrder"] }, "date": { "type": "string", "format": "date" },
            "company_code": { "type": "string" }, "currency_code": { "type": "string" }, "customer_code": { "type": "string" }, "customer_name": { "type": ["string", "null"] }, "email": { "type": ["string", "null"] }, "vat_id": { "type": "string" },
            "addresses": { "type": "object", "properties": { "ship_to": { "type": "object", "properties": { "line1": { "type": ["string", "null"], "maxLength": 50 }, "city": { "type": "string" }, "region": { "type": ["string", "null"] }, "postal_code": { "type": "string" }, "country": { "type": "string" } } } } },
            "lines": { "type": "array", "items": { "type": "object", "properties": { "number": { "type": "integer" }, "item_code": { "type": "string" }, "description": { "type": ["string", "null"] }, "unit": { "type": ["string", "null"] }, "quantity": { "type": "integer" }, "unit_price": { "type": "number" }, "amount": { "type": "number", "multipleOf": 0.01 }, "tax_code": { "type": "string" } } } },
            "total_amount": { "type": "number" }
        }
    }));
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment =
        Environment::new(&lookups, &params).with_schemas(Some(&source), Some(&target));
    assert_eq!(check(&document, &environment), []);
    let rounds = 200;
    let start = Instant::now();
    for _ in 0..rounds {
        assert!(check(&document, &environment).is_empty());
    }
    println!("check with schemas: {:?} each", start.elapsed() / rounds);
}
