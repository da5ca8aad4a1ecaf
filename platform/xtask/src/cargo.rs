//! Where things are and how cargo is called. Everything but xtask itself is built in a target
//! folder in the user's cache, so that several clones share the compiled dependencies.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The lints of a whole workspace, a warning being an error.
pub(crate) const CLIPPY: [&str; 7] = [
    "clippy",
    "--locked",
    "--workspace",
    "--all-targets",
    "--",
    "-D",
    "warnings",
];

/// The checkout and its build folder.
pub(crate) struct Repo {
    /// the checkout
    pub(crate) root: PathBuf,
    /// the shared target folder
    pub(crate) target: PathBuf,
}

/// Which of cargo's profiles to build.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

impl Repo {
    /// The repository this xtask was built from.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .canonicalize()
            .context("could not find the checkout that this xtask was built from")?;
        let target = target_folder()?;
        forget_other_checkouts(&target, &root)?;
        Ok(Self { root, target })
    }

    /// A command `cargo …` in the checkout, with the shared target folder.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env_remove("RUSTFLAGS");
        command
    }

    /// Builds the programs and gives their folder. They are copied out of the target folder,
    /// which other clones share.
    pub(crate) fn programs(&self, profile: Profile) -> anyhow::Result<PathBuf> {
        // The whole workspace, so that features (and with them the compiled dependencies) are
        // the same as for the tests.
        let mut command = self.cargo(&["build", "--locked", "--workspace", "--bins"]);
        if profile == Profile::Release {
            command.arg("--release");
        }
        step("building the programs (the first time takes a quarter to half an hour on two cores)");
        run(&mut command)?;
        let built = self.target.join(profile.folder());
        let own = self.root.join("target/programs").join(profile.folder());
        std::fs::create_dir_all(&own)?;
        for name in ["tributary", "tributary-counterparts", "bench-end-to-end"] {
            replace(&built.join(name), &own.join(name))?;
        }
        Ok(own)
    }

    /// Builds the connectors to components and gives their paths.
    pub(crate) fn connectors(&self) -> anyhow::Result<Vec<PathBuf>> {
        step("building the connectors to WebAssembly components");
        crate::connectors::build(&self.root, &self.target, &self.connectors_folder())
    }

    /// Where built components lie.
    pub(crate) fn connectors_folder(&self) -> PathBuf {
        self.root.join("target/connectors")
    }
}

/// Makes cargo build our own crates anew if another checkout was the last to use the target folder.
/// Cargo would take what that one built for its own wherever it is newer than this one's files: it
/// knows workspace members by their place in the workspace, and changes by time. Compiled
/// dependencies stay.
fn forget_other_checkouts(target: &Path, root: &Path) -> anyhow::Result<()> {
    let sign = target.join("checkout");
    let now = root.to_string_lossy().into_owned();
    if std::fs::read_to_string(&sign).is_ok_and(|last| last == now) {
        return Ok(());
    }
    std::fs::create_dir_all(target)?;
    forget_our_crates(target, FINGERPRINT_DEPTH)?;
    std::fs::write(&sign, now)?;
    Ok(())
}

/// Folders between the target folder and cargo's fingerprints: `fuzz/TRIPLE/debug/.fingerprint`.
const FINGERPRINT_DEPTH: usize = 4;

fn forget_our_crates(folder: &Path, depth: usize) -> anyhow::Result<()> {
    let ours = |name: &str| name.starts_with("tributary") || name.starts_with("xtask");
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_dir() {
            continue;
        }
        if folder.ends_with(".fingerprint") && ours(&name) {
            std::fs::remove_dir_all(entry.path())?;
        } else if depth > 0 && !folder.ends_with(".fingerprint") {
            forget_our_crates(&entry.path(), depth.saturating_sub(1))?;
        }
    }
    Ok(())
}

/// Copies beside the destination and renames, so that a running program is not written over.
fn replace(from: &Path, to: &Path) -> anyhow::Result<()> {
    let fresh = to.with_extension("new");
    std::fs::copy(from, &fresh)
        .with_context(|| format!("could not copy {} to {}", from.display(), fresh.display()))?;
    std::fs::rename(&fresh, to)?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a chore has no configuration but the caller's environment"
)]
fn target_folder() -> anyhow::Result<PathBuf> {
    if let Some(given) = std::env::var_os("CARGO_TARGET_DIR") {
        return Ok(PathBuf::from(given));
    }
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set; set CARGO_TARGET_DIR")?;
    Ok(cache.join("tributary/target"))
}

/// Runs a command, showing its output; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("could not start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Tells what happens now.
pub(crate) fn step(text: &str) {
    eprintln!("\u{25b8} {text}");
}
