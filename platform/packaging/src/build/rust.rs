//! Rust: cargo for `wasm32-unknown-unknown`, then the encoder.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Built, schema};
use crate::{PackagingError, encode};

const TARGET: &str = "wasm32-unknown-unknown";

/// Makes `target/connector/<name>.wasm`.
pub(super) fn build(folder: &Path, name: &str) -> Result<Built, PackagingError> {
    let package = package_name(&folder.join("Cargo.toml"))?;
    require_target()?;
    let target_dir = folder.join("target");
    compile(folder, &target_dir)?;
    let renewed = schema::renew(folder, &target_dir)?;
    let manifest_path = folder.join("connector.json");
    let manifest =
        std::fs::read(&manifest_path).map_err(PackagingError::io("read", &manifest_path))?;
    let module = target_dir
        .join(TARGET)
        .join("release")
        .join(format!("{}.wasm", package.replace('-', "_")));
    let module = std::fs::read(&module).map_err(PackagingError::io("read", &module))?;
    let component = encode(&module, &manifest)?;
    let out = target_dir.join("connector");
    std::fs::create_dir_all(&out).map_err(PackagingError::io("create", &out))?;
    let path = out.join(format!("{name}.wasm"));
    std::fs::write(&path, &component).map_err(PackagingError::io("write", &path))?;
    Ok(Built {
        path,
        component,
        schema_renewed: renewed,
    })
}

/// Runs cargo in `folder`, with its files in `target_dir`. A `Cargo.lock` is kept to.
///
/// # Errors
/// [`PackagingError::Tool`] if there is no cargo or it fails.
pub fn compile(folder: &Path, target_dir: &Path) -> Result<(), PackagingError> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--target", TARGET]);
    if folder.join("Cargo.lock").is_file() {
        cargo.arg("--locked");
    }
    let status = cargo
        .arg("--target-dir")
        .arg(target_dir)
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .map_err(|error| PackagingError::Tool {
            what: format!("cargo could not be run: {error}"),
            hint: "install Rust from https://rustup.rs".to_owned(),
        })?;
    if status.success() {
        return Ok(());
    }
    Err(PackagingError::Tool {
        what: format!("{} does not build", folder.display()),
        hint: "correct what cargo says above; if it says that the lock file needs to be updated, run: cargo update --workspace".to_owned(),
    })
}

/// The compiler's files for WebAssembly, added by rustup if it may.
///
/// # Errors
/// [`PackagingError::Tool`] with the command to run.
pub fn require_target() -> Result<(), PackagingError> {
    let missing = |what: String| PackagingError::Tool {
        what,
        hint: format!("run: rustup target add {TARGET}"),
    };
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .map_err(|error| missing(format!("rustc could not be run: {error}")))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim().to_owned());
    if asked.status.success() && folder.is_dir() {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status();
    match added {
        Ok(status) if status.success() => Ok(()),
        _ => Err(missing(format!("the Rust target {TARGET} is missing"))),
    }
}

/// `name` in the section `[package]`; enough of TOML for that.
fn package_name(path: &Path) -> Result<String, PackagingError> {
    let text = std::fs::read_to_string(path).map_err(PackagingError::io("read", path))?;
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[package]";
        }
        let value = line
            .strip_prefix("name")
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix('='));
        if let (true, Some(value)) = (inside, value) {
            return Ok(value.trim().trim_matches('"').to_owned());
        }
    }
    Err(PackagingError::invalid(format!(
        "{} names no package",
        path.display()
    )))
}
