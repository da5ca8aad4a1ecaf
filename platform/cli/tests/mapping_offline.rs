//! `tributary mapping` on files and pipes: that it promises nothing which a run would not deliver, overwrites nothing
//! that it reads, and says where in the document something fails.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What the program answered: exit code, stdout, stderr.
type Said = (Option<i32>, String, String);

/// Runs `tributary mapping …` in a folder, with `input` on stdin.
fn mapping_with(folder: &Path, arguments: &[&str], input: &str) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tributary"))
        .arg("mapping")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // a command that needs no input may be gone already
    let _written = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn mapping(folder: &Path, arguments: &[&str]) -> Said {
    mapping_with(folder, arguments, "")
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

const LINES: &str = r#"{ "version": 1, "name": "orders", "source": { "format": "csv", "key": ["$.no"] },
  "lookups": { "kinds": { "table": "kinds", "key": ["code"], "value": "name" } },
  "fields": [
    { "id": "no", "to": "no", "type": "string", "from": "$.no" },
    { "id": "kind", "to": "kind", "type": "string", "from": "$.kind", "do": [{ "fn": "lookup", "table": "kinds" }] },
    { "id": "amount", "to": "amount", "type": "decimal(9,2)", "from": "$.amount", "do": [{ "fn": "to_decimal" }] } ],
  "amounts": ["/amount"],
  "quality": [ RULES ] }"#;

const KINDS: &str = r#"{ "name": "kinds", "title": "", "key": ["code"], "rows": [{ "code": "A", "name": "first" }, { "code": "B", "name": "second" }] }"#;

/// A tenant's folder with a mapping that has these rules, and three rows of which the last one is bad.
fn orders(rules: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "mappings/orders.json",
        &LINES.replace("RULES", rules),
    );
    write(folder.path(), "lookups/kinds.json", KINDS);
    write(
        folder.path(),
        "orders.csv",
        "no;kind;amount\n1;A;1.10\n2;B;2.20\n3;A;1O\n",
    );
    folder
}

const DOCUMENT: &str = "mappings/orders.json";

const SHARE: &str = r#"{ "id": "share", "scope": "run", "check": "quarantined / read <= 0.1", "severity": "fail" }"#;

