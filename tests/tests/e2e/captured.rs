//! Change capture through the whole program: orders of PostgreSQL and of MariaDB, each followed into a table
//! of the other; deleted ones go there, too, and a whole run after changes changes nothing.

use serde_json::{Value, json};
use tributary_counterparts::databases::{DATABASE, Handle, Kind, USER};
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

use crate::databases::{connection, counts, server};
use crate::flow::{self, put};

const ORDERS: u64 = 3_000;

fn mapping() -> Value {
    json!({
        "version": 1, "name": "orders", "title": "orders",
        "source": { "format": "json", "locale": "en-US", "time_zone": "UTC", "key": ["$.order_no"] },
        "fields": [
            { "id": "order_no", "to": "order_no", "type": "string", "from": "$.order_no" },
            { "id": "total", "to": "total", "type": "decimal(12,4)", "from": "$.total", "null": "omit",
              "do": [{ "fn": "to_decimal" }] },
            { "id": "op", "to": "op", "type": "string", "from": "$._change_op" },
        ],
    })
}

/// Puts an integration from `from` into `to`.
async fn integrate(
    rest: &Rest,
    name: &str,
    (from, capture): (&Handle, Value),
    (to, dialect): (&Handle, &str),
) -> anyhow::Result<()> {
    let config = json!({ "streams": { "orders": { "table": "orders", "changes": capture } } });
    let source = format!("{name}-from");
    let document = connection(&source, "sql", from, &config);
    put(rest, "connections", &source, &document).await?;
    let config = json!({ "dialect": dialect, "table": format!("copy_{name}"), "key": ["order_no"],
        "columns": ["order_no", "total"], "delete": { "at": "/op", "equals": "delete" } });
    let target = format!("{name}-to");
    let document = connection(&target, "sql-target", to, &config);
    put(rest, "connections", &target, &document).await?;
    let integration = json!({
        "name": name, "source": { "connection": source, "stream": "orders" }, "mapping": "orders",
        "target": { "connection": target },
    });
    put(rest, "integrations", name, &integration).await
}

fn prepare(postgres: &Handle, mariadb: &Handle) -> anyhow::Result<()> {
    postgres.sql("create table orders (order_no text primary key, total numeric(12,4))")?;
    postgres.sql("create table copy_maria (order_no text primary key, total numeric(12,4))")?;
    postgres.sql(&format!(
        "grant select on orders to {USER}; grant select, insert, update, delete on copy_maria to {USER};
         alter role {USER} replication; create publication pub for table orders"
    ))?;
    postgres.sql("select pg_create_logical_replication_slot('slot', 'pgoutput')")?;
    postgres.sql(&format!(
        "insert into orders select 'A' || n, n from generate_series(1, {ORDERS}) as numbers(n)"
    ))?;
    mariadb.sql("create table orders (order_no varchar(20) primary key, total decimal(12,4))")?;
    mariadb
        .sql("create table copy_post (order_no varchar(20) primary key, total decimal(12,4))")?;
    mariadb.sql(&format!(
        "grant replication slave on *.* to {USER}@'127.0.0.1';
         grant insert, update, delete on {DATABASE}.* to {USER}@'127.0.0.1';
         insert into orders select concat('A', seq), seq from seq_1_to_{ORDERS}"
    ))?;
    Ok(())
}

/// All rows as one text.
fn content(server: &Handle, table: &str) -> anyhow::Result<String> {
    let text = match server.kind {
        Kind::Postgres => format!(
            "select md5(string_agg(order_no || '=' || total, ',' order by order_no collate \"C\")) from {table}"
        ),
        Kind::Mariadb => format!(
            "set session group_concat_max_len = 100000000; select md5(group_concat(order_no, '=', total
             order by cast(order_no as binary) separator ',')) from {table}"
        ),
    };
    Ok(server.sql(&text)?.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_followed_by_their_logs() -> anyhow::Result<()> {
    let (Some(postgres), Some(mariadb)) = (server(Kind::Postgres)?, server(Kind::Mariadb)?) else {
        return Ok(());
    };
    prepare(&postgres, &mariadb)?;
    let mut stage = Stage::new(&[postgres.address.to_string(), mariadb.address.to_string()])?;
    let rest = flow::open(&mut stage, &["sql", "sql-target"]).await?;
    put(&rest, "mappings", "orders", &mapping()).await?;
    let slot = json!({ "slot": "slot", "publication": "pub" });
    integrate(&rest, "post", (&postgres, slot), (&mariadb, "mysql")).await?;
    integrate(
        &rest,
        "maria",
        (&mariadb, json!({})),
        (&postgres, "postgres"),
    )
    .await?;
    let same = |from: &Handle, (to, table): (&Handle, &str)| -> anyhow::Result<()> {
        anyhow::ensure!(
            content(from, "orders")? == content(to, table)?,
            "{table} is another one"
        );
        Ok(())
    };
    for name in ["post", "maria"] {
        let told = flow::checked(&rest, &format!("{name}-from")).await?;
        anyhow::ensure!(!told.contains("\"ok\":false"), "{told}");
        let first = flow::run(&rest, name, "incremental").await?;
        assert_eq!(counts(&first), [ORDERS, ORDERS, 0], "{first}");
    }
    same(&postgres, (&mariadb, "copy_post"))?;
    same(&mariadb, (&postgres, "copy_maria"))?;
    for server in [&postgres, &mariadb] {
        server.sql("update orders set total = total + 0.5 where order_no in ('A1', 'A2')")?;
        server.sql("begin; delete from orders where order_no <> 'A1'; rollback")?;
        server.sql("delete from orders where order_no = 'A3'")?;
        server.sql("update orders set order_no = 'B4' where order_no = 'A4'")?;
        server.sql("insert into orders values ('C1', 7.25)")?;
    }
    for name in ["post", "maria"] {
        let changed = flow::run(&rest, name, "incremental").await?;
        assert_eq!(changed["state"], "succeeded", "{changed}");
        // two updates, a delete, a delete and an update for the new name, an insert
        assert_eq!(counts(&changed), [6, 6, 0], "{changed}");
        let again = flow::run(&rest, name, "incremental").await?;
        assert_eq!(counts(&again), [0, 0, 0], "{again}");
    }
    same(&postgres, (&mariadb, "copy_post"))?;
    same(&mariadb, (&postgres, "copy_maria"))?;
    // a whole read after changes is no drift, and the log goes on from it
    let whole = flow::run(&rest, "post", "full").await?;
    assert_eq!(whole["state"], "succeeded", "{whole}");
    postgres.sql("delete from orders where order_no = 'C1'")?;
    let changed = flow::run(&rest, "post", "incremental").await?;
    assert_eq!(counts(&changed), [1, 1, 0], "{changed}");
    same(&postgres, (&mariadb, "copy_post"))
}
