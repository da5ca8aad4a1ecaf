//! What a tenant may use: shown, given by operators alone, and held, also when many ask at a time.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tributary_model::role::Role;

use crate::harness::{Answer, Api, Call};

const TENANT: &str = "/api/v1/tenants/acme";
const RECORDS: &str = "/api/v1/tenants/acme/integrations/feed/records";

async fn give(api: &Api, plan: &str) {
    let document = json!({"name": "acme", "title": "The tenant acme", "plan": plan});
    let call = Call::put(TENANT, &document).bearer(&api.operator());
    api.ok(call).await;
}

async fn limits(api: &Api, role: Role) -> Value {
    let call = Call::get(&format!("{TENANT}/limits")).bearer(&api.token(role, "acme"));
    api.ok(call).await.json()
}

fn limit<'a>(limits: &'a Value, name: &str) -> &'a Value {
    let all = limits["limits"].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap()
}

async fn send(api: &Api, name: &str, bytes: usize) -> Answer {
    // each content another one
    let mut body = name.as_bytes().to_vec();
    body.resize(bytes, b'x');
    let call = Call::new(Method::PUT, &format!("{TENANT}/uploads/inbox/{name}"))
        .header("content-length", &bytes.to_string())
        .body("application/octet-stream", body)
        .bearer(&api.token(Role::Ingest, "acme"));
    api.call(call).await
}

fn refused(answer: &Answer, words: &[&str]) {
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.text()
    );
    let problem = answer.json();
    assert_eq!(problem["code"], "plan_limit", "{problem}");
    for word in words {
        assert!(answer.text().contains(word), "{word}: {problem}");
    }
}

#[tokio::test]
async fn a_plan_is_given_by_operators_and_shown_to_the_tenant() {
    let api = Api::start().await;
    let before = limits(&api, Role::CustomerViewer).await;
    assert_eq!(before["plan"], "default");
    assert_eq!(
        limit(&before, "open_runs"),
        &json!({"name": "open_runs",
        "about": "runs that are not over", "most": null, "used": 0})
    );
    let document = json!({"name": "acme", "title": "The tenant acme", "plan": "large"});
    let unknown = api
        .call(Call::put(TENANT, &document).bearer(&api.operator()))
        .await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(unknown.json()["pointer"], "/plan", "{}", unknown.text());
    assert!(
        unknown.text().contains("default, small"),
        "{}",
        unknown.text()
    );
    let own = Call::put(TENANT, &document).bearer(&api.token(Role::CustomerAdmin, "acme"));
    assert_eq!(api.call(own).await.status, StatusCode::FORBIDDEN);

    give(&api, "small").await;
    let now = limits(&api, Role::CustomerViewer).await;
    assert_eq!(now["plan"], "small");
    assert_eq!(limit(&now, "stored_mib")["most"], 1);
    assert_eq!(limit(&now, "memory_mib")["most"], Value::Null);
    let view = api
        .ok(Call::get(TENANT).bearer(&api.operator()))
        .await
        .json();
    assert_eq!(view["plan"], "small");
}

#[tokio::test]
async fn files_are_kept_up_to_the_plans_maxima() {
    let api = Api::start().await;
    give(&api, "small").await;
    assert_eq!(
        send(&api, "a.csv", 600 << 10).await.status,
        StatusCode::CREATED
    );
    let words = ["\\\"small\\\"", "stored_mib", "after 30 days"];
    refused(&send(&api, "b.csv", 600 << 10).await, &words);
    assert_eq!(
        send(&api, "b.csv", 100 << 10).await.status,
        StatusCode::CREATED
    );
    refused(
        &send(&api, "c.csv", 10).await,
        &["stored_files", "2 are kept"],
    );
    let now = limits(&api, Role::CustomerAdmin).await;
    assert_eq!(
        (
            &limit(&now, "stored_mib")["used"],
            &limit(&now, "stored_files")["used"]
        ),
        (&json!(1), &json!(2))
    );

    // records have the same room
    let row = format!("{}\n", json!({"id": "x".repeat(200 << 10)}));
    let push = |key: &str, body: String| {
        Call::new(Method::POST, RECORDS)
            .header("idempotency-key", key)
            .body("application/x-ndjson", body.into_bytes())
            .bearer(&api.token(Role::Ingest, "acme"))
    };
    let first = api.call(push("k1", row.clone())).await;
    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.text());
    refused(&api.call(push("k2", row.clone())).await, &["stored_mib"]);
    let again = api.call(push("k1", row.clone())).await;
    assert_eq!(again.status, StatusCode::OK, "what is here needs no room");

    // room comes back with what is deleted
    let admin = api.token(Role::CustomerAdmin, "acme");
    let delete = Call::new(Method::DELETE, &format!("{TENANT}/uploads/inbox/a.csv"));
    assert_eq!(
        api.call(delete.bearer(&admin)).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(api.call(push("k2", row)).await.status, StatusCode::ACCEPTED);
}

