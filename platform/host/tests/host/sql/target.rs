//! The connector `sql-target`: batches become rows of a table, each row's outcome is known, and the same batch
//! twice has one effect.

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_host::{
    CallContext, Connector, HttpRequest, HttpResponse, Outcome, RetryReason, RowOutcome, SendError,
    TargetBatch,
};

use super::bed::{Bed, beds};
use crate::support::component;

struct Stage {
    bed: Bed,
    target: Arc<Connector>,
    config: Value,
}

impl Stage {
    async fn new(bed: Bed) -> Self {
        let target = bed.host.load(&component("sql-target")).await.unwrap();
        let amount = if bed.driver == "sqlite" {
            "real"
        } else {
            "decimal(20,10)"
        };
        bed.table(&format!(
            "create table tax (id varchar(20) not null primary key, amount {amount} not null check (amount >= 0), note varchar(10), extra integer default 7)"
        ));
        match bed.driver {
            "postgres" => drop(bed.sql("grant all on tax to erp_read")),
            "mysql" => drop(bed.sql("grant all on erp.* to erp_read@'127.0.0.1'")),
            _ => {}
        }
        let config = json!({"dialect": bed.driver, "table": "tax", "key": ["id"],
            "columns": ["id", {"column": "amount", "from": "/sums/tax"}, "note"],
            "delete": {"at": "/gone", "equals": true}});
        Self {
            bed,
            target,
            config,
        }
    }

    async fn deliver(&self, rows: &[Value]) -> Vec<RowOutcome> {
        let call = self.bed.call();
        let ndjson: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let keys: Vec<String> = (0..rows.len()).map(|number| format!("k{number}")).collect();
        let batch = TargetBatch {
            stream: "tax",
            ndjson: ndjson.as_bytes(),
            rows: u32::try_from(rows.len()).unwrap(),
            keys: &keys,
        };
        let calls = self
            .target
            .prepare(&call, &self.config, batch)
            .await
            .unwrap();
        assert_eq!(calls.len(), 1);
        let answer = send(&call, &calls[0].path, calls[0].body.to_vec())
            .await
            .unwrap();
        self.target
            .settle(&call, &self.config, &calls[0], &answer)
            .await
            .unwrap()
    }

    fn table(&self) -> String {
        let list = match self.bed.driver {
            "postgres" => {
                "string_agg(id || '=' || round(amount, 2) || coalesce(note, '-') || extra, ' ' order by id)"
            }
            "mysql" => {
                "group_concat(concat(id, '=', round(amount, 2), coalesce(note, '-'), extra) order by id separator ' ')"
            }
            _ => {
                "group_concat(id || '=' || printf('%.2f', amount) || coalesce(note, '-') || extra, ' ')"
            }
        };
        let from = if self.bed.driver == "sqlite" {
            "(select * from tax order by id)"
        } else {
            "tax"
        };
        self.bed
            .sql(&format!("select coalesce({list}, '') from {from}"))
            .trim()
            .to_owned()
    }
}

async fn send(call: &CallContext, path: &str, body: Vec<u8>) -> Result<HttpResponse, SendError> {
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        body: Some(body.into()),
        ..HttpRequest::default()
    };
    call.connection.send(request).await
}

