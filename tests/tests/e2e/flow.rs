//! A tenant of a test's own: connections, a mapping and an integration put over the API, then runs.

use serde_json::{Value, json};
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

/// The tenant; its documents are put by the tests.
pub(crate) const TENANT: &str = "initech";

/// Starts the server with these connectors and an empty tenant.
pub(crate) async fn open(stage: &mut Stage, connectors: &[&str]) -> anyhow::Result<Rest> {
    stage.server.start()?;
    let rest = stage.server.ready().await?;
    stage.install_connectors(connectors)?;
    let folder = stage.dir.path().join(TENANT);
    std::fs::create_dir_all(&folder)?;
    let tenant = json!({ "name": TENANT, "title": "Initech" });
    std::fs::write(folder.join("tenant.json"), tenant.to_string())?;
    stage.apply(&folder)?;
    Ok(rest)
}

/// Puts a document of the tenant.
pub(crate) async fn put(
    rest: &Rest,
    kind: &str,
    name: &str,
    document: &Value,
) -> anyhow::Result<()> {
    rest.put(&format!("/tenants/{TENANT}/{kind}/{name}"), document)
        .await?;
    Ok(())
}

/// A connection with a bearer token.
pub(crate) fn bearer(
    connector: &str,
    name: &str,
    (url, token): (&str, &str),
    config: &Value,
) -> Value {
    json!({
        "name": name, "connector": connector,
        "endpoint": { "kind": "http", "base_url": url, "auth": { "kind": "bearer" } },
        "secrets": { "token": token }, "config": config,
    })
}

/// Runs the integration to its end, anything but an error of the harness is an answer.
pub(crate) async fn run(rest: &Rest, integration: &str, mode: &str) -> anyhow::Result<Value> {
    let body = json!({ "integration": integration, "mode": mode });
    let run = rest.post(&format!("/tenants/{TENANT}/runs"), &body).await?;
    let id = run["id"].as_str().unwrap_or_default();
    rest.finished(TENANT, id, 180).await
}

/// What a check of a connection answers, as one text.
pub(crate) async fn checked(rest: &Rest, connection: &str) -> anyhow::Result<String> {
    let path = format!("/tenants/{TENANT}/connections/{connection}/check");
    let (status, answer) = rest.call(reqwest::Method::POST, &path, None).await?;
    Ok(format!("{status} {answer}"))
}
