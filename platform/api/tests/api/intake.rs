//! What customers send: files and records, each stored before it is told so, and once.

use std::fs;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tributary_model::role::Role;

use crate::harness::{Answer, Api, Call, document_of, slug};

const FILE: &str = "/api/v1/tenants/acme/uploads/inbox/Auftr%C3%A4ge%201.csv";
const LIST: &str = "/api/v1/tenants/acme/uploads/inbox";
const RECORDS: &str = "/api/v1/tenants/acme/integrations/feed/records";

fn send(api: &Api, path: &str, body: &[u8]) -> Call {
    Call::new(Method::PUT, path)
        .body("application/octet-stream", body.to_vec())
        .bearer(&api.token(Role::Ingest, "acme"))
}

fn push(api: &Api, path: &str, key: &str, body: &str) -> Call {
    Call::new(Method::POST, path)
        .header("idempotency-key", key)
        .body("application/x-ndjson", body.as_bytes().to_vec())
        .bearer(&api.token(Role::Ingest, "acme"))
}

/// Objects of the lake whose path has this word.
fn objects(api: &Api, word: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false => found.push(path),
            }
        }
    }
    let mut found = Vec::new();
    walk(&api.folder.path().join("lake"), &mut found);
    found.retain(|path| path.to_string_lossy().contains(word));
    found.sort();
    found
}

/// Waits for what is cleaned up behind an answer.
async fn until_objects(api: &Api, word: &str, count: usize) {
    for _ in 0..200 {
        if objects(api, word).len() == count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("not {count} objects: {:?}", objects(api, word));
}

fn refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.json()["code"], code, "{}", answer.text());
}

#[tokio::test]
async fn a_file_is_kept_once_per_content_and_numbered_per_name() {
    let api = Api::start().await;
    let first = api.call(send(&api, FILE, b"a;b\n1;2\n")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let made = first.json();
    assert_eq!(
        (&made["outcome"], &made["version"]),
        (&json!("created"), &json!(1))
    );
    assert_eq!(made["name"], "Aufträge 1.csv");
    assert_eq!(
        (&made["bytes"], &made["state"]),
        (&json!(8), &json!("ready"))
    );
    assert_eq!(made["sent_by"], "acme-ingest");
    until_objects(&api, "upload=inbox", 1).await;
    let sealed = fs::read(&objects(&api, "upload=inbox")[0]).unwrap();
    assert!(!sealed.windows(3).any(|part| part == b"a;b"), "sealed");

    let again = api.call(send(&api, FILE, b"a;b\n1;2\n")).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json()["outcome"], "unchanged");
    assert_eq!(again.json()["id"], made["id"]);
    until_objects(&api, "upload=inbox", 1).await;

    let next = api.ok(send(&api, FILE, b"a;b\n3;4\n")).await.json();
    assert_eq!(
        (&next["outcome"], &next["version"]),
        (&json!("replaced"), &json!(2))
    );
    let viewer = api.token(Role::CustomerViewer, "acme");
    let list = api.ok(Call::get(LIST).bearer(&viewer)).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["id"], next["id"]);
    // another tenant's connection of the same name has nothing
    let globex = Call::get("/api/v1/tenants/globex/uploads/inbox").bearer(&api.engineer("globex"));
    assert_eq!(api.ok(globex).await.json()["items"], json!([]));

    let admin = api.token(Role::CustomerAdmin, "acme");
    let delete = || Call::new(Method::DELETE, FILE).bearer(&admin);
    assert_eq!(api.call(delete()).await.status, StatusCode::NO_CONTENT);
    until_objects(&api, "upload=inbox", 0).await;
    refused(
        &api.call(delete()).await,
        StatusCode::NOT_FOUND,
        "not_found",
    );
    let gone = Call::get(&format!("{LIST}?state=ready")).bearer(&viewer);
    assert_eq!(api.ok(gone).await.json()["items"], json!([]));
    let back = api.call(send(&api, FILE, b"a;b\n3;4\n")).await;
    assert_eq!(back.status, StatusCode::CREATED, "{}", back.text());
    assert_eq!(back.json()["version"], 3);
}

