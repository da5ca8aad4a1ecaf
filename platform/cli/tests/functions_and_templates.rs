//! Documents that need more than themselves, through the program: functions of code from a component
//! file, and mappings that extend another one beside them.
//!
//! The component is the example of `connectors/tax-ids`, built by `cargo xtask test`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "test code; the test runner says where the components are"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs `tributary mapping …` in a folder; exit code, stdout, stderr.
fn mapping(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tributary"))
        .arg("mapping")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn component() -> PathBuf {
    let folder = std::env::var("TRIBUTARY_TEST_CONNECTORS")
        .expect("TRIBUTARY_TEST_CONNECTORS is not set: run cargo xtask test");
    PathBuf::from(folder).join("tax-ids.wasm")
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const CUSTOMERS: &str = r#"{ "version": 1, "name": "customers", "source": { "format": "csv", "key": ["$.no"] },
  "external": {
    "rfc": { "component": "tax-ids@0.1.0", "function": "mx_rfc", "takes": "text", "gives": "text" },
    "is_valid": { "component": "tax-ids@0.1.0", "function": "is_valid", "takes": "text", "gives": "bool" },
    "state": { "component": "tax-ids@0.1.0", "function": "in_state", "takes": "text", "gives": "json" } },
  "fields": [
    { "id": "no", "to": "no", "type": "string", "from": "$.no" },
    { "id": "rfc", "to": "rfc", "type": "string", "from": "$.rfc", "do": [{ "fn": "trim" }, { "fn": "external", "name": "rfc" }] },
    { "id": "valid", "to": "valid", "type": "bool", "formula": "external(src.tax, 'is_valid', src.country)" },
    { "id": "state", "to": "state", "type": "json", "null": "omit", "when": "src.country == 'IN' and valid", "from": "$.tax",
      "do": [{ "fn": "external", "name": "state" }] } ],
  "tests": [
    { "name": "a good one", "columns": ["no", "rfc", "tax", "country"], "rows": ["1;gode 561231 gr8;27AAPFU0939F1ZV;IN"],
      "expect": { "no": "1", "rfc": "GODE561231GR8", "valid": true, "state": { "code": "27", "region": "IN-MH" } } },
    { "name": "a wrong one", "columns": ["no", "rfc", "tax", "country"], "rows": ["1;GODE561231GR7;x;BR"],
      "expect_issues": [{ "code": "value_invalid", "rule": "rfc", "value": "GODE561231GR7" }] } ] }"#;

const ROWS: &str = "no;rfc;tax;country
1;GODE561231GR8;12ABC34501DE35;BR
2;GODE561231GR7;11222333000181;BR
3;;27AAPFU0939F1ZV;IN
4;SAT970701NN3;1;US
";

/// A folder with the mapping, its rows and, if wanted, the component beside it.
fn customers(with_component: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "mappings/customers.json", CUSTOMERS);
    write(folder.path(), "customers.csv", ROWS);
    if with_component {
        std::fs::create_dir(folder.path().join("components")).unwrap();
        let place = folder.path().join("components/tax-ids.wasm");
        std::fs::copy(component(), place).unwrap();
    }
    folder
}

const DOCUMENT: &str = "mappings/customers.json";

