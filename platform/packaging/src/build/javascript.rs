//! JavaScript and TypeScript: the kit that `npm install` put into `node_modules` builds.

use std::path::Path;
use std::process::Command;

use super::{run, version_of};
use crate::PackagingError;

/// Gets the kit's tools; shown to people, and run by hand because it fetches from a package registry.
pub(crate) const PREPARE: &str = "npm install";
/// What starts the kit's build.
const MAIN: &str = "node_modules/@tributary/connector/building/main.js";
/// The first Node that has what the kit uses.
const OLDEST: (u32, u32) = (20, 6);

/// Makes `dist/<name>.wasm`.
pub(super) fn build(folder: &Path) -> Result<(), PackagingError> {
    let hint = format!("run in {}: {PREPARE}", folder.display());
    let (major, minor) = OLDEST;
    let found = version_of(Path::new("node"));
    if !found.as_deref().is_some_and(new_enough) {
        let there = found.unwrap_or_else(|| "there is none".to_owned());
        return Err(PackagingError::Tool {
            what: format!("Node {major}.{minor} or later is needed; {there}"),
            hint: format!("install it from https://nodejs.org, then {hint}"),
        });
    }
    if !folder.join(MAIN).is_file() {
        return Err(PackagingError::Tool {
            what: format!("{} has no kit in node_modules yet", folder.display()),
            hint,
        });
    }
    let mut command = Command::new("node");
    command.args([MAIN, "build", "."]);
    run(folder, command, &hint)
}

/// `v20.20.2`.
fn new_enough(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.');
    let mut part = || parts.next().and_then(|part| part.parse::<u32>().ok());
    part().zip(part()).is_some_and(|found| found >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::new_enough;

    #[test]
    fn versions_of_node_are_compared_as_numbers() {
        for (version, good) in [
            ("v20.6.0", true),
            ("v20.20.2", true),
            ("v100.0.0", true),
            ("v20.5.9", false),
            ("v9.11.2", false),
            ("", false),
            ("words", false),
        ] {
            assert_eq!(new_enough(version), good, "{version}");
        }
    }
}