#[test]
fn a_rule_that_stops_the_run_leaves_nothing_that_looks_deliverable() {
    let folder = orders(SHARE);
    let folder = folder.path();
    // not in a pipe
    let (code, out, said) = mapping(folder, &["run", DOCUMENT, "orders.csv"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{said}");
    for words in [
        "STOPS    rule share: expected quarantined / read <= 0.1",
        "measured quarantined = 1, read = 3",
        "A run would deliver nothing: the rule share stops the run",
    ] {
        assert!(said.contains(words), "{said}");
    }
    // not in a file, and what was there before stays
    write(folder, "out.ndjson", "of yesterday\n");
    let arguments = [
        "run",
        DOCUMENT,
        "orders.csv",
        "--out",
        "out.ndjson",
        "--json",
    ];
    let (code, _, said) = mapping(folder, &arguments);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(read(folder, "out.ndjson"), "of yesterday\n");
    let summary: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(summary["run"]["delivers"], false, "{summary}");
    assert_eq!(
        summary["run"]["rules"][0]["measured"],
        "quarantined = 1, read = 3"
    );

    // the same rule with rows that meet it
    write(folder, "orders.csv", "no;kind;amount\n1;A;1.10\n2;B;2.20\n");
    let (code, out, said) = mapping(folder, &["run", DOCUMENT, "orders.csv"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(out.lines().count(), 2);
    assert!(said.contains("met      rule share"), "{said}");
    let (code, _, said) = mapping(folder, &arguments);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(read(folder, "out.ndjson"), out);
}

#[test]
fn a_record_that_stops_the_run_is_named() {
    let rule = r#"{ "id": "small", "on": "amount", "check": "amount < 2", "severity": "fail" }"#;
    let folder = orders(rule);
    let (code, out, said) = mapping(folder.path(), &["run", DOCUMENT, "orders.csv"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{said}");
    assert!(
        said.contains("STOPS    rule small: the record 2, line 3"),
        "{said}"
    );
    assert!(said.contains("1 record of 3 break it"), "{said}");
}

#[test]
fn a_rule_that_only_warns_or_only_reddens_lets_the_documents_through() {
    for (severity, code) in [("warn", Some(0)), ("error", Some(1))] {
        let rule = format!(
            r#"{{ "id": "many", "scope": "run", "check": "sums.amount > 100", "severity": "{severity}" }}"#
        );
        let folder = orders(&rule);
        write(
            folder.path(),
            "orders.csv",
            "no;kind;amount\n1;A;1.10\n2;B;2.20\n",
        );
        let (found, out, said) = mapping(folder.path(), &["run", DOCUMENT, "orders.csv"]);
        assert_eq!((found, out.lines().count()), (code, 2), "{said}");
        assert!(said.contains("measured sums.amount = 3.30"), "{said}");
        assert!(!said.contains("deliver nothing"), "{said}");
    }
}

/// What the command reads it does not write, whatever way leads there.
#[test]
fn nothing_that_is_read_is_overwritten() {
    let folder = orders("");
    let folder = folder.path();
    let before = read(folder, DOCUMENT);
    std::fs::create_dir(folder.join("elsewhere")).unwrap();
    for (target, what) in [
        (DOCUMENT, "is the mapping"),
        ("elsewhere/../mappings/orders.json", "is the mapping"),
        ("orders.csv", "is an input"),
        ("lookups/kinds.json", "is a lookup table"),
    ] {
        for option in ["--out", "--issues"] {
            let (code, _, said) = mapping(folder, &["run", DOCUMENT, "orders.csv", option, target]);
            assert_eq!(code, Some(2), "{target}: {said}");
            assert!(said.contains(what), "{target}: {said}");
        }
    }
    for same in ["new.ndjson", "elsewhere/../new.ndjson"] {
        let arguments = [
            "run",
            DOCUMENT,
            "orders.csv",
            "--out",
            "new.ndjson",
            "--issues",
            same,
        ];
        let (code, _, said) = mapping(folder, &arguments);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("cannot hold documents and issues"), "{said}");
    }
    assert_eq!(read(folder, DOCUMENT), before);
    assert!(!folder.join("new.ndjson").exists());
}

const GROUPED: &str = r#"{ "version": 1, "name": "grouped", "source": { "format": "csv" },
  "rows": [{ "id": "g", "op": "group", "as": "order", "by": ["$.no"], "members": "lines", "input": "adjacent" }],
  "fields": [
    { "id": "no", "to": "no", "type": "string", "from": "$.no" },
    { "id": "lines", "to": "lines", "each": "order.lines", "fields": [{ "id": "p", "to": "p", "type": "string", "from": "$.p" }] } ] }"#;

/// Half of an order is not sent: as in a run the rows stay together and are quarantined.
#[test]
fn groups_that_do_not_stand_together_are_quarantined() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "grouped.json", GROUPED);
    let rows = "no;p\n1;a\n1;b\n2;a\n1;c\n3;a\n";
    write(folder, "rows.csv", rows);
    for input in ["rows.csv", "-"] {
        let arguments = ["run", "grouped.json", input, "--issues", "issues.ndjson"];
        let (code, out, said) = mapping_with(folder, &arguments, rows);
        assert_eq!(code, Some(1), "{said}");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(
            lines,
            [
                r#"{"no":"2","lines":[{"p":"a"}]}"#,
                r#"{"no":"3","lines":[{"p":"a"}]}"#
            ]
        );
        let issues = read(folder, "issues.ndjson");
        let issue: Value = serde_json::from_str(issues.trim_end()).unwrap();
        assert_eq!(
            (&issue["code"], &issue["key"]),
            (&"group_conflict".into(), &"1".into())
        );
        assert_eq!(
            issue["message"],
            "the rows of this group do not stand together; see line 2, 5"
        );
        assert!(
            said.starts_with("3 records from 5 rows: 2 mapped, 1 with errors"),
            "{said}"
        );
    }
}

#[test]
fn the_check_shows_counter_examples_with_their_place() {
    let folder = orders(SHARE);
    let folder = folder.path();
    let (code, said, error) = mapping(folder, &["check", DOCUMENT, "--samples", "orders.csv"]);
    assert_eq!(code, Some(1), "{said}{error}");
    for words in [
        "warning M2101 mappings/orders.json:6:5 /fields/2",
        r#"fails on 1 of 3 records: $.amount = "1O" (line 4)"#,
        "M2101 mappings/orders.json:8:16 /quality/0",
        "expected quarantined / read <= 0.1; measured quarantined = 1, read = 3",
        "on the samples: 3 records from 3 rows: 2 mapped, 1 with errors",
        "mappings/orders.json: fails on the samples, 2 warnings",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let (_, said, _) = mapping(
        folder,
        &["check", DOCUMENT, "--samples", "orders.csv", "--json"],
    );
    let first: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    assert_eq!(first["code"], "M2101");
    assert_eq!(first["pointer"], "/fields/2");
    let example = &first["counter_example"];
    assert_eq!(
        (&example["failed"], &example["records"]),
        (&1.into(), &3.into())
    );
    assert_eq!(example["examples"][0]["value"], "1O");
}

const TESTED: &str = r#"{ "version": 1, "name": "tested", "source": { "format": "json", "key": ["$.no"] },
  "target": { "schema": "invoice" },
  "fields": [
    { "id": "no", "to": "no", "type": "string", "from": "$.no", "required": true },
    { "id": "amount", "to": "amount", "type": "decimal(18,2)", "from": "$.amount" } ],
  "tests": [
    { "name": "digits", "rows": [{ "no": "1", "amount": 1234567890123456.78 }], "expect": { "no": "1", "amount": EXPECTED } } ] }"#;

#[test]
fn expected_numbers_are_compared_and_kept_with_all_their_digits() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (expected, code) in [("1234567890123456.780", 0), ("1234567890123456.79", 1)] {
        write(folder, "tested.json", &TESTED.replace("EXPECTED", expected));
        let (found, said, _) = mapping(folder, &["test", "tested.json"]);
        assert_eq!(found, Some(code), "{said}");
    }
    let (code, said, _) = mapping(folder, &["test", "tested.json", "--update"]);
    assert_eq!(code, Some(0), "{said}");
    let text = read(folder, "tested.json");
    let kept = r#""rows": [{ "no": "1", "amount": 1234567890123456.78 }]"#;
    assert!(text.contains(kept), "{text}");
    let expect = r#""expect": { "no": "1", "amount": 1234567890123456.78 }"#;
    assert!(text.contains(expect), "{text}");
}

#[test]
fn tests_must_fit_the_schema_that_the_document_names_and_so_must_random_records() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let good = TESTED.replace("EXPECTED", "1234567890123456.78");
    write(folder, "mappings/tested.json", &good);
    let test = ["test", "mappings/tested.json"];
    let random = ["test", "mappings/tested.json", "--random", "500"];
    assert_eq!(mapping(folder, &test).0, Some(0), "no folder says nothing");
    assert_eq!(
        mapping(folder, &random).0,
        Some(2),
        "nothing to compare with"
    );

    let schema = r#"{ "type": "object", "required": ["no", "amount"], "properties": { "no": { "type": "string" }, "amount": { "type": ["number", "null"] } } }"#;
    write(folder, "schemas/invoice.json", schema);
    assert_eq!(mapping(folder, &test).0, Some(0));
    let (code, said, error) = mapping(folder, &random);
    assert_eq!(code, Some(0), "{said}{error}");
    assert!(said.contains("500 random records"), "{said}");

    // the test does not show it, random records do: nobody has asked for a minimum
    write(
        folder,
        "schemas/invoice.json",
        &schema.replace(r#""null"] }"#, r#""null"], "minimum": 0 }"#),
    );
    assert_eq!(mapping(folder, &test).0, Some(0));
    let (code, said, _) = mapping(folder, &random);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("/amount does not fit"), "{said}");

    write(
        folder,
        "schemas/invoice.json",
        &schema.replace("\"string\"", "\"integer\""),
    );
    let (code, said, _) = mapping(folder, &test);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("/no does not fit"), "{said}");
    std::fs::rename(
        folder.join("schemas/invoice.json"),
        folder.join("schemas/other.json"),
    )
    .unwrap();
    let (code, _, said) = mapping(folder, &test);
    assert_eq!(code, Some(2), "a name that leads nowhere: {said}");
}

