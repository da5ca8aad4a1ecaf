//! The connector `files-target` against an SFTP server and a bucket: batches become files, whole and
//! once, and the last word of a run names them.

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_counterparts::sftp;
use tributary_host::{
    CallContext, Connector, HttpRequest, HttpResponse, Outcome, TargetBatch, TargetCall, Written,
};

use tributary_model::detail::Detail;

use crate::support::{SECRET, context, load};

const ROWS: &str = "{\"nr\": \"007\", \"amount\": 1.10}\n{\"nr\": \"Mü;ller\", \"amount\": 2}\n";

fn keys(first: u32) -> Vec<String> {
    (first..first + 2)
        .map(|number| format!("{number:032}{}", "k".repeat(20)))
        .collect()
}

async fn send(call: &CallContext, target_call: &TargetCall) -> HttpResponse {
    let request = HttpRequest {
        method: target_call.method.clone(),
        path: target_call.path.clone(),
        body: Some(target_call.body.clone()),
        ..HttpRequest::default()
    };
    call.connection.send(request).await.unwrap()
}

/// Delivers one batch and answers the file's path and what was said of it.
async fn deliver(
    connector: &Arc<Connector>,
    call: &CallContext,
    config: &Value,
    keys: &[String],
) -> (String, Detail) {
    let batch = TargetBatch {
        stream: "tax",
        ndjson: ROWS.as_bytes(),
        rows: 2,
        keys,
    };
    let calls = connector.prepare(call, config, batch).await.unwrap();
    assert_eq!(calls.len(), 1);
    let answer = send(call, &calls[0]).await;
    let outcomes = connector
        .settle(call, config, &calls[0], &answer)
        .await
        .unwrap();
    assert_eq!(outcomes.len(), 2);
    match &outcomes[1].outcome {
        Outcome::Delivered {
            external_id,
            detail,
        } => (external_id.clone().unwrap(), detail.clone().unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_become_files_on_an_sftp_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = sftp::start(sftp::Config {
        port: 0,
        root: folder.path().to_owned(),
        user: "acme".to_owned(),
        password: SECRET.to_owned(),
        host_key: None,
    })
    .await
    .unwrap();
    let (host, connector) = load("files-target", &[server.address.to_string()]).await;
    let document = json!({
        "name": "out", "connector": "files-target",
        "endpoint": {"kind": "sftp", "host": "127.0.0.1", "port": server.address.port(),
            "user": "acme", "host_keys": [server.host_key]},
        "secrets": {"password": SECRET},
    });
    let call = context(document, host.egress()).unwrap();
    let config =
        json!({"folder": "/out/tax", "name": "orders", "format": "csv", "csv": {"delimiter": ";"}});
    let steps = connector.check(&call, &config).await.unwrap();
    assert!(
        steps.len() == 1 && steps.iter().all(|step| step.ok),
        "{steps:?}"
    );

    let (path, detail) = deliver(&connector, &call, &config, &keys(0)).await;
    assert_eq!(path, format!("/out/tax/orders-{:032}.csv", 0));
    let file = folder.path().join(path.trim_start_matches('/'));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "nr;amount\r\n007;1.10\r\n\"Mü;ller\";2\r\n");
    // Sent again, as after a lost answer: the same file, and nothing beside it.
    let (again, same) = deliver(&connector, &call, &config, &keys(0)).await;
    assert_eq!((again, &same), (path, &detail));
    let (_, _) = deliver(&connector, &call, &config, &keys(2)).await;
    let names = || {
        let entries = std::fs::read_dir(file.parent().unwrap()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    // No part of a file is left over either.
    assert_eq!(
        names(),
        [
            format!("orders-{:032}.csv", 0),
            format!("orders-{:032}.csv", 2)
        ]
    );

    // A place that cannot be written to is no record's fault.
    std::fs::write(folder.path().join("file"), b"").unwrap();
    let blocked = json!({"folder": "/file/below"});
    let batch = TargetBatch {
        stream: "tax",
        ndjson: b"{}\n",
        rows: 1,
        keys: &keys(0)[..1],
    };
    let calls = connector.prepare(&call, &blocked, batch).await.unwrap();
    let request = HttpRequest {
        method: "PUT".to_owned(),
        path: calls[0].path.clone(),
        body: Some(calls[0].body.clone()),
        ..HttpRequest::default()
    };
    assert!(call.connection.send(request).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_become_objects_in_a_bucket_and_a_manifest_names_them() {
    let server = crate::s3::server().await;
    let (host, connector) = load("files-target", &[server.address.to_string()]).await;
    let mut document = crate::s3::document(&server.url());
    document["connector"] = json!("files-target");
    let call = context(document, host.egress()).unwrap();
    let config = json!({"folder": "out", "name": "orders"});
    let mut written = Vec::new();
    for first in [0, 2] {
        let (path, detail) = deliver(&connector, &call, &config, &keys(first)).await;
        let object = server.get(&format!("/acme/erp/{path}")).await.unwrap();
        assert_eq!(object, ROWS.as_bytes());
        written.push(Written {
            external_id: path,
            rows: 2,
            detail: Some(detail),
        });
    }
    assert!(connector.concludes());
    let documents = connector
        .conclude(&call, &config, "run_1", &written)
        .await
        .unwrap();
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0].path, "out/orders-manifest-run_1.json");
    let manifest: Value = serde_json::from_slice(&documents[0].content).unwrap();
    assert_eq!(
        (&manifest["rows"], &manifest["files"][1]["rows"]),
        (&json!(4), &json!(2))
    );
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, ROWS.as_bytes());
    let digest = data_encoding::HEXLOWER.encode(digest.as_ref());
    assert_eq!(manifest["files"][0]["sha256"], json!(digest));
}