fn row(id: &str, tax: &str, note: Value) -> Value {
    let tax: Value = serde_json::from_str(tax).unwrap();
    json!({"id": id, "sums": {"tax": tax}, "note": note, "gone": false})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_replaces_by_key_and_twice_is_once() {
    for bed in beds().await {
        let stage = Stage::new(bed).await;
        let steps = stage
            .target
            .check(&stage.bed.call(), &stage.config)
            .await
            .unwrap();
        assert!(steps.iter().all(|step| step.ok), "{steps:?}");
        let batch = [
            row("a", "1.10", json!("x")),
            row("b", "2", json!(null)),
            row("a", "1.50", json!("y")),
        ];
        for _ in 0..2 {
            let outcomes = stage.deliver(&batch).await;
            assert_eq!(outcomes.len(), 3);
            for (outcome, id) in outcomes.iter().zip(["tax/a", "tax/b", "tax/a"]) {
                match &outcome.outcome {
                    Outcome::Delivered { external_id, .. } => {
                        assert_eq!(external_id.as_deref(), Some(id))
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(stage.table(), "a=1.50y7 b=2.00-7", "{}", stage.bed.driver);
        }
        stage.bed.sql("update tax set extra = 8 where id = 'b'");
        stage
            .deliver(&[row("b", "3", json!("z")), json!({"id": "a", "gone": true})])
            .await;
        // columns that are not ours stay
        assert_eq!(stage.table(), "b=3.00z8", "{}", stage.bed.driver);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_the_database_refuses_are_told_and_the_others_are_there() {
    for bed in beds().await {
        let stage = Stage::new(bed).await;
        let mut batch: Vec<Value> = (0..300)
            .map(|n| row(&format!("r{n:03}"), "1", json!(null)))
            .collect();
        batch[7] = row("r007", "-1", json!(null));
        batch[150] = row("r150", "null", json!(null));
        batch[299] = row("r299", "1", json!("longer than ten"));
        let too_long = stage.bed.driver != "sqlite";
        for _ in 0..2 {
            let outcomes = stage.deliver(&batch).await;
            let refused: Vec<u32> = outcomes
                .iter()
                .filter(|one| matches!(&one.outcome, Outcome::Rejected { message, .. } if !message.is_empty()))
                .map(|one| one.row)
                .collect();
            let wanted: &[u32] = if too_long { &[7, 150, 299] } else { &[7, 150] };
            assert_eq!(refused, wanted, "{}", stage.bed.driver);
            let there = stage.bed.sql("select count(*) from tax");
            assert_eq!(
                there.trim(),
                (300 - wanted.len()).to_string(),
                "{}",
                stage.bed.driver
            );
        }
        if stage.bed.driver == "postgres" {
            let outcomes = stage.deliver(&batch[150..151]).await;
            match &outcomes[0].outcome {
                Outcome::Rejected { code, field, .. } => {
                    assert_eq!(
                        (code.as_str(), field.as_deref()),
                        ("23502", Some("/sums/tax"))
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_row_is_to_blame_for_waits_and_leaves_nothing() {
    for bed in beds().await {
        let stage = Stage::new(bed).await;
        let batch = [row("a", "1", json!(null)), row("b", "1", json!(null))];
        stage.bed.sql("alter table tax rename to elsewhere");
        let outcomes = stage.deliver(&batch).await;
        for one in &outcomes {
            assert!(
                matches!(
                    &one.outcome,
                    Outcome::Retry {
                        reason: RetryReason::Transient,
                        ..
                    }
                ),
                "{} {one:?}",
                stage.bed.driver
            );
        }
        stage.bed.sql("alter table elsewhere rename to tax");
        if stage.bed.driver == "postgres" {
            stage.bed.sql("revoke insert on tax from erp_read");
            let outcomes = stage.deliver(&batch).await;
            assert!(
                matches!(&outcomes[0].outcome, Outcome::Retry { .. }),
                "{outcomes:?}"
            );
        }
        assert_eq!(stage.table(), "", "{}", stage.bed.driver);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_changes_of_rows_pass() {
    for bed in beds().await {
        let stage = Stage::new(bed).await;
        let call = stage.bed.call();
        for statement in [
            "drop table tax",
            "truncate tax",
            "alter table tax add x int",
            "set a = 1",
            "select 1",
        ] {
            let body = json!({"statements": [statement], "rows": [[0, []]]}).to_string();
            let refused = send(&call, "transaction", body.into_bytes())
                .await
                .unwrap_err();
            assert!(!refused.sent, "{statement}");
        }
        let good = json!({"statements": ["delete from tax"], "rows": [[0, []]]}).to_string();
        for (method, path) in [
            ("GET", "transaction"),
            ("POST", "other"),
            ("POST", "../transaction"),
        ] {
            let request = HttpRequest {
                method: method.to_owned(),
                path: path.to_owned(),
                body: Some(good.clone().into()),
                ..HttpRequest::default()
            };
            assert!(
                call.connection.send(request).await.is_err(),
                "{method} {path}"
            );
        }
        let wrong = json!({"statements": ["delete from tax"], "rows": [[0, [1]]]}).to_string();
        let answer = send(&call, "transaction", wrong.into_bytes())
            .await
            .unwrap();
        assert_eq!(answer.status, 400, "{answer:?}");
    }
}