#[test]
fn without_its_component_a_mapping_can_be_checked_and_not_run() {
    let folder = customers(false);
    let (code, said, _) = mapping(folder.path(), &["check", DOCUMENT]);
    assert_eq!(
        (code, said.trim()),
        (Some(0), "mappings/customers.json: ok")
    );
    let (code, _, said) = mapping(folder.path(), &["run", DOCUMENT, "customers.csv"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("M1504") && said.contains("--component"),
        "{said}"
    );
    let file = component();
    let arguments = ["test", DOCUMENT, "--component", file.to_str().unwrap()];
    let (code, said, error) = mapping(folder.path(), &arguments);
    assert_eq!(code, Some(0), "{said}{error}");
}

#[test]
fn a_mapping_calls_functions_of_a_component_beside_it() {
    let folder = customers(true);
    let arguments = [
        "run",
        DOCUMENT,
        "customers.csv",
        "--issues",
        "issues.ndjson",
    ];
    let (code, out, error) = mapping(folder.path(), &arguments);
    assert_eq!(code, Some(1), "{error}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"no":"1","rfc":"GODE561231GR8","valid":true}"#,
            r#"{"no":"3","rfc":null,"valid":true,"state":{"code":"27","region":"IN-MH"}}"#,
        ]
    );
    let issues = std::fs::read_to_string(folder.path().join("issues.ndjson")).unwrap();
    for words in [
        "the check digit is wrong: 8 is right",
        r#"the country \"US\" is not one of MX, BR, IN"#,
    ] {
        assert!(issues.contains(words), "{issues}");
    }
    assert_eq!(issues.lines().count(), 2, "{issues}");
    let arguments = ["explain", DOCUMENT, "customers.csv", "--record", "1"];
    let (code, said, error) = mapping(folder.path(), &arguments);
    assert_eq!(code, Some(0), "{error}");
    for words in [
        "code rfc = mx_rfc of tax-ids@0.1.0 sha256:",
        r#"["GODE561231GR8"] → "GODE561231GR8""#,
        r#"["12ABC34501DE35","BR"] → true"#,
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn with_its_component_a_mapping_is_compared_with_it() {
    let folder = customers(true);
    let wrong = CUSTOMERS.replace(
        r#""takes": "text", "gives": "bool""#,
        r#""takes": "text", "gives": "text""#,
    );
    write(folder.path(), DOCUMENT, &wrong);
    let (code, said, _) = mapping(folder.path(), &["check", DOCUMENT]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("M1505") && said.contains("gives bool"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_no_component_of_functions_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "customers.json", CUSTOMERS);
    write(folder, "bad.wasm", "(module)");
    let connector = component().with_file_name("rest.wasm");
    for (file, words) in [
        ("bad.wasm", "connector_invalid"),
        (connector.to_str().unwrap(), "holds no functions"),
        ("missing.wasm", "could not read"),
    ] {
        let (code, _, said) = mapping(folder, &["test", "customers.json", "--component", file]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

const TEMPLATE: &str = r#"{ "version": 1, "name": "orders", "source": { "format": "csv", "key": ["$.no"] },
  "params": { "company": { "type": "string", "required": true } },
  "fields": [
    { "id": "no", "to": "no", "type": "string", "from": "$.no", "do": [{ "fn": "trim" }] },
    { "id": "company", "to": "company", "type": "string", "param": "company" },
    { "id": "amount", "to": "amount", "type": "decimal(9,2)", "from": "$.amount", "do": [{ "fn": "to_decimal" }] } ] }"#;

const DERIVED: &str = r#"{ "version": 1, "name": "acme-orders", "extends": "orders@1", "source": { "locale": "de-DE" },
  "params": { "company": "ACME" },
  "overrides": [
    { "op": "set", "node": "no", "with": { "do": [{ "fn": "pad_left", "length": 4, "with": "0" }] } },
    { "op": "insert_after", "node": "amount", "nodes": [{ "id": "land", "to": "land", "type": "string", "const": "DE" }] } ],
  "tests": [{ "name": "ours", "columns": ["no", "amount"], "rows": ["7;1.000,50"],
    "expect": { "no": "0007", "company": "ACME", "amount": 1000.5, "land": "DE" } }] }"#;

/// A derived mapping with its template in `old`.
fn orders() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), FILE, DERIVED);
    write(folder.path(), "old/orders@1.json", TEMPLATE);
    write(folder.path(), "orders.csv", "no;amount\n7;2,50\n");
    folder
}

const FILE: &str = "old/acme-orders.json";

#[test]
fn a_mapping_extends_another_one_beside_it() {
    let folder = orders();
    let folder = folder.path();
    let (code, said, error) = mapping(folder, &["check", FILE]);
    assert_eq!(
        (code, said.trim()),
        (Some(0), "old/acme-orders.json: ok"),
        "{error}"
    );
    let (code, said, _) = mapping(folder, &["test", FILE]);
    assert_eq!(code, Some(0), "{said}");
    let (code, out, error) = mapping(folder, &["run", FILE, "orders.csv", "--quiet"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert_eq!(
        out,
        "{\"no\":\"0007\",\"company\":\"ACME\",\"amount\":2.50,\"land\":\"DE\"}\n"
    );
    // what it comes to is a document like any other, in its form
    let (code, out, error) = mapping(folder, &["resolve", FILE]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    let resolved = "resolved/acme-orders.json";
    write(folder, resolved, &out);
    let (code, said, _) = mapping(folder, &["fmt", "--check", resolved]);
    assert_eq!(code, Some(0), "{said}");
    let arguments = ["diff", FILE, resolved, "--samples", "orders.csv"];
    assert_eq!(mapping(folder, &arguments).0, Some(0));
    // and extends nothing
    assert_eq!(mapping(folder, &["resolve", resolved]).0, Some(2));
}

#[test]
fn what_an_override_hides_of_a_grown_template_is_told() {
    let folder = orders();
    let folder = folder.path();
    let new = "new/acme-orders.json";
    write(folder, new, &DERIVED.replace("orders@1", "orders@2"));
    let grown = TEMPLATE
        .replace(
            r#"{ "fn": "trim" }"#,
            r#"{ "fn": "trim" }, { "fn": "upper" }"#,
        )
        .replace("decimal(9,2)", "decimal(12,3)");
    write(folder, "new/orders.json", &grown);
    let arguments = ["diff", FILE, new, "--samples", "orders.csv"];
    let (code, said, error) = mapping(folder, &arguments);
    assert_eq!(code, Some(1), "{said}{error}");
    for words in [
        "orders@2 is taken from new/orders.json",
        "M2207 new/acme-orders.json:4:5 /overrides/0",
        r#"was [{"fn":"trim"}] and is [{"fn":"trim"},{"fn":"upper"}]"#,
    ] {
        assert!(error.contains(words), "{error}");
    }
    // what is beside it comes through
    assert!(said.contains("2.500"), "{said}");
}

#[test]
fn faults_have_their_place_in_the_file_or_name_the_override() {
    let folder = orders();
    let folder = folder.path();
    let check = |words: [&str; 2]| {
        let (code, said, _) = mapping(folder, &["check", FILE]);
        assert_eq!(code, Some(1));
        assert!(words.iter().all(|words| said.contains(words)), "{said}");
    };
    let other = DERIVED.replace(r#""node": "no""#, r#""node": "nr""#);
    write(folder, FILE, &other);
    check(["M2202 old/acme-orders.json:4:", "did you mean \"no\"?"]);
    write(folder, FILE, &DERIVED.replace("pad_left", "pad_lef"));
    check(["M1301", "by the override /overrides/0"]);
    std::fs::remove_file(folder.join("old/orders@1.json")).unwrap();
    check(["M2201", "orders@1.json"]);
}

/// New expectations of a derived mapping are its own; the template stays.
#[test]
fn tests_of_a_derived_mapping_are_renewed_in_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "orders@1.json", TEMPLATE);
    write(
        folder,
        "acme-orders.json",
        &DERIVED.replace("\"0007\"", "\"7\""),
    );
    assert_eq!(mapping(folder, &["test", "acme-orders.json"]).0, Some(1));
    let (code, said, _) = mapping(folder, &["test", "acme-orders.json", "--update"]);
    assert_eq!(code, Some(0), "{said}");
    let text = std::fs::read_to_string(folder.join("acme-orders.json")).unwrap();
    assert!(
        text.contains("\"extends\": \"orders@1\"") && text.contains("\"0007\""),
        "{text}"
    );
    assert!(!text.contains("\"fields\""), "{text}");
    let (code, said, _) = mapping(folder, &["fmt", "--check", "acme-orders.json"]);
    assert_eq!(code, Some(0), "{said}");
}
