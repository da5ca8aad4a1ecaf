//! Client certificates and authorities of one's own, against rustls on the other side.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tributary_host::{Connection, EgressPolicy};
use tributary_model::document::ConnectionDocument;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::get;
use crate::wire::{Seen, converse, reply};

pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

pub(crate) fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key, PEM.
pub(crate) fn issued(by: &Authority, name: &str) -> (String, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.signed_by(&key, by).unwrap().pem(), key)
}

/// A server that asks for a certificate of `clients`; answers its port and what it saw.
async fn server(own: &Authority, clients: &Authority) -> (u16, Arc<Mutex<Vec<Seen>>>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut roots = RootCertStore::empty();
    roots.add(clients.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = params.signed_by(&key, own).unwrap().der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::<Mutex<Vec<Seen>>>::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, log) = (acceptor.clone(), Arc::clone(&log));
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    converse(stream, log, Arc::new(|_: &Seen| reply(200, "{}"))).await;
                }
            });
        }
    });
    (port, seen)
}

fn connect(port: u16, tls: Value, secrets: Value) -> Result<Connection, Problem> {
    let document: ConnectionDocument = serde_json::from_value(json!({
        "name": "api", "connector": "rest",
        "endpoint": {"kind": "http", "base_url": format!("https://localhost:{port}/"), "tls": tls},
        "secrets": secrets,
    }))
    .unwrap();
    let allow = vec![format!("localhost:{port}")];
    Connection::new(&document, &EgressPolicy { allow })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_opens_the_door_and_a_wrong_one_does_not() {
    let (ours, theirs) = (authority(), authority());
    let (port, seen) = server(&theirs, &ours).await;
    let (good, key) = issued(&ours, "tributary");
    let secrets = |certificate: &str, key: &KeyPair| json!({"client_certificate": certificate, "client_private_key": key.serialize_pem()});
    let tls = json!({"trust": [theirs.pem()], "client_certificate": true});
    let connection = connect(port, tls.clone(), secrets(&good, &key)).unwrap();
    assert_eq!(connection.send(get("x", &[])).await.unwrap().status, 200);
    assert_eq!(seen.lock().unwrap().len(), 1);

    let (foreign, foreign_key) = issued(&theirs, "tributary");
    let no_certificate = json!({"trust": [theirs.pem()]});
    for (tls, secrets) in [
        (tls.clone(), secrets(&foreign, &foreign_key)),
        (no_certificate, json!({})),
    ] {
        let connection = connect(port, tls, secrets).unwrap();
        let mut error = connection.send(get("x", &[])).await.unwrap_err();
        // with TLS 1.3 the refusal comes after the client's side of the handshake: a connection that is
        // found closed before the alert was read says only that it broke
        for _ in 0..20 {
            if error.problem.code != ErrorCode::ConnectionUnreachable {
                break;
            }
            error = connection.send(get("x", &[])).await.unwrap_err();
        }
        assert_eq!(error.problem.code, ErrorCode::ConnectionAuth, "{error}");
        assert!(
            error.problem.detail.contains("client certificate"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("PRIVATE KEY"));
    }
    // another authority than the one that was named
    let other = json!({"trust": [ours.pem()], "client_certificate": true});
    let error = connect(port, other, secrets(&good, &key)).unwrap();
    let error = error.send(get("x", &[])).await.unwrap_err();
    assert_eq!(
        (error.problem.code, error.sent),
        (ErrorCode::ConnectionUnreachable, false)
    );
    assert_eq!(seen.lock().unwrap().len(), 1, "nothing more came through");
}

#[tokio::test(flavor = "multi_thread")]
async fn pem_that_does_not_fit_is_named_and_not_shown() {
    let ours = authority();
    let (good, key) = issued(&ours, "tributary");
    let key = key.serialize_pem();
    let (_, other_key) = issued(&ours, "other");
    let with = json!({"client_certificate": true});
    let pem = |certificate: &str, key: &str| json!({"client_certificate": certificate, "client_private_key": key});
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----";
    for (place, tls, secrets) in [
        (
            "/endpoint/tls/trust/0",
            json!({"trust": ["no pem"]}),
            json!({}),
        ),
        ("/secrets/client_certificate", with.clone(), json!({})),
        (
            "/secrets/client_private_key",
            with.clone(),
            json!({"client_certificate": good}),
        ),
        (
            "/secrets/client_certificate",
            with.clone(),
            pem("no pem", &key),
        ),
        (
            "/secrets/client_private_key",
            with.clone(),
            pem(&good, "no pem"),
        ),
        (
            "/secrets/client_private_key",
            with.clone(),
            pem(&good, locked),
        ),
        (
            "/secrets/client_private_key",
            with.clone(),
            pem(&good, &other_key.serialize_pem()),
        ),
    ] {
        let problem = connect(1, tls, secrets)
            .err()
            .unwrap_or_else(|| panic!("{place}"));
        assert_eq!(problem.pointer.as_deref(), Some(place), "{problem}");
        let inside = key.lines().nth(1).unwrap();
        assert!(!format!("{problem:?}").contains(inside), "{problem:?}");
    }
}
