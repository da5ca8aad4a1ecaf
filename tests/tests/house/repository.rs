//! What the rules are applied to: the repository's files, its manifests and what cargo says.
//!
//! Files are those that git would commit (tracked, or new and not ignored), so that build
//! output and demo data never count and a forgotten new file does.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// One text file of the repository.
pub(crate) struct SourceFile {
    /// relative to the root, with `/`
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    /// The last part of the name after a dot, `""` if there is none.
    pub(crate) fn extension(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// Every committed or committable text file. Files that are not UTF-8 are left out: they are
/// samples in other encodings or images, and no rule speaks about them.
pub(crate) fn files() -> Vec<SourceFile> {
    let listing = run(
        "git",
        &["ls-files", "--cached", "--others", "--exclude-standard"],
    );
    let mut files = Vec::new();
    for path in listing.lines() {
        // a tracked file may be deleted in the working copy
        let Ok(bytes) = std::fs::read(root().join(path)) else {
            continue;
        };
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(SourceFile {
                path: path.to_owned(),
                text,
            });
        }
    }
    assert!(files.len() > 50, "git listed only {} files", files.len());
    files
}

/// Standard output of a program run in the root; fails the test when the program fails.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("could not start {program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The cargo that runs this test.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Fails with one fault a line.
pub(crate) fn assert_none(rule: &str, faults: &[String]) {
    assert!(
        faults.is_empty(),
        "{rule}: {} fault(s)\n  {}",
        faults.len(),
        faults.join("\n  ")
    );
}
