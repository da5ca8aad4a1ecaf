//! Both layouts by the same cases: what was published comes back, and nothing else does.

use std::path::PathBuf;

use super::*;

fn release(version: &str, bytes: &[u8]) -> Release {
    Release {
        name: "erp".to_owned(),
        version: version.to_owned(),
        digest: sha256(bytes),
        size: bytes.len() as u64,
        publisher: Some("acme".to_owned()),
    }
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

fn fault<T: std::fmt::Debug>(result: Result<T, PackagingError>) -> String {
    result.unwrap_err().to_string()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn a_release_comes_back_as_it_was_and_never_changes() {
    for layout in [Layout::Folder, Layout::Oci] {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().join("registry");
        for version in ["0.9.0", "0.10.0", "0.2.0"] {
            let bytes = version.as_bytes();
            assert!(publish(&root, layout, bytes, &release(version, bytes)).unwrap());
        }
        assert!(!publish(&root, layout, b"0.9.0", &release("0.9.0", b"0.9.0")).unwrap());
        let (newest, bytes) = fetch(&root, &reference("erp")).unwrap();
        assert_eq!(
            (newest, bytes),
            (release("0.10.0", b"0.10.0"), b"0.10.0".to_vec())
        );
        let (_, old) = fetch(&root, &reference("erp@0.2.0")).unwrap();
        assert_eq!(old, b"0.2.0");
        let other = publish(&root, layout, b"x", &release("0.9.0", b"x"));
        assert!(fault(other).contains("published with other bytes"));
        let missing = fault(fetch(&root, &reference("erp@1.0.0")));
        assert!(
            missing.contains("it has: erp@0.2.0, erp@0.9.0, erp@0.10.0"),
            "{missing}"
        );
        let (wrong, right) = match layout {
            Layout::Folder => (Layout::Oci, "Folder"),
            Layout::Oci => (Layout::Folder, "Oci"),
        };
        let mixed = fault(publish(&root, wrong, b"y", &release("2.0.0", b"y")));
        assert!(mixed.contains(right), "{mixed}");
    }
}

/// Every file of the registry is altered in turn: never does anything but the published bytes come out.
#[test]
fn an_altered_registry_gives_an_error_or_the_published_bytes() {
    for layout in [Layout::Folder, Layout::Oci] {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().to_owned();
        publish(&root, layout, b"component", &release("1.0.0", b"component")).unwrap();
        let mut found = Vec::new();
        files(&root, &mut found);
        assert!(found.len() >= 2, "{found:?}");
        let mut refused = 0;
        for path in &found {
            let good = std::fs::read(path).unwrap();
            for place in 0..good.len() {
                let mut bad = good.clone();
                bad[place] ^= 0x20;
                std::fs::write(path, &bad).unwrap();
                match fetch(&root, &reference("erp@1.0.0")) {
                    Ok((_, bytes)) => assert_eq!(bytes, b"component", "{} {place}", path.display()),
                    Err(_) => refused += 1,
                }
            }
            std::fs::write(path, &good).unwrap();
        }
        assert!(
            refused > 40,
            "{layout:?}: only {refused} alterations were noticed"
        );
        assert!(fetch(&root, &reference("erp")).is_ok());
    }
}

#[test]
fn names_of_other_hands_lead_nowhere() {
    for text in ["../x", "erp@../1", "erp@1.0.0/..", "", "erp@", "ERP/x"] {
        assert!(text.parse::<Reference>().is_err(), "{text:?}");
    }
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    std::fs::write(root.join("oci-layout"), "{}").unwrap();
    let index = r#"{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:../../../etc/passwd"}]}"#;
    std::fs::write(root.join("index.json"), index).unwrap();
    assert!(fault(releases(root)).contains("no SHA-256 digest"));
}