#[tokio::test]
async fn a_file_that_is_not_what_was_announced_leaves_nothing() {
    let api = Api::start().await;
    let digest = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";
    let good = send(&api, &format!("{FILE}?sha256={digest}"), b"data");
    assert_eq!(api.ok(good).await.json()["sha256"], digest);
    let other = format!("{LIST}/other.csv");
    let cut = send(&api, &format!("{other}?sha256={digest}"), b"dat");
    refused(
        &api.call(cut).await,
        StatusCode::BAD_REQUEST,
        "request_invalid",
    );
    for bad in ["x", "3a6e", &"0".repeat(65)] {
        let answer = api
            .call(send(&api, &format!("{other}?sha256={bad}"), b"d"))
            .await;
        refused(&answer, StatusCode::BAD_REQUEST, "request_invalid");
    }
    // the names that a path cannot have
    for bad in ["..%2Fx", "a%5Cb", ".hidden", "a%00b"] {
        let answer = api.call(send(&api, &format!("{LIST}/{bad}"), b"d")).await;
        refused(&answer, StatusCode::BAD_REQUEST, "request_invalid");
    }
    let shop = send(&api, "/api/v1/tenants/acme/uploads/shop/a.csv", b"d");
    refused(
        &api.call(shop).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "config_invalid",
    );
    until_objects(&api, "upload=", 1).await;
}

