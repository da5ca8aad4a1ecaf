//! Who may import whom. The rules are the two tables of `platform/ARCHITECTURE.md` ("Code map"
//! and "Who may name what"), the facts come from `cargo metadata`: page and code cannot drift
//! apart, and a new edge between crates is a visible change of the page.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::repository::{assert_none, cargo, root};

/// One row of the code map.
struct CrateRule {
    imports: BTreeSet<String>,
    /// further imports of its tests and benches
    tests_import: BTreeSet<String>,
}

/// What the page allows.
struct Rules {
    crates: BTreeMap<String, CrateRule>,
    /// library → the only crates that may name it
    libraries: BTreeMap<String, BTreeSet<String>>,
}

/// One direct dependency of a crate of `platform/`.
struct Edge {
    from: String,
    to: String,
    /// of ours: `to` is a folder below `platform/` or `tests/`
    ours: bool,
    for_tests: bool,
}

#[test]
fn crates_import_only_what_the_code_map_allows() {
    let page = std::fs::read_to_string(root().join("platform/ARCHITECTURE.md")).unwrap();
    let rules = parse(&page);
    let metadata = metadata();
    let crates = platform_crates(&metadata);
    assert!(crates.len() >= 12, "found only {crates:?}");
    assert!(rules.libraries.len() >= 5, "the library table is gone");
    let mut faults = name_faults(&rules, &crates);
    faults.extend(edge_faults(&rules, &edges(&metadata)));
    assert_none("architecture", &faults);
}

#[test]
fn a_forbidden_edge_a_missing_row_and_a_leaked_library_are_found() {
    let rules = parse(
        "| crate | is | may import of ours | its tests also |\n|---|---|---|---|\n\
         | `model` | types | — | — |\n| `api` | http | `model` | `store` |\n| `ghost` | - | — | — |\n\
         | library | only in |\n|---|---|\n| `sqlx` | `store` |\n",
    );
    let crates = ["model", "api", "common"].map(str::to_owned).into();
    let faults = name_faults(&rules, &crates).join("\n");
    assert!(faults.contains("`ghost` is in ARCHITECTURE.md but not in platform/"));
    assert!(faults.contains("`common` is in platform/ but not in ARCHITECTURE.md"));
    assert!(faults.contains("`common` is a name for what has no owner"));

    let edge = |from: &str, to: &str, ours, for_tests| Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        ours,
        for_tests,
    };
    let good = [
        edge("api", "model", true, false),
        edge("api", "store", true, true),
        edge("store", "sqlx", false, false),
        edge("api", "serde", false, false),
    ];
    assert_eq!(edge_faults(&rules, &good), Vec::<String>::new());
    for bad in [
        edge("api", "store", true, false),
        edge("model", "api", true, false),
        edge("model", "api", true, true),
        edge("api", "sqlx", false, false),
    ] {
        assert_eq!(edge_faults(&rules, &[bad]).len(), 1);
    }
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .cargo_path(cargo())
        .current_dir(root())
        .no_deps()
        .other_options(["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap()
}

/// Reads every table row of the page; the number of columns tells the table.
fn parse(page: &str) -> Rules {
    let mut rules = Rules {
        crates: BTreeMap::new(),
        libraries: BTreeMap::new(),
    };
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        match cells.as_slice() {
            [name, _, imports, tests_import] => {
                let rule = CrateRule {
                    imports: code_words(imports),
                    tests_import: code_words(tests_import),
                };
                for name in code_words(name) {
                    rules.crates.insert(
                        name,
                        CrateRule {
                            imports: rule.imports.clone(),
                            tests_import: rule.tests_import.clone(),
                        },
                    );
                }
            }
            [libraries, owners] => {
                for library in code_words(libraries) {
                    rules.libraries.insert(library, code_words(owners));
                }
            }
            _ => {}
        }
    }
    rules
}

/// The words between back-ticks.
fn code_words(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The folder of a crate, which is the name that the page uses.
fn folder(package: &Package) -> String {
    let folder = package.manifest_path.parent().unwrap();
    folder.file_name().unwrap().to_owned()
}

fn is_platform(package: &Package) -> bool {
    package
        .manifest_path
        .parent()
        .and_then(|folder| folder.parent())
        .is_some_and(|parent| parent == root().join("platform"))
}

fn platform_crates(metadata: &Metadata) -> BTreeSet<String> {
    let packages = metadata.packages.iter().filter(|p| is_platform(p));
    packages.map(folder).collect()
}

fn edges(metadata: &Metadata) -> Vec<Edge> {
    let mut edges = Vec::new();
    for package in metadata.packages.iter().filter(|p| is_platform(p)) {
        for dependency in &package.dependencies {
            let to = match &dependency.path {
                Some(path) => path.file_name().unwrap().to_owned(),
                None => dependency.name.clone(),
            };
            edges.push(Edge {
                from: folder(package),
                to,
                ours: dependency.path.is_some(),
                for_tests: dependency.kind == DependencyKind::Development,
            });
        }
    }
    edges
}

fn name_faults(rules: &Rules, crates: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for name in rules.crates.keys().filter(|name| !crates.contains(*name)) {
        faults.push(format!(
            "`{name}` is in ARCHITECTURE.md but not in platform/"
        ));
    }
    for name in crates {
        if !rules.crates.contains_key(name) {
            faults.push(format!(
                "`{name}` is in platform/ but not in ARCHITECTURE.md"
            ));
        }
        if ["common", "core", "shared", "util", "utils", "misc"].contains(&name.as_str()) {
            faults.push(format!(
                "`{name}` is a name for what has no owner; a helper lives with its owner, a shared type in `model`"
            ));
        }
    }
    faults
}

fn edge_faults(rules: &Rules, edges: &[Edge]) -> Vec<String> {
    let mut faults = Vec::new();
    for Edge {
        from,
        to,
        ours,
        for_tests,
    } in edges
    {
        if *ours {
            let allowed = rules.crates.get(from).is_some_and(|rule| {
                rule.imports.contains(to) || (*for_tests && rule.tests_import.contains(to))
            });
            if !allowed {
                let what = if *for_tests { "the tests of " } else { "" };
                faults.push(format!(
                    "{what}`{from}` may not import `{to}`: its row in ARCHITECTURE.md does not list it"
                ));
            }
        } else if !*for_tests
            && let Some(owners) = rules.libraries.get(to)
            && !owners.contains(from)
        {
            faults.push(format!(
                "`{from}` may not name the library `{to}`: only {owners:?} may"
            ));
        }
    }
    faults
}
