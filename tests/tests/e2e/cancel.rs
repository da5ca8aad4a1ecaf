//! A run that is cancelled while its source keeps it waiting is over at once, and not when the call is.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tributary_tests::stage::Stage;

use crate::flow::{self, TENANT, bearer, put};
use crate::intake::mapping;

/// A heartbeat of the default lease comes every 15 s: it is not what ends the run.
const AT_MOST: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_is_over_within_two_seconds() -> anyhow::Result<()> {
    // takes requests and never answers
    let source = TcpListener::bind("127.0.0.1:0").await?;
    let address = source.local_addr()?;
    let mut stage = Stage::new(&[address.to_string()])?;
    let rest = flow::open(&mut stage, &["rest", "rest-target"]).await?;
    let url = format!("http://{address}/");
    let streams = json!({ "streams": {
        "orders": { "path": "orders", "records": "/orders", "primary_key": ["id"] } } });
    let erp = bearer("rest", "erp", (&url, "secret"), &streams);
    put(&rest, "connections", "erp", &erp).await?;
    let target = bearer(
        "rest-target",
        "target",
        (&url, "secret"),
        &json!({ "request": { "path": "records" } }),
    );
    put(&rest, "connections", "target", &target).await?;
    put(&rest, "mappings", "orders", &mapping("orders", "json")).await?;
    let integration = json!({
        "name": "orders", "source": { "connection": "erp", "stream": "orders" },
        "mapping": "orders", "target": { "connection": "target" }, "mode": "full",
    });
    put(&rest, "integrations", "orders", &integration).await?;

    for _ in 0..3 {
        let id = rest.start_run(TENANT, "orders").await?;
        let waiting = tokio::time::timeout(Duration::from_secs(60), source.accept()).await??;
        let mut socket = waiting.0;
        let mut asked = [0_u8; 4];
        socket.read_exact(&mut asked).await?;
        assert_eq!(&asked, b"GET ");
        let started = Instant::now();
        let path = format!("/tenants/{TENANT}/runs/{id}/cancel");
        let cancelled = rest.post(&path, &json!({})).await?;
        assert_eq!(cancelled["state"], "cancelling", "{cancelled}");
        let run = rest.finished(TENANT, &id, 60).await?;
        let took = started.elapsed();
        assert_eq!(run["state"], "cancelled", "{run}");
        assert!(took < AT_MOST, "it took {took:?}");
    }
    Ok(())
}