#[tokio::test]
async fn a_long_file_comes_as_a_stream_and_has_a_limit() {
    let mut api = Api::start().await;
    api.state.limits.upload_bytes = 10 << 20;
    api.router = tributary_api::router(api.state.clone());
    let part = Bytes::from(vec![b'x'; 1 << 20]);
    // without a length, as one who streams does not know it
    let streamed = |parts: usize, breaks: bool| {
        let chunks = (0..parts).map(|_| Ok::<_, std::io::Error>(part.clone()));
        let end = breaks.then(|| Err(std::io::Error::other("the line broke")));
        let body = Body::from_stream(futures_util::stream::iter(
            chunks.chain(end).collect::<Vec<_>>(),
        ));
        let request = Request::put(format!("{LIST}/long-{parts}.csv"))
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", api.engineer("acme")),
            )
            .body(body);
        api.router.clone().oneshot(request.unwrap())
    };
    assert_eq!(
        streamed(9, false).await.unwrap().status(),
        StatusCode::CREATED
    );
    until_objects(&api, "upload=inbox", 3).await;
    let too_long = streamed(11, false).await.unwrap();
    assert_eq!(too_long.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let broken = streamed(8, true).await.unwrap();
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
    until_objects(&api, "upload=inbox", 3).await;
    let announced = Call::new(Method::PUT, &format!("{LIST}/announced.csv"))
        .header("content-length", "99999999999")
        .bearer(&api.engineer("acme"));
    assert_eq!(
        api.call(announced).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let list = api
        .ok(Call::get(LIST).bearer(&api.engineer("acme")))
        .await
        .json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
}

/// Puts a schema for the rows of the integration's source.
async fn with_schema(api: &Api) {
    let engineer = api.engineer("acme");
    let mut mapping = document_of("mappings", "orders");
    mapping["source"]["schema"] = json!("rows");
    let path = "/api/v1/tenants/acme/mappings/orders";
    api.ok(Call::put(path, &mapping).bearer(&engineer)).await;
}

#[tokio::test]
async fn a_batch_gets_one_receipt_and_says_which_rows_it_refused() {
    let api = Api::start().await;
    with_schema(&api).await;
    let body = "{\"id\":\"1\"}\n{\"id\":2}\n\nnonsense\n{\"id\":\"3\"}\n";
    let first = api.call(push(&api, RECORDS, "k1", body)).await;
    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text());
    let receipt = first.json();
    let counts = ["rows", "accepted", "refused", "number"].map(|name| receipt[name].clone());
    assert_eq!(counts, [json!(4), json!(2), json!(2), json!(1)]);
    assert_eq!(receipt["refusals"][0]["row"], 2);
    assert_eq!(receipt["refusals"][0]["pointer"], "/id");
    assert_eq!(receipt["refusals"][1]["row"], 4);
    assert_eq!(receipt["refusals"][1]["code"], "json_invalid");
    assert!(receipt.get("run").is_none());
    let kept = objects(&api, "push=feed");
    assert_eq!(kept.len(), 2, "rows and refusals");

    let again = api.call(push(&api, RECORDS, "k1", body)).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json(), receipt, "the same receipt");
    assert_eq!(objects(&api, "push=feed"), kept);
    let other = api.call(push(&api, RECORDS, "k1", "{\"id\":\"9\"}")).await;
    refused(&other, StatusCode::CONFLICT, "conflict");

    let viewer = api.token(Role::CustomerViewer, "acme");
    let id = receipt["id"].as_str().unwrap();
    let one = format!("/api/v1/tenants/acme/integrations/feed/pushes/{id}");
    assert_eq!(
        api.ok(Call::get(&one).bearer(&viewer)).await.json(),
        receipt
    );
    // the id of another tenant's batch is no id here
    let globex = one.replace("acme", "globex");
    let globex = api
        .call(Call::get(&globex).bearer(&api.engineer("globex")))
        .await;
    refused(&globex, StatusCode::NOT_FOUND, "not_found");
    let other = one.replace("/feed/", "/orders/");
    let other = api.call(Call::get(&other).bearer(&viewer)).await;
    refused(&other, StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn all_or_nothing_keeps_nothing_of_a_batch_with_a_bad_row() {
    let api = Api::start().await;
    with_schema(&api).await;
    let path = format!("{RECORDS}?all_or_nothing=true");
    let bad = api
        .call(push(&api, &path, "k1", "{\"id\":\"1\"}\n{\"id\":2}\n"))
        .await;
    refused(&bad, StatusCode::UNPROCESSABLE_ENTITY, "value_invalid");
    assert_eq!(bad.json()["errors"][0]["pointer"], "/1/id");
    assert_eq!(objects(&api, "push=").len(), 0);
    let list = "/api/v1/tenants/acme/integrations/feed/pushes";
    let list = api
        .ok(Call::get(list).bearer(&api.engineer("acme")))
        .await
        .json();
    assert_eq!(list["items"], json!([]));
    // the key is still free
    let good = api
        .call(push(&api, &path, "k1", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"))
        .await;
    assert_eq!(good.status, StatusCode::ACCEPTED, "{}", good.text());
}

#[tokio::test]
async fn bodies_that_are_no_batch_are_refused_as_a_whole() {
    let api = Api::start().await;
    let with_key = |body: &str| {
        Call::new(Method::POST, RECORDS)
            .header("idempotency-key", "k")
            .body("application/json", body.as_bytes().to_vec())
            .bearer(&api.engineer("acme"))
    };
    let bad = StatusCode::BAD_REQUEST;
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    for (body, status, code) in [
        ("", wrong, "json_invalid"),
        ("[", wrong, "json_invalid"),
        ("{\"id\":\"1\"}", wrong, "json_invalid"),
        ("[]", bad, "request_invalid"),
    ] {
        refused(&api.call(with_key(body)).await, status, code);
    }
    let keyless = Call::new(Method::POST, RECORDS)
        .body("application/x-ndjson", b"{}\n".to_vec())
        .bearer(&api.engineer("acme"));
    refused(&api.call(keyless).await, bad, "request_invalid");
    let csv = Call::new(Method::POST, RECORDS)
        .header("idempotency-key", "k")
        .body("text/csv", b"a;b\n".to_vec())
        .bearer(&api.engineer("acme"));
    assert_eq!(
        api.call(csv).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let long = push(&api, RECORDS, "k", &"x".repeat((8 << 20) + 1));
    assert_eq!(api.call(long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let orders = RECORDS.replace("/feed/", "/orders/");
    refused(
        &api.call(push(&api, &orders, "k", "{}\n")).await,
        wrong,
        "config_invalid",
    );
    assert_eq!(objects(&api, "push=").len(), 0);
}

/// A row never precedes its object: where nothing can be stored, nothing is told to be.
#[tokio::test]
async fn a_lake_that_fails_leaves_no_row() {
    let api = Api::start().await;
    // a file where the lake's folder would be
    fs::write(api.folder.path().join("lake"), "").unwrap();
    let answer = api
        .call(push(&api, RECORDS, "k1", "{\"id\":\"1\"}\n"))
        .await;
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "storage_failed");
    let answer = api.call(send(&api, FILE, b"a;b\n")).await;
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "storage_failed");
    let store = api.state.store.tenant(&slug("acme"));
    assert!(
        store
            .pushes(&slug("feed"), None, 9)
            .await
            .unwrap()
            .is_empty()
    );
    let uploads = store
        .uploads(&slug("inbox"), &Default::default())
        .await
        .unwrap();
    assert!(uploads.is_empty());
    fs::remove_file(api.folder.path().join("lake")).unwrap();
    let answer = api
        .call(push(&api, RECORDS, "k1", "{\"id\":\"1\"}\n"))
        .await;
    assert_eq!(
        answer.status,
        StatusCode::ACCEPTED,
        "the key was not used up"
    );
}

#[tokio::test]
async fn many_at_once_with_one_key_make_one_batch() {
    let api = Api::start().await;
    let body = "{\"id\":\"1\"}\n";
    let calls = (0..4).map(|_| api.call(push(&api, RECORDS, "same", body)));
    let answers = futures_util::future::join_all(calls).await;
    let ids: Vec<Value> = answers
        .iter()
        .map(|answer| answer.json()["id"].clone())
        .collect();
    assert!(
        ids.iter().all(|id| *id == ids[0] && id.is_string()),
        "{ids:?}"
    );
    let first = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::ACCEPTED);
    assert_eq!(first.count(), 1);
    until_objects(&api, "push=feed", 1).await;
}
