//! A connector from `new` to a registry, by the commands of the page "your first connector", each kind of
//! template: it builds offline, passes the battery, and breaks visibly when it is broken.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn tributary(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tributary"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_NET_OFFLINE", "true")
        // compiled dependencies are shared by the kinds and from run to run
        .env(
            "CARGO_BUILD_BUILD_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("connector_life"),
        )
        .output()
        .unwrap()
}

fn good(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = tributary(folder, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}\n{out}\n{error}");
    (out, error)
}

fn bad(folder: &Path, arguments: &[&str]) -> String {
    let output = tributary(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn made(root: &Path, name: &str, kind: &str) -> PathBuf {
    good(root, &["connector", "new", name, "--kind", kind]);
    root.join(name)
}

#[test]
fn every_template_passes_the_battery_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    for (name, kind, sign) in [
        ("my-erp", "source", "killed 2 times, all rows came"),
        ("my-shop", "target", "2 rows in 2 calls"),
        ("my-names", "functions", "3 calls, each three times"),
    ] {
        let folder = made(root.path(), name, kind);
        let (out, _) = good(&folder, &["connector", "test"]);
        assert!(out.contains(sign) && out.contains(" 0 failed"), "{out}");
    }
}

#[test]
fn a_connector_lives_from_new_to_a_registry() {
    let root = tempfile::tempdir().unwrap();
    let folder = made(root.path(), "erp", "source");
    let again = bad(
        root.path(),
        &["connector", "new", "erp", "--kind", "source"],
    );
    assert!(again.contains("is not empty"), "{again}");
    let named = bad(
        root.path(),
        &["connector", "new", "../erp", "--kind", "source"],
    );
    assert!(named.contains("is no name of a connector"), "{named}");

    let replay = [
        "connector",
        "dev",
        "--config",
        "cases/items.json",
        "--replay",
    ];
    let (rows, trace) = good(&folder, &replay);
    assert_eq!(rows.lines().count(), 3, "{rows}");
    for part in ["GET items?page=1&page_size=2", "checkpoint", "stream items"] {
        assert!(trace.contains(part), "{part}: {trace}");
    }

    let (built, _) = good(&folder, &["connector", "build", "--json"]);
    let built: serde_json::Value = serde_json::from_str(&built).unwrap();
    assert_eq!(built["name"], "erp");
    good(&folder, &["connector", "key", "--key", "me.key"]);
    for layout in ["folder", "oci"] {
        let publish = [
            "connector",
            "publish",
            "--to",
            layout,
            "--layout",
            layout,
            "--publisher",
            "me",
            "--key",
            "me.key",
        ];
        let (out, _) = good(&folder, &publish);
        assert!(out.starts_with("published  erp 0.1.0"), "{out}");
        let (out, _) = good(&folder, &publish);
        assert!(out.starts_with("unchanged"), "{out}");
        let (out, _) = good(&folder, &["connector", "list", "--from", layout]);
        assert!(
            out.contains("erp") && out.trim_end().ends_with("me"),
            "{out}"
        );
    }

    // What the page says about breaking it.
    let path = folder.join("src/lib.rs");
    let text = std::fs::read_to_string(&path).unwrap();
    let late = "            at.page += 1;\n            checkpoint(&at)?;\n";
    let first = "            let source = format!";
    assert!(text.contains(late) && text.contains(first));
    let broken = text
        .replace(late, "")
        .replace(first, &format!("{late}{first}"));
    std::fs::write(&path, broken).unwrap();
    let out = bad(&folder, &["connector", "test"]);
    assert!(
        out.contains("FAILED   resume") && out.contains("rows are lost"),
        "{out}"
    );
}