#[test]
fn a_test_says_that_its_record_would_stop_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let document = r#"{ "version": 1, "name": "stops", "source": { "format": "json", "key": ["$.no"] },
      "fields": [{ "id": "no", "to": "no", "type": "string", "from": "$.no" }],
      "quality": [
        { "id": "known", "on": "no", "check": "no != 'x'", "severity": "fail" },
        { "id": "enough", "scope": "run", "check": "read >= 10", "severity": "error" } ],
      "tests": [{ "name": "bad", "rows": [{ "no": "x" }], "expect_issues": [{ "code": "quality_rule", "rule": "known" }] }] }"#;
    write(folder, "stops.json", document);
    let (code, said, error) = mapping(folder, &["test", "stops.json"]);
    assert_eq!(code, Some(0), "{said}{error}");
    for words in [
        "a run with this record would deliver nothing: it breaks the rule known",
        "rule enough: expected read >= 10",
        "measured read = 1",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_draft_names_the_schemas_that_it_was_made_of() {
    let folder = orders("");
    let folder = folder.path();
    let schema = r#"{ "type": "object", "required": ["no"], "properties": { "no": { "type": "string", "maxLength": 9 } } }"#;
    write(folder, "given.json", schema);
    let new = |more: &[&str]| {
        let arguments = ["new", "--name", "fresh", "--sample", "orders.csv"];
        let more = [&["--target-schema", "given.json"], more].concat();
        mapping(folder, &[&arguments[..], &more].concat())
    };
    // without a folder of schemas nothing is named
    let (code, _, said) = new(&["--out", "mappings/fresh.json"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!read(folder, "mappings/fresh.json").contains("fresh-target"));

    std::fs::create_dir(folder.join("schemas")).unwrap();
    let (code, _, said) = new(&["--out", "mappings/fresh.json", "--force"]);
    assert_eq!(code, Some(0), "{said}");
    let draft: Value = serde_json::from_str(&read(folder, "mappings/fresh.json")).unwrap();
    assert_eq!(draft["source"]["schema"], "fresh-source");
    assert_eq!(draft["target"]["schema"], "fresh-target");
    let target: Value = serde_json::from_str(&read(folder, "schemas/fresh-target.json")).unwrap();
    assert_eq!(target, serde_json::from_str::<Value>(schema).unwrap());
    let source = read(folder, "schemas/fresh-source.json");
    assert!(source.contains("\"amount\""), "{source}");
    let (code, said, error) = mapping(folder, &["check", "mappings/fresh.json"]);
    assert_eq!(code, Some(0), "{said}{error}");

    // a schema that somebody has changed is not replaced by accident
    write(folder, "schemas/fresh-target.json", "{}");
    let (code, _, said) = new(&["--schemas", "schemas"]);
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(read(folder, "schemas/fresh-target.json"), "{}");
}

#[test]
fn a_mapping_sheet_may_come_through_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = "target;source\nno;order_no\n";
    let arguments = ["new", "--name", "piped", "--sheet", "-"];
    let (code, out, said) = mapping_with(folder.path(), &arguments, sheet);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains("\"to\": \"no\""), "{out}");
}

