//! A guest that is asked to stop sees it, and what it answers then is no whole read; nor is what it
//! answers because its time is nearly over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use tributary_formats::page::Page;
use tributary_host::{CallContext, Connector, Host, PageSink, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::call;
use super::suite::guest::Guest;
use crate::support::host;

/// Goes on until it is asked to stop, and answers as if all had been done.
const UNTIL_ASKED: &str = "(loop $l (call $sleep (i32.const 10)) \
    (br_if $l (i32.eqz (call $stopping)))) (i32.const 64)";

struct Nothing;

#[async_trait]
impl PageSink for Nothing {
    async fn page(&mut self, _page: Page) -> Result<(), Problem> {
        Ok(())
    }

    async fn checkpoint(&mut self, _state: Value) -> Result<(), Problem> {
        Ok(())
    }
}

async fn load(export: &'static str) -> (Host, Arc<Connector>, CallContext) {
    load_for(export, 60).await
}

/// With so many seconds for a read.
async fn load_for(export: &'static str, wall_s: u32) -> (Host, Arc<Connector>, CallContext) {
    let limits =
        json!({"memory_mib": 16, "call_cpu_ms": 3000, "read_cpu_ms": 3000, "read_wall_s": wall_s});
    let guest = Guest::source().set("limits", limits);
    let host = host(&[]);
    let component = guest.body(export, UNTIL_ASKED).component();
    let connector = host.load(&component).await.unwrap();
    let call = call(&host);
    (host, connector, call)
}

/// Asks the call to stop while it is under way, and waits for its end.
async fn asked<T: Send + 'static>(
    call: CallContext,
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let task = tokio::spawn(work);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!task.is_finished(), "nobody asked yet");
    let since = Instant::now();
    call.stop.cancel();
    let answer = task.await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(1));
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_is_asked_to_stop_comes_to_an_end_by_itself() {
    let (_host, connector, context) = load("check").await;
    let under_way = context.clone();
    let work = async move { connector.check(&under_way, &json!({})).await };
    assert_eq!(asked(context, work).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_was_asked_to_stop_is_not_done_whatever_it_answers() {
    let selection = Selection {
        stream: "orders".to_owned(),
        ..Selection::default()
    };
    let (_host, connector, context) = load("read").await;
    let (under_way, all) = (context.clone(), selection.clone());
    let work = async move {
        let config = json!({});
        connector
            .read(&under_way, &config, &all, &mut Nothing)
            .await
    };
    let problem = asked(context, work).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::RunCancelled, "{problem}");

    let (_host, connector, context) = load("partitions").await;
    let under_way = context.clone();
    let work = async move { connector.plan(&under_way, &json!({}), &selection).await };
    let problem = asked(context, work).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::RunCancelled, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_ends_because_its_time_is_nearly_over_is_not_done() {
    let selection = Selection {
        stream: "orders".to_owned(),
        ..Selection::default()
    };
    // told five seconds before the end
    let (_host, connector, context) = load_for("read", 6).await;
    let since = Instant::now();
    let config = json!({});
    let mut sink = Nothing;
    let read = connector.read(&context, &config, &selection, &mut sink);
    let problem = read.await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectorOutOfTime, "{problem}");
    assert!(
        problem.detail.contains("6 s, limits.read_wall_s"),
        "{problem}"
    );
    let took = since.elapsed();
    assert!(
        took > Duration::from_millis(900) && took < Duration::from_secs(4),
        "{took:?}"
    );
    // nobody told this one, so it has read all there is
    let (_host, connector, context) = load_for("check", 6).await;
    let read = connector.read(&context, &config, &selection, &mut sink);
    assert!(read.await.is_ok());
}
