//! TLS, trust and certificates of such a connection; its steps; what is refused before anything is dialled.

use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tributary_host::{CheckStep, EgressPolicy};
use tributary_model::error_code::ErrorCode;

use super::server::{Manner, Scales, tls};
use super::{call, load, read};
use crate::credentials::certificate::{authority, issued};
use crate::support::{context, host};

fn told(steps: &[CheckStep]) -> String {
    let words = steps.iter().map(|step| match step.ok {
        true => step.name.clone(),
        false => format!("{}!", step.name),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn shown(certificate: &str, key: &KeyPair) -> Value {
    json!({"client_certificate": certificate, "client_private_key": key.serialize_pem()})
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_an_authority_of_ones_own_and_a_client_certificate() {
    let (ours, theirs) = (authority(), authority());
    let server = Scales::start(
        4,
        Manner::Answers,
        Some(tls(&theirs, "localhost", Some(&ours))),
    )
    .await;
    let (host, connector) = load(&[server.place()]).await;
    let (good, key) = issued(&ours, "tributary");
    let with = json!({"trust": [theirs.pem()], "client_certificate": true});
    let known = call(&host, server.port, with.clone(), shown(&good, &key)).unwrap();
    assert_eq!(told(&known.connection.probe().await), "dns connect tls");
    assert_eq!(read(&connector, &known, None).await.rows(), 4);

    // a certificate of somebody else, and none
    let (foreign, foreign_key) = issued(&theirs, "tributary");
    let without = json!({"trust": [theirs.pem()]});
    for (tls, secrets) in [(with, shown(&foreign, &foreign_key)), (without, json!({}))] {
        let shows = tls.get("client_certificate").is_some();
        let call = call(&host, server.port, tls, secrets).unwrap();
        if shows {
            let steps = call.connection.probe().await;
            assert_eq!(told(&steps), "dns connect tls!", "{steps:?}");
        }
        let problem = connector.check(&call, &json!({})).await.unwrap_err();
        // with TLS 1.3 the refusal may be lost when the server closes
        let codes = [ErrorCode::ConnectionAuth, ErrorCode::ConnectionUnreachable];
        assert!(codes.contains(&problem.code), "{problem}");
        assert!(
            !format!("{problem:?}").contains("PRIVATE KEY"),
            "{problem:?}"
        );
    }
    assert!(server.is_left().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_believed_hears_nothing() {
    let (theirs, other) = (authority(), authority());
    let server = Scales::start(4, Manner::Answers, Some(tls(&theirs, "scales.test", None))).await;
    let (host, connector) = load(&[server.place()]).await;
    for (tls, good) in [
        (
            json!({"trust": [other.pem()], "server_name": "scales.test"}),
            false,
        ),
        (json!({"trust": [theirs.pem()]}), false),
        (
            json!({"trust": [theirs.pem()], "server_name": "scales.test"}),
            true,
        ),
    ] {
        let call = call(&host, server.port, tls.clone(), json!({})).unwrap();
        let steps = call.connection.probe().await;
        let checked = connector.check(&call, &json!({})).await;
        if good {
            assert_eq!(told(&steps), "dns connect tls");
            assert!(checked.unwrap()[0].ok);
            continue;
        }
        assert_eq!(told(&steps), "dns connect tls!", "{tls}");
        let problem = checked.unwrap_err();
        assert_eq!(problem.code, ErrorCode::ConnectionAuth, "{problem}");
        assert_eq!(problem.pointer.as_deref(), Some("/endpoint/tls"));
    }
    assert!(server.is_left().await);
}

/// TLS to a server without it, and nobody there at all.
#[tokio::test(flavor = "multi_thread")]
async fn steps_name_what_is_to_be_mended() {
    let server = Scales::start(1, Manner::Answers, None).await;
    let (host, connector) = load(&[server.place()]).await;
    let clear = call(&host, server.port, json!({"mode": "off"}), json!({})).unwrap();
    assert_eq!(told(&clear.connection.probe().await), "dns connect");
    let protected = call(&host, server.port, json!({}), json!({})).unwrap();
    let steps = protected.connection.probe().await;
    assert_eq!(told(&steps), "dns connect tls!", "{steps:?}");
    connector.check(&protected, &json!({})).await.unwrap_err();

    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = gone.local_addr().unwrap().port();
    drop(gone);
    let (host, _) = load(&[format!("localhost:{port}")]).await;
    let nobody = call(&host, port, json!({"mode": "off"}), json!({})).unwrap();
    assert_eq!(told(&nobody.connection.probe().await), "dns connect!");
    let (strict, connector) = load(&[]).await;
    let inside = call(&strict, port, json!({}), json!({})).unwrap();
    assert_eq!(told(&inside.connection.probe().await), "egress!");
    let problem = connector.check(&inside, &json!({})).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectionRefused, "{problem}");
}

#[test]
fn what_does_not_fit_is_refused_at_its_place() {
    let ours = authority();
    let (good, key) = issued(&ours, "tributary");
    let (_, other_key) = issued(&ours, "other");
    let host = host(&[]);
    for (place, tls, secrets) in [
        ("/endpoint/tls/mode", json!({"mode": "off"}), json!({})),
        (
            "/endpoint/tls/trust/0",
            json!({"trust": ["no pem"]}),
            json!({}),
        ),
        (
            "/endpoint/tls/server_name",
            json!({"server_name": "a b"}),
            json!({}),
        ),
        (
            "/endpoint/tls/client_certificate",
            json!({"mode": "off", "client_certificate": true}),
            shown(&good, &key),
        ),
        (
            "/secrets/client_certificate",
            json!({"client_certificate": true}),
            json!({}),
        ),
        (
            "/secrets/client_private_key",
            json!({"client_certificate": true}),
            shown(&good, &other_key),
        ),
    ] {
        let problem = call(&host, 9100, tls, secrets).unwrap_err();
        assert_eq!(problem.pointer.as_deref(), Some(place), "{problem}");
        assert_eq!(problem.code, ErrorCode::ConfigInvalid);
    }
    for (name, port) in [("", 1), ("a/b", 1), ("u@h", 1), ("h", 0)] {
        let document = json!({"name": "scales", "connector": "lines",
            "endpoint": {"kind": "tcp", "host": name, "port": port}});
        let problem = context(document, &EgressPolicy::default()).unwrap_err();
        assert_eq!(problem.code, ErrorCode::ConfigInvalid, "{name} {port}");
    }
}