/// OpenAPI is written in YAML; the schemas that a draft writes hold nothing of its samples.
#[test]
fn a_draft_is_made_of_yaml_and_keeps_no_values() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let api = "openapi: 3.0.3\npaths:\n  /orders:\n    post:\n      operationId: createOrder\n      requestBody:\n        content:\n          \
               application/json:\n            schema:\n              $ref: '#/components/schemas/Order'\n      responses:\n        200: {description: ok}\n\
               components:\n  schemas:\n    Order:\n      type: object\n      required: [number]\n      properties:\n        number: {type: string}\n        \
               customer: {type: string, maxLength: 50}\n";
    write(folder, "api.yaml", api);
    write(
        folder,
        "orders.csv",
        "number;customer\n4711;CANARY AG\n4712;\n",
    );
    write(folder, "schemas/.keep", "");
    let arguments = [
        "new",
        "--name",
        "fresh",
        "--sample",
        "orders.csv",
        "--openapi",
    ];
    let arguments = [
        &arguments[..],
        &["api.yaml#createOrder", "--schemas", "schemas"],
    ]
    .concat();
    let (code, draft, said) = mapping(folder, &arguments);
    assert_eq!(code, Some(0), "{said}");
    let draft: Value = serde_json::from_str(&draft).unwrap();
    assert_eq!(draft["fields"][0]["from"], "$.number", "{draft}");
    let source = read(folder, "schemas/fresh-source.json");
    let target = read(folder, "schemas/fresh-target.json");
    assert!(target.contains("\"maxLength\": 50"), "{target}");
    for text in [&source, &target, &draft.to_string(), &said] {
        assert!(!text.contains("CANARY") && !text.contains("4711"), "{text}");
    }

    let bomb =
        "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n";
    let mut text = bomb.to_owned();
    for (before, name) in "bcdefgh".chars().zip("cdefghi".chars()) {
        let aliases = format!("*{before}, ").repeat(10);
        text.push_str(&format!("{name}: &{name} [{aliases}]\n"));
    }
    write(folder, "bomb.yaml", &text);
    let arguments = ["new", "--target-schema", "bomb.yaml"];
    let (code, _, said) = mapping(folder, &arguments);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("bomb.yaml: it is not YAML"), "{said}");
}

