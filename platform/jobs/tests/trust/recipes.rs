//! How a connector describes the credentials of its API is read when its component comes: what could not be used,
//! or would be more than a description, is not installed.

use serde_json::{Value, json};
use tributary_jobs::admit;
use tributary_model::error_code::ErrorCode;

use crate::Bed;
use crate::component::{manifest, unsigned};

fn described(auth: &Value) -> Vec<u8> {
    let mut manifest = manifest("erp", "1.0.0");
    manifest["connection"]["auth"] = auth.clone();
    unsigned(&manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_that_cannot_be_used_is_not_installed() {
    let bed = Bed::start().await;
    bed.trust(json!({"unsigned": "operator"})).await;
    let good = json!({
        "kind": "hmac", "template": "{method}\n{path}", "headers": {"X-Signature": "{key_id} {signature}"},
    });
    admit(&bed.services, &described(&good)).await.unwrap();
    let with = |name: &str, value: Value| {
        let mut auth = good.clone();
        auth[name] = value;
        auth
    };
    for (auth, word) in [
        (
            with("template", json!("{method} {secret}")),
            "there is no field {secret}",
        ),
        (
            with("headers", json!({"X-Signature": "fixed"})),
            "no header carries",
        ),
        (
            with("headers", json!({"Host": "{signature}"})),
            "by the platform alone",
        ),
        (with("key_id", json!("k1")), "key_id is the connection's"),
        (with("signing_key", json!("s")), "unknown field"),
        (with("algorithm", json!("md5")), "unknown variant"),
        (json!({"kind": "hmac"}), "describes nothing"),
        (json!({"kind": "bearer"}), "unknown variant"),
    ] {
        let problem = admit(&bed.services, &described(&auth)).await.unwrap_err();
        assert_eq!(
            problem.code,
            ErrorCode::ConnectorInvalid,
            "{auth}: {problem}"
        );
        assert!(problem.detail.contains(word), "{auth}: {problem}");
    }
    // a connection that speaks no HTTP has no such credentials
    let mut files = manifest("erp", "1.0.0");
    files["connection"] = json!({"label": "api", "kind": "sftp", "auth": good});
    let problem = admit(&bed.services, &unsigned(&files)).await.unwrap_err();
    assert!(problem.detail.contains("kind http"), "{problem}");
}
