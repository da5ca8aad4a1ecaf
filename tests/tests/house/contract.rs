//! The connector contract: every version is in the table of `sdk/wit`, and a released one stays as it was.

use std::collections::BTreeSet;
use std::path::Path;

use crate::repository::root;

/// Version, state, digest and host file of each row of the table.
fn table(text: &str) -> Vec<[String; 4]> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let mut cells = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().replace('`', ""));
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    })
    .collect()
}

/// Of names and contents, in the order of the names.
fn digest(folder: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&file).unwrap();
        for part in [name.as_bytes(), bytes.as_slice()] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// What is wrong with a table over the folders that there are.
fn faults(table: &[[String; 4]], folders: &BTreeSet<String>, of: &Path) -> Vec<String> {
    let listed: BTreeSet<String> = table.iter().map(|[version, ..]| version.clone()).collect();
    let mut faults: Vec<String> = folders
        .symmetric_difference(&listed)
        .map(|version| format!("{version} is in the table or in sdk/wit, not in both"))
        .collect();
    for [version, state, written, host] in table {
        if !root().join(host).is_file() {
            faults.push(format!("{version}: there is no {host}"));
        }
        match state.as_str() {
            "open" => {}
            "released" => {
                let is = digest(&of.join(version));
                if is != *written {
                    faults.push(format!("{version} was released as {written:?} and is {is}"));
                }
            }
            other => faults.push(format!("{version}: {other:?} is no state")),
        }
    }
    faults
}

#[test]
fn contracts_that_were_released_do_not_change() {
    let of = root().join("sdk/wit");
    let text = std::fs::read_to_string(of.join("README.md")).unwrap();
    let entries = std::fs::read_dir(&of).unwrap().map(|entry| entry.unwrap());
    let folders: BTreeSet<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let table = table(&text);
    assert!(!table.is_empty(), "the table was not found");
    assert_eq!(faults(&table, &folders, &of), Vec::<String>::new());
    // the check itself: the same version as released with another digest, and one that is missing
    let mut broken = table;
    for row in &mut broken {
        row[1] = "released".to_owned();
        row[2] = "0".repeat(64);
    }
    assert!(!faults(&broken, &folders, &of).is_empty());
    assert!(!faults(&[], &folders, &of).is_empty());
}
