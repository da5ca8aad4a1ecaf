//! What is recorded can be played, and holds no secret.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use serde_json::json;
use tributary_conformance::{Player, Recorder};
use tributary_host::{Connection, EgressPolicy, HttpRequest, OtherSide as _};
use tributary_model::document::ConnectionDocument;

const SECRET: &str = "s3cret-of-the-connection";

/// Answers every request with what it was sent, token included.
fn echo() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            let heard = String::from_utf8_lossy(&request[..length]);
            assert!(heard.contains(SECRET), "the server got the credential");
            let body = json!({
                "you_sent": heard, "access_token": "another-one", "next_page_token": "p2", "amount": 1.5,
            });
            let body = body.to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-api-key: {SECRET}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .unwrap();
        }
    });
    place
}

#[tokio::test]
async fn a_recording_plays_and_holds_no_secret() {
    let place = echo();
    let document: ConnectionDocument = serde_json::from_value(json!({
        "name": "api", "connector": "x",
        "endpoint": {"kind": "http", "base_url": format!("http://{place}/"), "auth": {"kind": "bearer"}},
        "secrets": {"token": SECRET},
    }))
    .unwrap();
    let egress = EgressPolicy { allow: vec![place] };
    let real = Arc::new(Connection::new(&document, &egress).unwrap());
    let recorder = Recorder::new(real, vec![SECRET.to_owned()], 42);
    let request = HttpRequest {
        method: "GET".to_owned(),
        path: "orders".to_owned(),
        query: vec![("page".to_owned(), "1".to_owned())],
        ..HttpRequest::default()
    };
    recorder.send(request.clone()).await.unwrap();
    let cassette = recorder.cassette();
    let text = serde_json::to_string(&cassette).unwrap();
    assert!(
        !text.contains(SECRET) && !text.contains("another-one"),
        "{text}"
    );
    assert!(
        text.contains("p2") && text.contains("\\\"amount\\\":1.5"),
        "{text}"
    );
    assert_eq!((cassette.http.len(), cassette.recorded_at_ms), (1, 42));

    let player = Player::new(Arc::new(cassette));
    let played = player.send(request.clone()).await.unwrap();
    assert_eq!(played.status, 200);
    assert!(String::from_utf8_lossy(&played.body).contains("p2"));
    let mut other = request;
    other.query.clear();
    assert!(player.send(other).await.is_err());
    assert_eq!(player.misses(), ["GET orders"]);
}