/// A body whose length nobody told is refused where there is no more room, and leaves nothing.
#[tokio::test]
async fn a_body_of_unknown_length_takes_room_as_it_comes() {
    let api = Api::start().await;
    give(&api, "small").await;
    let pieces = |count: usize| {
        let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 64 << 10]));
        futures_util::stream::iter((0..count).map(move |_| piece()))
    };
    for (count, status) in [
        (17, StatusCode::UNPROCESSABLE_ENTITY),
        (16, StatusCode::CREATED),
    ] {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("{TENANT}/uploads/inbox/a.csv"))
            .header("content-type", "application/octet-stream")
            .header(
                "authorization",
                format!("Bearer {}", api.token(Role::Ingest, "acme")),
            )
            .body(Body::from_stream(pieces(count)))
            .unwrap();
        let answer = api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{count}");
        until_kept(&api, if count == 16 { 1 << 20 } else { 0 }).await;
    }
}

/// What was on its way and was not kept gives its room back behind the answer.
async fn until_kept(api: &Api, bytes: u64) {
    let acme = api.state.store.tenant(&crate::harness::slug("acme"));
    for _ in 0..200 {
        let kept = acme.kept().await.unwrap();
        let most = tributary_store::KeptMost {
            bytes: Some(1 << 20),
            files: None,
        };
        let rest = tributary_store::Kept {
            bytes: (1 << 20) - bytes,
            files: 0,
        };
        let room = acme.room_take("probe", rest, most).await.unwrap();
        acme.room_give_back("probe").await.unwrap();
        if kept.bytes == bytes && room == tributary_store::Room::Taken {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("not {bytes} bytes are kept, or room was not given back");
}

#[tokio::test]
async fn however_many_send_at_a_time_the_maxima_hold() {
    let api = Api::start().await;
    give(&api, "small").await;
    let names = ["a.csv", "b.csv", "c.csv", "d.csv"];
    let sends = names.map(|name| send(&api, name, 400 << 10));
    let answers = futures_util::future::join_all(sends).await;
    let taken = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::CREATED);
    assert_eq!(taken.count(), 2);
    for answer in answers
        .iter()
        .filter(|answer| answer.status != StatusCode::CREATED)
    {
        refused(answer, &["\\\"small\\\""]);
    }
    until_kept(&api, 800 << 10).await;
}

#[tokio::test]
async fn no_more_runs_are_open_than_the_plan_allows() {
    let api = Api::start().await;
    give(&api, "small").await;
    let start = |integration: &str| {
        let call = Call::new(Method::POST, &format!("{TENANT}/runs"));
        let call = call.json(&json!({"integration": integration}));
        call.bearer(&api.engineer("acme"))
    };
    let first = api.call(start("feed")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let second = api.call(start("orders")).await;
    refused(
        &second,
        &["open_runs", "\\\"small\\\"", "wait until one is over"],
    );
    give(&api, "default").await;
    assert_eq!(api.call(start("orders")).await.status, StatusCode::CREATED);

    // a run that is taken up again counts like one that is started
    give(&api, "small").await;
    let of_first = |what: &str| {
        let run = first.json()["id"].as_str().unwrap().to_owned();
        let call = Call::new(Method::POST, &format!("{TENANT}/runs/{run}/{what}"));
        call.bearer(&api.engineer("acme"))
    };
    let cancelled = api.call(of_first("cancel")).await;
    assert!(cancelled.status.is_success(), "{}", cancelled.text());
    refused(
        &api.call(of_first("redrive")).await,
        &["open_runs", "\\\"small\\\""],
    );
}
