//! A guest that means harm with sockets: many, for ever, too much, none given back.

use std::time::{Duration, Instant};

use serde_json::json;
use tributary_model::error_code::ErrorCode;
use tributary_model::plan::Maxima;

use super::server::{Manner, Scales, tls};
use super::{call, in_clear, load, load_hasty};
use crate::credentials::certificate::authority;
use crate::support::context_under;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_sockets_are_not_opened() {
    let server = Scales::start(1, Manner::Answers, None).await;
    let (host, connector) = load(&[server.place()]).await;
    let call = in_clear(&host, &server);
    for (fault, told) in [
        ("keep", "4, then connector_limit"),
        ("cycle", "256, then connector_limit"),
    ] {
        let config = json!({"fault": fault});
        let steps = connector.check(&call, &config).await.unwrap();
        assert_eq!(steps[0].message, told);
        assert!(server.is_left().await, "{fault}");
    }
    let (most, ever) = server.seen();
    assert_eq!(ever, 260, "no more were dialled");
    assert!(most <= 6, "{most} at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_end_with_the_call() {
    let server = Scales::start(1, Manner::Answers, None).await;
    let (host, connector) = load(&[server.place()]).await;
    let call = in_clear(&host, &server);
    let steps = connector.check(&call, &json!({"fault": "forgotten"})).await;
    assert!(steps.unwrap()[0].ok);
    assert!(server.is_left().await);
}

/// Nothing comes, or nobody reads: cancelled within a second, and the socket goes with it.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_ever_ends_when_it_is_cancelled() {
    for (fault, manner) in [("silence", Manner::Answers), ("flood", Manner::Deaf)] {
        let server = Scales::start(1, manner, None).await;
        let (host, connector) = load(&[server.place()]).await;
        let call = in_clear(&host, &server);
        let cancel = call.cancel.clone();
        let later = async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            cancel.cancel();
            Instant::now()
        };
        let config = json!({ "fault": fault });
        let (answer, cancelled) = tokio::join!(connector.check(&call, &config), later);
        assert!(cancelled.elapsed() < Duration::from_secs(1), "{fault}");
        let problem = answer.unwrap_err();
        assert_eq!(problem.code, ErrorCode::RunCancelled, "{fault}: {problem}");
        assert!(server.is_left().await, "{fault}");
    }
}

/// Without a word from anybody a call into the host ends by itself, and the socket with it.
#[tokio::test(flavor = "multi_thread")]
async fn patience_has_an_end() {
    for (fault, manner) in [("silence", Manner::Answers), ("flood", Manner::Deaf)] {
        let server = Scales::start(1, manner, None).await;
        let (host, connector) = load_hasty(&[server.place()], 300).await;
        let call = in_clear(&host, &server);
        let config = json!({ "fault": fault });
        let problem = connector.check(&call, &config).await.unwrap_err();
        assert_eq!(
            problem.code,
            ErrorCode::ConnectionTimeout,
            "{fault}: {problem}"
        );
        assert!(server.is_left().await, "{fault}");
    }
}

/// The tenant's plan has less patience, and the message says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_has_less_patience() {
    let server = Scales::start(1, Manner::Answers, None).await;
    let (host, connector) = load(&[server.place()]).await;
    let document = json!({"name": "scales", "connector": "lines",
        "endpoint": {"kind": "tcp", "host": "localhost", "port": server.port, "tls": {"mode": "off"}}});
    let maxima = Maxima {
        host_call_s: Some(1),
        ..Maxima::default()
    };
    let call = context_under(document, host.egress(), maxima);
    let config = json!({"fault": "silence"});
    let problem = connector.check(&call, &config).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectionTimeout, "{problem}");
    let words = "at most 1 s (host_call_s of the plan \"small\")";
    assert!(problem.detail.contains(words), "{problem}");
    assert!(server.is_left().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_more_than_a_call_may_hand_over_ends_the_guest() {
    let server = Scales::start(1, Manner::Answers, None).await;
    let (host, connector) = load(&[server.place()]).await;
    let call = in_clear(&host, &server);
    let config = json!({"fault": "huge"});
    let problem = connector.check(&call, &config).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectorLimit, "{problem}");
    assert!(problem.detail.contains("bytes to the host"), "{problem}");
    assert!(server.is_left().await);
    let steps = connector.check(&call, &json!({})).await.unwrap();
    assert!(steps[0].ok, "the next call is as ever");
}

/// An end without the goodbye of TLS may be a cut: it is an error, and the socket is of no more use.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_is_no_end() {
    let theirs = authority();
    let acceptor = tls(&theirs, "localhost", None);
    let server = Scales::start(1, Manner::HangsUp, Some(acceptor)).await;
    let (host, connector) = load(&[server.place()]).await;
    let trust = json!({"trust": [theirs.pem()]});
    let call = call(&host, server.port, trust, json!({})).unwrap();
    let config = json!({"fault": "again"});
    let steps = connector.check(&call, &config).await.unwrap();
    let (first, second) = steps[0].message.split_once(" / ").unwrap();
    assert!(first.contains("broke"), "{first}");
    assert!(second.contains("of no more use"), "{second}");
}
