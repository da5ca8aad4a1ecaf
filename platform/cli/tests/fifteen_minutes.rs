//! The page "mappings in fifteen minutes" does what it says: its files are written to a folder, its commands
//! are run there, and what they print (stdout and stderr) is what stands on the page. `UPDATE_GOLDEN=1`
//! writes what they print to the page.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "test code; the commands need a PATH"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A fenced block of the page.
struct Block {
    language: String,
    /// name of the file, for a block that is one
    name: Option<String>,
    text: String,
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mapping/fifteen-minutes.md")
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("```") else {
            continue;
        };
        let mut words = head.split_whitespace();
        let (language, name) = (words.next().unwrap_or_default(), words.next());
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block {
            language: language.to_owned(),
            name: name.map(str::to_owned),
            text: format!("{}\n", inside.join("\n")),
        });
    }
    blocks
}

/// Runs a command line in a folder; gives what it printed, without spaces at line ends.
fn run(folder: &Path, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_tributary"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let output = Command::new("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", path)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn the_page_says_what_the_commands_say() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(page()).unwrap();
    let mut renewed = text.clone();
    let mut commands = 0;
    for block in blocks(&text) {
        if let Some(name) = &block.name {
            std::fs::write(folder.path().join(name), &block.text).unwrap();
            continue;
        }
        if block.language != "console" {
            continue;
        }
        let mut shown = String::new();
        for line in block.text.lines() {
            if let Some(command) = line.strip_prefix("$ ") {
                commands += 1;
                shown.push_str(&format!("{line}\n{}", run(folder.path(), command)));
            }
        }
        renewed = renewed.replace(&block.text, &shown);
    }
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        std::fs::write(page(), &renewed).unwrap();
    }
    assert!(
        std::fs::read_to_string(page()).unwrap() == renewed,
        "what the page shows of a command is not what it says; run with UPDATE_GOLDEN=1 and review the difference"
    );
    assert!(commands >= 9, "{commands} commands were run");
}

/// Exit codes are a promise to scripts.
#[test]
fn exit_codes_are_those_of_the_help() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(page()).unwrap();
    for block in blocks(&text) {
        if let Some(name) = &block.name {
            std::fs::write(folder.path().join(name), &block.text).unwrap();
        }
    }
    std::fs::write(folder.path().join("wrong.json"), "{ \"version\": 1 }").unwrap();
    let cases = [
        ("check orders.json", 0),
        ("check wrong.json", 1),
        ("check missing.json", 2),
        ("run orders.json orders.csv", 1),
        ("run wrong.json orders.csv", 2),
        ("run orders.json orders.csv --to csv", 2),
        ("run orders.json orders.csv --out orders.csv", 2),
        ("test orders.json", 1),
        ("fmt --check orders.json", 0),
        ("fmt --check wrong.json", 1),
        ("diff orders.json orders.json --samples orders.csv", 0),
        ("explain orders.json orders.csv --record 4712", 0),
        ("explain orders.json orders.csv --record 9999", 2),
        ("functions lookup", 0),
        ("functions looked", 2),
        ("schema", 0),
        ("path $.fields[*].id orders.json", 0),
        ("path $.nothing orders.json", 1),
        ("path no-path orders.json", 2),
        ("suggest --sample orders.csv", 2),
        ("new", 2),
        ("frobnicate", 2),
    ];
    for (arguments, code) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_tributary"))
            .arg("mapping")
            .args(arguments.split(' '))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {said}");
        assert!(!said.contains("panicked"), "{arguments}: {said}");
    }
    assert_eq!(
        text_of(&folder.path().join("orders.csv")).lines().count(),
        5
    );
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// All ways in: a pipe, gzip, NDJSON; and issues as lines.
#[test]
fn pipes_and_compressed_files_give_the_same_documents() {
    let folder = tempfile::tempdir().unwrap();
    let text = text_of(&page());
    for block in blocks(&text) {
        if let Some(name) = &block.name {
            std::fs::write(folder.path().join(name), &block.text).unwrap();
        }
    }
    let at = folder.path();
    let plain = run(
        at,
        "tributary mapping run -q orders.json orders.csv --issues issues.ndjson 2>/dev/null",
    );
    assert_eq!(plain.lines().count(), 2);
    for command in [
        "cat orders.csv | tributary mapping run orders.json - 2>/dev/null",
        "gzip -k orders.csv && tributary mapping run orders.json orders.csv.gz 2>/dev/null",
        "gzip -c orders.csv | tributary mapping run orders.json - 2>/dev/null",
        "tributary mapping run orders.json orders.csv --out - 2>/dev/null",
        "tributary mapping run orders.json orders.csv --out o.ndjson 2>/dev/null; cat o.ndjson",
    ] {
        assert_eq!(run(at, command), plain, "{command}");
    }
    let issue: serde_json::Value =
        serde_json::from_str(text_of(&at.join("issues.ndjson")).lines().next().unwrap()).unwrap();
    assert_eq!(issue["key"], "4713");
    assert_eq!(issue["rule"], "quantity");
    assert_eq!(issue["position"]["line"], 5);
    assert_eq!(
        run(
            at,
            "tributary mapping run orders.json orders.csv 2>/dev/null | head -c 1"
        ),
        "{\n"
    );
}
