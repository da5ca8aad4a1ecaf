//! How files look: short, headed, finished, clean, and free of what belongs to one machine.
//! (The length of functions is clippy's `too_many_lines` with 70.)

use crate::repository::{SourceFile, assert_none, files, root};

const MOST_LINES: usize = 500;

/// Names for a place without an owner.
const HOMELESS: [&str; 5] = ["common", "util", "utils", "misc", "helpers"];

#[test]
fn files_are_tidy() {
    let files = files();
    let rust = files.iter().filter(|f| f.extension() == "rs").count();
    assert!(rust > 10, "found only {rust} Rust files");
    let faults: Vec<String> = files.iter().flat_map(file_faults).collect();
    assert_none("tidy", &faults);
}

#[test]
fn every_dependency_says_why_and_crates_take_it_from_the_table() {
    let manifests: Vec<SourceFile> = files()
        .into_iter()
        .filter(|file| file.path.ends_with("Cargo.toml"))
        .collect();
    assert!(manifests.len() > 10);
    let mut faults = Vec::new();
    for manifest in &manifests {
        faults.extend(table_faults(manifest));
        // connectors, guest kits, fuzz targets and the benches' peers are workspaces of their own
        let ours = ["platform/", "tests/"]
            .iter()
            .any(|folder| manifest.path.starts_with(folder));
        if ours && !manifest.text.contains("[workspace]\n") {
            faults.extend(member_faults(manifest));
        }
    }
    assert_none("dependency table", &faults);
}

#[test]
fn links_between_pages_lead_somewhere() {
    let pages: Vec<SourceFile> = files()
        .into_iter()
        .filter(|file| file.extension() == "md")
        .collect();
    let faults: Vec<String> = pages
        .iter()
        .flat_map(|page| link_faults(page, |path| root().join(path).exists()))
        .collect();
    assert_none("links", &faults);
}

fn file_faults(file: &SourceFile) -> Vec<String> {
    let mut faults = Vec::new();
    let path = &file.path;
    if file.extension() == "rs" {
        let lines = file.text.lines().count();
        if lines > MOST_LINES {
            faults.push(format!(
                "{path}: {lines} lines, at most {MOST_LINES}; split it by what it does"
            ));
        }
        if !file.text.starts_with("//!") {
            faults.push(format!(
                "{path}:1: starts without `//!` (what for, invariants, what is absent)"
            ));
        }
        let parts = path.trim_end_matches(".rs").split('/');
        for part in parts.filter(|part| HOMELESS.contains(part)) {
            faults.push(format!(
                "{path}: `{part}` is a name for what has no owner; move it to its owner"
            ));
        }
    }
    let code = ["rs", "toml", "wit", "sql", "ts", "tsx", "js", "py", "css"];
    let text = ["md", "html"];
    if code.contains(&file.extension()) || text.contains(&file.extension()) {
        if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
            faults.push(format!("{path}: must end with exactly one newline"));
        }
        for (number, line) in (1..).zip(file.text.lines()) {
            if line.ends_with([' ', '\t', '\r']) {
                faults.push(format!(
                    "{path}:{number}: white space at the end of the line"
                ));
            }
            let unfinished = unfinished_word(line);
            if code.contains(&file.extension())
                && let Some(word) = unfinished
            {
                faults.push(format!(
                    "{path}:{number}: {word}; finish it, or write an issue and say so in words"
                ));
            }
        }
    }
    faults.extend(machine_faults(file));
    faults
}

/// Marks of unfinished work. Written in two parts, so that this file passes its own rule.
fn unfinished_word(line: &str) -> Option<String> {
    [
        ("TO", "DO"),
        ("FIX", "ME"),
        ("XX", "X:"),
        ("HA", "CK:"),
        ("dbg", "!("),
        ("todo", "!("),
        ("unimplemented", "!("),
    ]
    .into_iter()
    .map(|(head, tail)| format!("{head}{tail}"))
    .find(|word| line.contains(word.as_str()))
}

/// Paths and hosts of one machine. A lock file or a tool's configuration may name the public
/// registries only; a mirror's address is nobody else's business and breaks their build.
fn machine_faults(file: &SourceFile) -> Vec<String> {
    let homes = [
        ("/ro", "ot/"),
        ("/home", "/"),
        ("/Users", "/"),
        ("/work", "/main"),
        ("/work", "/wt"),
        ("/work", "/shared"),
        ("/tmp", "/brief"),
    ]
    .map(|(head, tail)| format!("{head}{tail}"));
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        if let Some(home) = homes.iter().find(|home| names_path(line, home)) {
            faults.push(format!(
                "{}:{number}: names a path of a machine ({home}…)",
                file.path
            ));
        }
        if is_registry_configuration(&file.path)
            && names_a_source(line)
            && let Some(host) = hosts(line).find(|host| !is_public_registry(host))
        {
            faults.push(format!(
                "{}:{number}: names the registry host {host}",
                file.path
            ));
        }
    }
    faults
}

/// Whether `line` has `path` where a path starts, not inside a longer one like `x/home/y`.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|head| head.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.~}".contains(c))
    })
}

fn is_registry_configuration(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.ends_with(".lock")
        || [
            "package-lock.json",
            "npm-shrinkwrap.json",
            "pnpm-lock.yaml",
            ".npmrc",
            ".yarnrc",
            "pip.conf",
            "requirements.txt",
            "pyproject.toml",
        ]
        .contains(&name)
        || path.contains(".cargo/")
}

