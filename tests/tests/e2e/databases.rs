//! Databases as source and target: orders out of PostgreSQL into a table of MariaDB, by the whole program;
//! then only what changed, a row that the table refuses, and a row that is to go.

use serde_json::{Value, json};
use tributary_counterparts::databases::{self, DATABASE, Handle, Kind, Options, USER};
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

use crate::flow::{self, put};

const PASSWORD: &str = "database-canary-31f7";
const ORDERS: usize = 12_000;

struct Scene {
    erp: Handle,
    tax: Handle,
    rest: Rest,
    stage: Stage,
}

pub(crate) fn server(kind: Kind) -> anyhow::Result<Option<Handle>> {
    let options = Options {
        password: PASSWORD.to_owned(),
        tls: None,
    };
    let started = databases::start(kind, &options)?;
    if started.is_none() {
        eprintln!("skipped: {kind:?} is not installed");
    }
    Ok(started)
}

pub(crate) fn connection(name: &str, connector: &str, server: &Handle, config: &Value) -> Value {
    let driver = match server.kind {
        Kind::Postgres => "postgres",
        Kind::Mariadb => "mysql",
    };
    json!({
        "name": name, "connector": connector, "config": config,
        "endpoint": { "kind": "sql", "driver": driver, "host": "127.0.0.1", "port": server.address.port(),
            "database": DATABASE, "tls": { "mode": "off" }, "auth": { "kind": "password", "user": USER } },
        "secrets": { "password": PASSWORD },
    })
}

fn mapping() -> Value {
    let text = |id: &str, from: &str| json!({ "id": id, "to": id, "type": "string", "from": from, "null": "omit" });
    json!({
        "version": 1, "name": "orders", "title": "orders",
        "source": { "format": "json", "locale": "en-US", "time_zone": "UTC", "key": ["$.order_no"] },
        "fields": [
            text("order_no", "$.order_no"),
            text("note", "$.note"),
            { "id": "total", "to": "total", "type": "decimal(30,10)", "from": "$.total",
              "do": [{ "fn": "to_decimal" }] },
            { "id": "gone", "to": "gone", "type": "bool", "from": "$.gone", "null": "omit" },
        ],
    })
}

async fn scene() -> anyhow::Result<Option<Scene>> {
    let (Some(erp), Some(tax)) = (server(Kind::Postgres)?, server(Kind::Mariadb)?) else {
        return Ok(None);
    };
    erp.sql(
        "create table orders (order_no text primary key, total numeric(30,10), note text, gone boolean,
            changed_at timestamptz not null)",
    )?;
    erp.sql(&format!("grant select on orders to {USER}"))?;
    erp.sql(&format!(
        "insert into orders select 'A' || n, n * 0.0000000001 + 1, 'note', false, '2026-11-20 10:00:00Z'
            from generate_series(1, {ORDERS}) as numbers(n)"
    ))?;
    tax.sql(
        "create table tax (order_no varchar(20) not null primary key, total decimal(30,10) not null, note varchar(8))",
    )?;
    tax.sql(&format!(
        "grant insert, update, delete on {DATABASE}.* to {USER}@'127.0.0.1'"
    ))?;
    let mut stage = Stage::new(&[erp.address.to_string(), tax.address.to_string()])?;
    let rest = flow::open(&mut stage, &["sql", "sql-target"]).await?;
    put(&rest, "mappings", "orders", &mapping()).await?;
    let config = json!({ "streams": { "orders": { "table": "orders", "cursor": "changed_at", "partitions": 3 } } });
    put(
        &rest,
        "connections",
        "erp",
        &connection("erp", "sql", &erp, &config),
    )
    .await?;
    let config = json!({ "dialect": "mysql", "table": "tax", "key": ["order_no"],
        "columns": ["order_no", "total", "note"], "delete": { "at": "/gone", "equals": true } });
    put(
        &rest,
        "connections",
        "tax",
        &connection("tax", "sql-target", &tax, &config),
    )
    .await?;
    let integration = json!({
        "name": "orders", "source": { "connection": "erp", "stream": "orders" }, "mapping": "orders",
        "target": { "connection": "tax" },
    });
    put(&rest, "integrations", "orders", &integration).await?;
    Ok(Some(Scene {
        erp,
        tax,
        rest,
        stage,
    }))
}

pub(crate) fn counts(run: &Value) -> [u64; 3] {
    ["read", "delivered", "rejected"].map(|what| run["counters"][what].as_u64().unwrap_or(u64::MAX))
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_go_from_one_database_to_another() -> anyhow::Result<()> {
    let Some(scene) = scene().await? else {
        return Ok(());
    };
    let Scene {
        erp,
        tax,
        rest,
        stage,
    } = &scene;
    for (name, words) in [("erp", "key order_no"), ("tax", "its primary key")] {
        let told = flow::checked(rest, name).await?;
        anyhow::ensure!(
            told.contains(words) && !told.contains("\"ok\":false"),
            "{told}"
        );
    }
    let whole = flow::run(rest, "orders", "full").await?;
    assert_eq!(whole["state"], "succeeded", "{whole}");
    let all = ORDERS as u64;
    assert_eq!(counts(&whole), [all, all, 0], "{whole}");
    // the sums agree to the last digit
    let sum = erp.sql("select sum(total) from orders")?;
    assert_eq!(tax.sql("select sum(total) from tax")?.trim(), sum.trim());

    // One changes, one is new, one is too long for the table, one is to go.
    erp.sql(
        "update orders set total = 7.1, changed_at = '2026-11-20 10:00:01Z' where order_no = 'A7'",
    )?;
    erp.sql("insert into orders values ('B1', 2, null, false, '2026-11-20 10:00:01Z')")?;
    erp.sql(
        "insert into orders values ('B2', 2, 'longer than eight', false, '2026-11-20 10:00:01Z')",
    )?;
    erp.sql(
        "update orders set gone = true, changed_at = '2026-11-20 10:00:02Z' where order_no = 'A8'",
    )?;
    let changed = flow::run(rest, "orders", "incremental").await?;
    assert_eq!(changed["state"], "completed_with_errors", "{changed}");
    // Everything shares the instant that was the newest, so it came again and was found unchanged.
    assert_eq!(counts(&changed), [all + 2, 3, 1], "{changed}");
    assert_eq!(tax.sql("select count(*) from tax")?.trim(), all.to_string());
    assert_eq!(
        tax.sql("select total from tax where order_no = 'A7'")?
            .trim(),
        "7.1000000000"
    );
    assert_eq!(
        tax.sql("select count(*) from tax where order_no in ('A8', 'B2')")?
            .trim(),
        "0"
    );
    let again = flow::run(rest, "orders", "incremental").await?;
    assert_eq!(counts(&again)[0], 1, "{again}");

    let log = format!(
        "{whole}{changed}{}",
        std::fs::read_to_string(stage.server.log())?
    );
    assert!(!log.contains(PASSWORD));
    Ok(())
}
