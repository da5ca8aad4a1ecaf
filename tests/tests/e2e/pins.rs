//! An integration pins the bytes of its connectors: others are not run, whether they were installed in their
//! place or put there behind the platform's back.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reqwest::Method;
use serde_json::json;

use crate::theatre::Theatre;

/// A component with a custom section more: other bytes that do the same.
fn rebuilt(component: &[u8]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    bytes.extend_from_slice(&[0, 6, 5]);
    bytes.extend_from_slice(b"extra");
    bytes
}

fn found(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|is| is == name) {
                return Ok(path);
            }
        }
    }
    anyhow::bail!("there is no file {name}")
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_bytes_of_a_pinned_connector_are_not_run() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let cli = |words: &[&str]| theatre.stage.cli(words);
    let (pinned, shown, said) = cli(&["integration", "pin", "acme", "order-tax"])?;
    assert!(
        pinned && shown.matches("pinned").count() == 2,
        "{shown}{said}"
    );
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 120).await?;
    assert!(run["counters"]["delivered"].as_u64() > Some(0), "{run}");

    // other bytes under the same name and version
    let original = std::fs::read(theatre.stage.programs.connectors.join("sftp.wasm"))?;
    let file = theatre.stage.dir.path().join("sftp.wasm");
    std::fs::write(&file, rebuilt(&original))?;
    let (installed, _, said) = cli(&["connector", "install", &file.to_string_lossy()])?;
    assert!(installed, "{said}");
    let body = json!({"integration": "order-tax"});
    let (status, problem) = rest
        .call(Method::POST, "/tenants/acme/runs", Some(&body))
        .await?;
    assert_eq!(problem["code"], "connector_changed", "{status} {problem}");
    let (_, shown, _) = cli(&["integration", "pins", "acme", "order-tax"])?;
    assert!(shown.contains("not installed"), "{shown}");
    // the pin is moved, and the new bytes run
    let (moved, shown, said) = cli(&["integration", "pin", "acme", "order-tax"])?;
    assert!(moved && said.contains("was pinned to"), "{shown}{said}");
    let id = rest.start_run("acme", "order-tax").await?;
    rest.finished("acme", &id, 120).await?;

    // and after the check somebody puts the old ones where the new ones lie
    let document = rest.get("/tenants/acme/integrations/order-tax").await?;
    let digest = document["source"]["connector_digest"].as_str();
    let digest = digest.context("the pin is stored as a digest")?;
    let stored = found(theatre.stage.dir.path(), &format!("{digest}.wasm"))?;
    std::fs::write(&stored, &original)?;
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 120).await?;
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(run["problem"]["code"], "connector_invalid", "{run}");
    Ok(())
}