/// A reason quotes no value that the other version calls sensitive, be it read under another name or from elsewhere.
#[test]
fn reasons_of_a_comparison_mask_what_either_version_does() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let version = |name: &str, field: &str| {
        let start = r#"{ "version": 1, "name": "p", "source": { "format": "csv", "key": ["$.no"] }, "fields": ["#;
        write(folder, name, &format!("{start}{field}] }}"));
    };
    let to_int = r#""type": "int", "do": [{ "fn": "to_int" }] }"#;
    version(
        "old.json",
        r#"{ "id": "vat", "to": "vat", "type": "string", "from": "$.vat", "sensitive": true }"#,
    );
    version(
        "renamed.json",
        &format!(r#"{{ "id": "tax", "to": "tax", "from": "$.vat", {to_int}"#),
    );
    version(
        "moved.json",
        &format!(r#"{{ "id": "vat", "to": "vat", "from": "$.other", {to_int}"#),
    );
    write(folder, "p.csv", "no;vat;other\n1;DE1CANARY;DE2CANARY\n");
    for new in ["renamed.json", "moved.json"] {
        for (one, other) in [("old.json", new), (new, "old.json")] {
            let (code, said, told) = mapping(folder, &["diff", one, other, "--samples", "p.csv"]);
            assert_eq!(code, Some(1), "{told}");
            assert!(said.contains("1 record newly"), "{said}");
            assert!(!said.contains("CANARY"), "{one} {other}: {said}");
        }
    }
}
