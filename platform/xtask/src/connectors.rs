//! Builds the connectors of `connectors/` to components: cargo to core wasm, wit-component to a
//! component without WASI, `connector.json` into its custom section. Skipped while nothing that
//! goes in has changed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

const TARGET: &str = "wasm32-unknown-unknown";
const MANIFEST_SECTION: &str = "tributary:manifest";
const NAMESPACE: &str = "tributary:connector/";

/// Builds every connector of the repository `repo` with cargo's files in `target_dir` and answers
/// `out/<name>.wasm` for each, sorted by name.
///
/// # Errors
/// A build that fails, a manifest that can't be read, an import outside the contract.
pub(crate) fn build(repo: &Path, target_dir: &Path, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let workspace = repo.join("connectors");
    let names = connector_names(&workspace)?;
    let components: Vec<PathBuf> = names
        .iter()
        .map(|name| out.join(format!("{name}.wasm")))
        .collect();
    let inputs = fingerprint(repo)?;
    let mark = out.join("inputs");
    let unchanged = std::fs::read_to_string(&mark).is_ok_and(|seen| seen == inputs);
    if unchanged && components.iter().all(|path| path.is_file()) {
        return Ok(components);
    }
    add_target()?;
    compile(&workspace, target_dir)?;
    std::fs::create_dir_all(out)?;
    for (name, path) in names.iter().zip(&components) {
        let core = format!(
            "{}.wasm",
            format!("tributary-connector-{name}").replace('-', "_")
        );
        let core = target_dir.join(TARGET).join("release").join(core);
        let component = encode(&core, &workspace.join(name).join("connector.json"))
            .with_context(|| format!("connector {name}"))?;
        std::fs::write(path, component)?;
    }
    std::fs::write(mark, inputs)?;
    Ok(components)
}

/// The folders with a `connector.json`.
fn connector_names(workspace: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(workspace)? {
        let entry = entry?;
        if entry.path().join("connector.json").is_file() {
            names.insert(entry.file_name().to_string_lossy().into_owned());
        }
    }
    ensure!(
        !names.is_empty(),
        "no connector found in {}",
        workspace.display()
    );
    Ok(names)
}

/// rustup may not add the target by itself, so it is asked to.
fn add_target() -> anyhow::Result<()> {
    let installed = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("rustc")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&installed.stdout).trim().to_owned());
    if installed.status.success() && folder.is_dir() {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status();
    match added {
        Ok(status) if status.success() => Ok(()),
        _ => bail!("the Rust target {TARGET} is missing; run: rustup target add {TARGET}"),
    }
}

fn compile(workspace: &Path, target_dir: &Path) -> anyhow::Result<()> {
    let status = Command::new("cargo")
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(target_dir)
        .current_dir(workspace)
        .env_remove("CARGO_TARGET_DIR")
        .status()
        .context("cargo")?;
    ensure!(status.success(), "the connectors do not build");
    Ok(())
}

/// Core wasm and manifest to a component.
pub(crate) fn encode(core: &Path, manifest: &Path) -> anyhow::Result<Vec<u8>> {
    let module = std::fs::read(core).with_context(|| core.display().to_string())?;
    let mut component = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&module)?
        .encode()?;
    check_imports(&component)?;
    let text = std::fs::read(manifest).with_context(|| manifest.display().to_string())?;
    let json: serde_json::Value = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not JSON", manifest.display()))?;
    append_section(
        &mut component,
        MANIFEST_SECTION,
        &serde_json::to_vec(&json)?,
    );
    Ok(component)
}

/// Zero WASI: only interfaces of the contract.
fn check_imports(component: &[u8]) -> anyhow::Result<()> {
    let decoded = wit_component::decode(component)?;
    let wit_component::DecodedWasm::Component(resolve, world) = decoded else {
        bail!("the encoder gave no component");
    };
    let world = resolve
        .worlds
        .get(world)
        .context("the component has no world")?;
    for key in world.imports.keys() {
        let name = resolve.name_world_key(key);
        ensure!(
            name.starts_with(NAMESPACE),
            "it imports {name:?}; connectors import only {NAMESPACE}…"
        );
    }
    Ok(())
}

/// Puts a custom section at the end; it may stand anywhere between sections.
pub(crate) fn append_section(component: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut payload = Vec::new();
    leb128(&mut payload, name.len());
    payload.extend_from_slice(name.as_bytes());
    payload.extend_from_slice(data);
    component.push(0);
    leb128(component, payload.len());
    component.extend_from_slice(&payload);
}

pub(crate) fn leb128(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or(0);
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Changes with every file that goes into a connector, and with the compiler.
fn fingerprint(repo: &Path) -> anyhow::Result<String> {
    let mut files = BTreeSet::new();
    for folder in ["connectors", "sdk/rust", "sdk/wit"] {
        collect(&repo.join(folder), &mut files)?;
    }
    let compiler = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let mut hasher = DefaultHasher::new();
    compiler.stdout.hash(&mut hasher);
    for file in files {
        file.strip_prefix(repo).unwrap_or(&file).hash(&mut hasher);
        std::fs::read(&file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name() != Some(OsStr::new("target")) {
                collect(&path, files)?;
            }
        } else {
            files.insert(path);
        }
    }
    Ok(())
}
