//! Where the public test suites are, and what `platform/docs/mapping/conformance.md` says about them.

use std::path::PathBuf;

/// A file or folder of the suites, if they are there.
pub(crate) fn find(path: &str) -> Option<PathBuf> {
    let suites = std::env::var("TRIBUTARY_SUITES").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/suites"),
        PathBuf::from,
    );
    let place = suites.join(path);
    if place.exists() {
        return Some(place);
    }
    eprintln!("skipped: no suite");
    None
}

/// The rows of the page's table below the heading `## title`, cell by cell, without its head.
pub(crate) fn table(title: &str) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/mapping/conformance.md"),
    )
    .unwrap();
    let heading = format!("## {title}");
    page.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect()
        })
        .collect()
}
