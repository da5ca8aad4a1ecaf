//! A store that checks signatures, if one is to be had: `TRIBUTARY_TEST_S3="URL ACCESS SECRET"` names
//! it (recipe for Ceph's radosgw: counterparts of the reference). moto, which the other tests
//! use, checks none.

use bytes::Bytes;
use serde_json::json;
use tributary_host::{HttpRequest, Selection};
use tributary_model::error_code::ErrorCode;

use super::document;
use crate::support::{Sink, context, load};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a store: set TRIBUTARY_TEST_S3"]
async fn a_store_that_checks_signatures_agrees() {
    #[expect(
        clippy::disallowed_methods,
        reason = "no configuration: a test's switch"
    )]
    let Ok(words) = std::env::var("TRIBUTARY_TEST_S3") else {
        println!("skipped: TRIBUTARY_TEST_S3 is not set");
        return;
    };
    let mut words = words.split(' ');
    let mut word = || words.next().unwrap();
    let (url, access, secret) = (word(), word(), word());
    let place = url.trim_start_matches("http://").to_owned();
    let (host, connector) = load("s3", std::slice::from_ref(&place)).await;
    let with = |secret: &str| {
        let mut document = document(url);
        document["endpoint"]["auth"]["access_key_id"] = json!(access);
        document["secrets"]["secret_access_key"] = json!(secret);
        context(document, host.egress()).unwrap()
    };
    let call = with(secret);
    let put = |path: &str, body: Bytes| HttpRequest {
        method: "PUT".to_owned(),
        path: path.to_owned(),
        body: Some(body),
        ..HttpRequest::default()
    };
    // Names that a signature and a URL spell differently if anybody is careless.
    let name = "out/Größe (1)+a=b&c'd*~!$,;:@ %2e%2E.csv";
    let body = Bytes::from_static(b"nr\r\n1\r\n2\r\n");
    for (path, body) in [
        (name, body),
        ("out/large.bin", Bytes::from(vec![7; 20 << 20])),
    ] {
        let answer = call.connection.send(put(path, body)).await.unwrap();
        assert_eq!(answer.status, 201, "{path}: {:?}", answer.headers);
    }
    let config = json!({"stream": "orders", "folder": "out", "pattern": "*.csv", "after": "archive",
        "archive_folder": "dönè"});
    let selection = Selection {
        stream: "orders".to_owned(),
        incremental: true,
        ..Selection::default()
    };
    let plan = connector.plan(&call, &config, &selection).await.unwrap();
    assert_eq!(plan.partitions[0]["key"], json!(name));
    let read = Selection {
        partition: Some(plan.partitions[0].clone()),
        ..selection.clone()
    };
    let mut sink = Sink::default();
    connector
        .read(&call, &config, &read, &mut sink)
        .await
        .unwrap();
    assert_eq!(sink.rows(), 2);
    let plan = connector.plan(&call, &config, &selection).await.unwrap();
    assert!(plan.partitions.is_empty(), "{plan:?}");

    let refused = connector.plan(&with("wrong"), &config, &selection).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ConnectionAuth);
}
