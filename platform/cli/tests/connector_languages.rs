//! Connectors in Python and JavaScript by the commands of their pages: `new`, the tools' own install, the
//! template's tests, `connector test`; then the example that exports all that a target can.
//!
//! Opt-in by `TRIBUTARY_TEST_KITS=1` (or `python`, `javascript` alone): it fetches the kits' tools from PyPI and
//! npm, and each of the six components has 12 to 19 MB, which take up to half a minute of CPU time to build and
//! compile.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "a test is asked for by its environment"
)]

use std::path::Path;
use std::process::Command;

const ASKED_FOR: &str = "TRIBUTARY_TEST_KITS";

/// Runs a program and gives what it said; it must succeed.
fn good(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let both = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&both).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}\n{text}");
    text
}

/// Makes a source and a target, which share what `prepare` gets.
fn both_pass(language: &str, tools: &str, prepare: &str, own_tests: &str) {
    let root = tempfile::tempdir().unwrap();
    let tributary = env!("CARGO_BIN_EXE_tributary");
    for (kind, sign) in [
        ("source", "killed 2 times, all rows came"),
        ("target", "2 rows in 2 calls"),
    ] {
        let new = ["connector", "new", kind, "--kind", kind, "--lang", language];
        let said = good(root.path(), tributary, &new);
        assert!(said.contains(prepare), "{said}");
        let folder = root.path().join(kind);
        if kind == "source" {
            good(&folder, "sh", &["-c", prepare]);
        } else {
            let there = root.path().join("source").join(tools);
            let arguments = ["-R", there.to_str().unwrap(), tools];
            good(&folder, "cp", &arguments);
        }
        good(&folder, "sh", &["-c", own_tests]);
        let report = good(&folder, tributary, &["connector", "test"]);
        assert!(
            report.contains(sign) && report.contains(" 0 failed"),
            "{report}"
        );
        if kind == "source" {
            let replay = [
                "connector",
                "dev",
                "--config",
                "cases/items.json",
                "--replay",
            ];
            let rows = good(&folder, tributary, &replay);
            assert!(rows.contains("3 rows"), "{rows}");
        } else {
            asked_and_concluded(&folder, language);
        }
    }
}

/// Puts the kit's example `invoices` in place of the target in `folder`, whose tools build it.
fn asked_and_concluded(folder: &Path, language: &str) {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
    let example = sdk.join(language).join("examples/invoices");
    let replace = "rm -r cases && cp -R \"$0\"/. .";
    good(folder, "sh", &["-c", replace, example.to_str().unwrap()]);
    let tributary = env!("CARGO_BIN_EXE_tributary");
    let report = good(folder, tributary, &["connector", "test"]);
    for sign in [
        "1 absent, 1 there, 1 unclear; 9 strange answers judged",
        "1 documents about 1 things, twice the same",
        " 0 failed",
    ] {
        assert!(report.contains(sign), "{sign}\n{report}");
    }
}

/// One after the other: a compilation has a minute, and two at once may not have enough of it.
#[test]
fn templates_of_python_and_javascript_pass_the_battery_as_they_are() {
    let Ok(asked) = std::env::var(ASKED_FOR) else {
        eprintln!("skipped: set {ASKED_FOR}=1");
        return;
    };
    if ["1", "python"].contains(&asked.as_str()) {
        both_pass(
            "python",
            ".venv",
            "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt",
            ".venv/bin/python -m unittest",
        );
    }
    if ["1", "javascript"].contains(&asked.as_str()) {
        both_pass("javascript", "node_modules", "npm install", "npm test");
    }
}

/// There is no template, so nothing is left behind.
#[test]
fn functions_are_written_in_rust() {
    let root = tempfile::tempdir().unwrap();
    let new = [
        "connector",
        "new",
        "x",
        "--kind",
        "functions",
        "--lang",
        "python",
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_tributary"))
        .args(new)
        .current_dir(root.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("written in Rust"),
        "{said}"
    );
    assert!(!root.path().join("x").exists());
}
