//! What the platform changes on an SFTP server, against OpenSSH where it can be had: files that were read
//! are put aside or removed, files that it writes appear whole.

use std::path::Path;

use serde_json::{Value, json};
use tributary_tests::rest::Rest;

use crate::theatre::Theatre;

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Acme's connection with other settings, its secrets given again.
async fn connect(
    theatre: &Theatre,
    rest: &Rest,
    name: &str,
    change: impl FnOnce(&mut Value),
) -> anyhow::Result<()> {
    let mut document = rest.get("/tenants/acme/connections/files").await?;
    document["name"] = json!(name);
    document["secrets"] = json!({"password": theatre.stage.variables["ACME_SFTP_PASSWORD"]});
    change(&mut document);
    rest.put(&format!("/tenants/acme/connections/{name}"), &document)
        .await?;
    Ok(())
}

async fn run(rest: &Rest, integration: &str) -> anyhow::Result<Value> {
    let id = rest.start_run("acme", integration).await?;
    rest.finished("acme", &id, 120).await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_read_are_put_aside_or_removed() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let folder = theatre.files.root().join("outgoing");
    let all = names(&folder)?;
    theatre.files.give("outgoing")?;
    connect(&theatre, &rest, "files", |document| {
        document["config"]["after"] = json!("archive");
        document["config"]["archive_folder"] = json!("/outgoing/done/2026");
    })
    .await?;
    let first = run(&rest, "order-tax").await?;
    assert_eq!(first["state"], "completed_with_errors", "{first}");
    assert!(names(&folder)?.is_empty(), "{:?}", names(&folder)?);
    assert_eq!(names(&folder.join("done/2026"))?, all);
    let second = run(&rest, "order-tax").await?;
    assert_eq!(
        (&second["state"], &second["counters"]["read"]),
        (&json!("succeeded"), &json!(0))
    );

    // the same names come again: what lies aside is not replaced, and the run says so
    let name = all.first().map(String::as_str).unwrap_or_default();
    let bytes = std::fs::read(folder.join("done/2026").join(name))?;
    theatre.files.put(&format!("outgoing/{name}"), &bytes)?;
    theatre.files.give("outgoing")?;
    let third = run(&rest, "order-tax").await?;
    let aside = std::fs::read(folder.join("done/2026").join(name))?;
    assert_eq!(aside, bytes);
    assert_eq!(
        third["counters"]["delivered"], 0,
        "the same records: {third}"
    );

    connect(&theatre, &rest, "files", |document| {
        document["config"]["after"] = json!("delete");
        document["config"]
            .as_object_mut()
            .map(|config| config.remove("archive_folder"));
    })
    .await?;
    let mut changed = bytes;
    changed.extend_from_slice(b"\r\n");
    theatre.files.put(&format!("outgoing/{name}"), &changed)?;
    theatre.files.give("outgoing")?;
    let fourth = run(&rest, "order-tax").await?;
    assert!(fourth["counters"]["read"].as_u64() > Some(0), "{fourth}");
    assert!(
        !names(&folder)?.contains(&name.to_owned()),
        "{:?}",
        names(&folder)?
    );
    Ok(())
}

/// Acme's orders as files on its own server, in `incoming/tax`.
async fn order_files() -> anyhow::Result<(Theatre, Rest)> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    theatre.stage.install_connectors(&["files-target"])?;
    std::fs::create_dir_all(theatre.files.root().join("incoming"))?;
    theatre.files.give("incoming")?;
    connect(&theatre, &rest, "out", |document| {
        document["connector"] = json!("files-target");
        document["config"] = json!({"folder": "/incoming/tax", "name": "tax"});
    })
    .await?;
    let mut integration = rest.get("/tenants/acme/integrations/order-tax").await?;
    integration["name"] = json!("order-files");
    integration["target"] = json!({"connection": "out"});
    rest.put("/tenants/acme/integrations/order-files", &integration)
        .await?;
    Ok((theatre, rest))
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_written_appear_whole_and_alone() -> anyhow::Result<()> {
    let (theatre, rest) = order_files().await?;
    let written = run(&rest, "order-files").await?;
    let id = written["id"].as_str().unwrap_or_default();
    let delivered = written["counters"]["delivered"]
        .as_u64()
        .unwrap_or_default();
    assert!(delivered > 2_000, "{written}");
    let folder = theatre.files.root().join("incoming/tax");
    let manifest = std::fs::read(folder.join(format!("tax-manifest-{id}.json")))?;
    let manifest: Value = serde_json::from_slice(&manifest)?;
    assert_eq!(manifest["rows"], json!(delivered), "{manifest}");
    let mut rows = 0;
    let mut expected = vec![format!("tax-manifest-{id}.json")];
    for file in manifest["files"].as_array().into_iter().flatten() {
        let path = file["file"].as_str().unwrap_or_default();
        let text =
            std::fs::read_to_string(theatre.files.root().join(path.trim_start_matches('/')))?;
        rows += text.lines().count() as u64;
        expected.push(path.rsplit('/').next().unwrap_or_default().to_owned());
    }
    assert_eq!(rows, delivered);
    expected.sort();
    assert_eq!(names(&folder)?, expected, "no part of a file is left over");
    Ok(())
}

/// The run's manifest in `incoming/tax`, if it left one.
fn manifest(theatre: &Theatre, run: &Value) -> anyhow::Result<Option<Value>> {
    let id = run["id"].as_str().unwrap_or_default();
    let folder = theatre.files.root().join("incoming/tax");
    match std::fs::read(folder.join(format!("tax-manifest-{id}.json"))) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What was written is named, also where a part could not be read; a run that a rule stopped wrote nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_names_what_was_written_and_a_stopped_run_leaves_none() -> anyhow::Result<()> {
    let (theatre, rest) = order_files().await?;
    let mut mapping = rest
        .get("/tenants/acme/mappings/order-lines-to-tax")
        .await?;
    mapping["name"] = json!("ruled");
    let rule =
        json!({ "id": "enough", "scope": "run", "severity": "fail", "check": "read >= 100000" });
    match mapping["quality"].as_array_mut() {
        Some(rules) => rules.push(rule),
        None => mapping["quality"] = json!([rule]),
    }
    rest.put("/tenants/acme/mappings/ruled", &mapping).await?;
    let mut integration = rest.get("/tenants/acme/integrations/order-files").await?;
    integration["name"] = json!("ruled-files");
    integration["mapping"] = json!("ruled");
    rest.put("/tenants/acme/integrations/ruled-files", &integration)
        .await?;
    let stopped = run(&rest, "ruled-files").await?;
    assert_eq!(stopped["state"], "failed", "{stopped}");
    assert_eq!(manifest(&theatre, &stopped)?, None);

    let odd = "outgoing/orders-2026-10-odd.csv";
    theatre.files.put(odd, b"who;knows\r\n1;2\r\n")?;
    theatre.files.give("outgoing")?;
    let partly = run(&rest, "order-files").await?;
    assert_eq!(partly["state"], "failed", "{partly}");
    assert_eq!(partly["failed_parts"].as_array().map_or(0, Vec::len), 1);
    let told = manifest(&theatre, &partly)?.unwrap_or_default();
    assert_eq!(told["rows"], partly["counters"]["delivered"], "{told}");
    assert!(told["rows"].as_u64() > Some(2_000), "{told}");
    Ok(())
}