fn hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).map(|rest| {
        let end = rest.find(['/', '"', '\'', ' ', '>', ')']);
        end.and_then(|end| rest.get(..end)).unwrap_or(rest)
    })
}

/// Whether the line says where packages come from (lock files also name pages of authors).
fn names_a_source(line: &str) -> bool {
    ["resolved", "source", "registry", "index", "url = "]
        .iter()
        .any(|word| line.contains(word))
}

fn is_public_registry(host: &str) -> bool {
    [
        "github.com",
        "crates.io",
        "registry.npmjs.org",
        "pypi.org",
        "files.pythonhosted.org",
    ]
    .contains(&host)
}

/// Relative links of a page, `[text](path)`, whose path does not exist.
fn link_faults(page: &SourceFile, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(page.text.lines()) {
        for rest in line.split("](").skip(1) {
            let link = rest.split(')').next().unwrap_or_default();
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains(':') || path.contains(['(', '"', '*', '<']) {
                continue;
            }
            let joined = format!("{folder}/{path}");
            if !exists(joined.trim_start_matches('/')) {
                faults.push(format!("{}:{number}: {link} leads nowhere", page.path));
            }
        }
    }
    faults
}

/// Lines of `[workspace.dependencies]` that are not ours must carry `# why`.
fn table_faults(manifest: &SourceFile) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, line) in section_lines(&manifest.text, |name| name == "workspace.dependencies") {
        let Some((name, value)) = line.split_once(" = ") else {
            continue;
        };
        let why = value.rsplit_once("# ").map_or("", |(_, why)| why.trim());
        if !name.starts_with("tributary-") && why.len() < 8 {
            faults.push(format!(
                "{}:{number}: `{name}` has no comment that says what it is for",
                manifest.path
            ));
        }
    }
    faults
}

/// Versions live in the workspace's table, lints in the workspace.
fn member_faults(manifest: &SourceFile) -> Vec<String> {
    let mut faults = Vec::new();
    let is_dependencies = |name: &str| name.ends_with("dependencies");
    for (number, line) in section_lines(&manifest.text, is_dependencies) {
        if line.contains('=') && !line.contains("workspace = true") {
            faults.push(format!(
                "{}:{number}: `{line}` has a version of its own; put it into the workspace's table",
                manifest.path
            ));
        }
    }
    if !manifest.text.contains("[lints]\nworkspace = true\n") {
        faults.push(format!(
            "{}: without `[lints] workspace = true`",
            manifest.path
        ));
    }
    faults
}

/// Numbered, non-empty lines of the sections whose name `wanted` takes.
fn section_lines(text: &str, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            inside = wanted(name);
            return false;
        }
        inside && !line.trim().is_empty() && !line.starts_with('#')
    })
}

#[test]
fn each_fault_is_found() {
    let file = |path: &str, text: String| SourceFile {
        path: path.to_owned(),
        text,
    };
    let good = file("a/src/x.rs", "//! Head.\nfn f() {}\n".to_owned());
    assert_eq!(file_faults(&good), Vec::<String>::new());
    let bad = [
        file("a/x.rs", format!("//! Head.\n{}", "\n".repeat(500)) + "x\n"),
        file("a/x.rs", "fn f() {}\n".to_owned()),
        file("a/utils/x.rs", "//! Head.\n".to_owned()),
        file("a/common.rs", "//! Head.\n".to_owned()),
        file("a/x.md", "two spaces  \n".to_owned()),
        file("a/x.md", "no newline".to_owned()),
        file("a/x.md", "two newlines\n\n".to_owned()),
        file("a/x.toml", format!("# TO{}: later\n", "DO")),
        file("a/x.rs", format!("//! H.\nfn f() {{ dbg{}1) }}\n", "!(")),
        file("a/x.json", format!("\"/home{}me/x\"\n", "/")),
        file(
            "a/Cargo.lock",
            "source = \"https://mirror.local/index\"\n".to_owned(),
        ),
    ];
    for broken in &bad {
        assert_eq!(file_faults(broken).len(), 1, "{}", broken.text);
    }
    let page = file(
        "a/x.md",
        "[one](y.md#part) [two](gone.md) [out](https://x.org)\n".to_owned(),
    );
    assert_eq!(link_faults(&page, |path| path == "a/y.md").len(), 1);
    let table =
        "[workspace.dependencies]\ntributary-x = { path = \"x\" }\na = \"1\" # reads letters\n";
    let good = file("Cargo.toml", table.to_owned());
    assert_eq!(table_faults(&good), Vec::<String>::new());
    assert_eq!(
        table_faults(&file("Cargo.toml", table.to_owned() + "b = \"1\"\n")).len(),
        1
    );
    let member = "[lints]\nworkspace = true\n\n[dependencies]\na.workspace = true\n";
    let good = file("platform/x/Cargo.toml", member.to_owned());
    assert_eq!(member_faults(&good), Vec::<String>::new());
    let versioned = file("platform/x/Cargo.toml", member.to_owned() + "b = \"1\"\n");
    assert_eq!(member_faults(&versioned).len(), 1);
    let unlinted = file("platform/x/Cargo.toml", "[dependencies]\n".to_owned());
    assert_eq!(member_faults(&unlinted).len(), 1);
}
