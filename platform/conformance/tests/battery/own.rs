//! The platform's own connectors pass the battery over the cases in their folders.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tributary_conformance::{Case, Report, Verdict, battery};

static REPO: LazyLock<PathBuf> = LazyLock::new(|| {
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    repo.canonicalize().unwrap()
});

static BUILT: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../connectors");
    crate::connectors::build(&REPO, &target, &target.join("components")).unwrap()
});

/// A connector's cases, by the names of their files.
fn cases(name: &str) -> Vec<(String, Case)> {
    let folder = REPO.join("connectors").join(name).join("cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{name} has no cases: {error}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            (
                path.file_stem().unwrap().to_string_lossy().into_owned(),
                Case::read(path).unwrap(),
            )
        })
        .collect()
}

pub(crate) fn component(name: &str) -> Vec<u8> {
    let file = format!("{name}.wasm");
    let path = BUILT.iter().find(|path| path.ends_with(&file)).unwrap();
    std::fs::read(path).unwrap()
}

fn report(name: &str, cases: &[(String, Case)]) -> Report {
    let component = component(name);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(battery(&component, cases))
}

/// Connectors in `connectors/`; one without cases fails.
#[test]
fn every_connector_of_ours_passes() {
    let mut failed = String::new();
    for path in BUILT.iter() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let report = report(&name, &cases(&name));
        let looked = report
            .checks
            .iter()
            .filter(|check| check.verdict == Verdict::Ok);
        if !report.passed() || looked.count() < 4 {
            failed.push_str(&report.text());
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

/// A file of several pages: a kill in the middle goes on inside of the file.
#[test]
fn a_long_file_is_read_on_after_every_kill() {
    let mut cases = cases("sftp");
    let (_, case) = cases.first_mut().unwrap();
    let line = |number: u32| format!("{number};{};1,00\n", "Köln ".repeat(60));
    let text: String = (0..12_000).map(line).collect();
    for file in &mut case.cassette.files {
        if file.path.ends_with("orders-1.csv") {
            file.keep(format!("order_no;city;amount\n{text}").as_bytes());
        }
    }
    let text = report("sftp", &cases).text();
    let row = text.lines().find(|line| line.contains("resume (")).unwrap();
    let kills: u32 = row
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .unwrap();
    assert!(row.starts_with("ok") && kills >= 5, "{row}");
}
