//! What we may depend on, by `deny.toml`: with cargo-deny where it is installed, and always by
//! the essential part of it here, over `cargo tree` (what is really built) and `Cargo.lock`.
//!
//! Deliberately absent: a skip. Without cargo-deny the same file is applied, only without its
//! look into the licence texts.

use cargo_metadata::semver::{Version, VersionReq};
use serde::Deserialize;

use crate::licences;
use crate::repository::{assert_none, cargo, root, run};

/// The part of `deny.toml` that is applied here.
#[derive(Deserialize)]
struct Rules {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    name: String,
    #[serde(default = "any_version")]
    version: VersionReq,
    reason: String,
}

fn any_version() -> VersionReq {
    VersionReq::STAR
}

/// One crate that is built.
struct Built {
    name: String,
    version: Version,
    licence: String,
}

#[test]
fn dependencies_keep_to_deny_toml() {
    let rules = rules();
    assert!(rules.bans.deny.len() >= 12 && rules.licenses.allow.len() >= 5);
    let built = built();
    assert!(built.len() > 200, "cargo tree named only {}", built.len());
    let mut faults = rule_faults(&rules, &built);
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    faults.extend(source_faults(&lock));
    assert_none("deny.toml", &faults);
}

#[test]
fn cargo_deny_agrees_where_it_is_installed() {
    let installed = std::process::Command::new(cargo())
        .args(["deny", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if installed {
        let checks = ["deny", "--offline", "check", "licenses", "bans", "sources"];
        run(&cargo(), &checks);
    } else {
        // the test above has applied deny.toml; say which way it was
        let mut error = std::io::stderr();
        let note = b"cargo-deny is not installed: deny.toml was applied by this test itself\n";
        std::io::Write::write_all(&mut error, note).unwrap();
    }
}

#[test]
fn a_banned_crate_an_old_version_a_licence_and_a_source_are_found() {
    let rules = rules();
    let crate_of = |name: &str, version: &str, licence: &str| Built {
        name: name.to_owned(),
        version: Version::parse(version).unwrap(),
        licence: licence.to_owned(),
    };
    let good = [
        crate_of("rustls", "0.23.46", "Apache-2.0 OR ISC OR MIT"),
        crate_of("serde", "1.0.0", "MIT OR Apache-2.0"),
    ];
    assert_eq!(rule_faults(&rules, &good), Vec::<String>::new());
    for bad in [
        crate_of("openssl-sys", "0.9.0", "MIT"),
        crate_of("native-tls", "0.2.0", "MIT"),
        crate_of("ring", "0.17.14", "MIT"),
        crate_of("webpki", "0.22.0", "ISC"),
        crate_of("rustls", "0.23.44", "MIT"),
        crate_of("rustls", "0.21.12", "MIT"),
        crate_of("jsonwebtoken", "9.3.1", "MIT"),
        crate_of("wasmtime", "47.0.0", "MIT"),
        crate_of("x", "1.0.0", "GPL-3.0-only"),
        crate_of("x", "1.0.0", ""),
    ] {
        assert_eq!(rule_faults(&rules, &[bad]).len(), 1);
    }
    assert_eq!(
        source_faults("source = \"git+https://x.example/y#1\"\n").len(),
        1
    );
    assert_eq!(
        source_faults("source = \"registry+https://x.example/y\"\n").len(),
        1
    );
}

fn rules() -> Rules {
    toml::from_str(&std::fs::read_to_string(root().join("deny.toml")).unwrap()).unwrap()
}

/// Every crate that is built for this machine, with its licence, from `cargo tree`: unlike
/// Cargo.lock and `cargo metadata` it leaves out optional dependencies that nobody switched on.
fn built() -> Vec<Built> {
    let tree = run(
        &cargo(),
        &[
            "tree",
            "--offline",
            "--locked",
            "--workspace",
            "--edges=normal,build,dev",
            "--prefix=none",
            "--no-dedupe",
            "--format={p}|{l}",
        ],
    );
    let mut lines: Vec<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.into_iter().map(built_line).collect()
}

/// `serde v1.0.228|MIT OR Apache-2.0`; `{p}` may go on with a path or `(proc-macro)`.
fn built_line(line: &str) -> Built {
    let (package, licence) = line.split_once('|').unwrap();
    let mut words = package.split(' ');
    let name = words.next().unwrap().to_owned();
    let version = words.next().unwrap().trim_start_matches('v');
    Built {
        name,
        version: Version::parse(version).unwrap(),
        licence: licence.to_owned(),
    }
}

fn rule_faults(rules: &Rules, built: &[Built]) -> Vec<String> {
    let mut faults = Vec::new();
    for Built {
        name,
        version,
        licence,
    } in built
    {
        for ban in rules.bans.deny.iter().filter(|ban| &ban.name == name) {
            if ban.version.matches(version) {
                faults.push(format!("{name} {version} is banned: {}", ban.reason));
            }
        }
        if !licences::allowed(licence, &rules.licenses.allow) {
            faults.push(format!(
                "{name} {version} has the licence {licence:?}, which is not allowed"
            ));
        }
    }
    faults
}

/// Every crate comes from crates.io.
fn source_faults(lock: &str) -> Vec<String> {
    let expected = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    lock.lines()
        .filter(|line| line.starts_with("source = ") && *line != expected)
        .map(|line| format!("Cargo.lock: {line} is not crates.io"))
        .collect()
}
