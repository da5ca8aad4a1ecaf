//! What a database connection must not let through: addresses, certificates, accounts, statements, files.

use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tributary_counterparts::databases::{Kind, Options};
use tributary_host::EgressPolicy;
use tributary_model::error_code::ErrorCode;

use super::bed::{Bed, beds, context};
use crate::support::{SECRET, load};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Name and verdict of each step of a check.
async fn steps(bed: &Bed, endpoint: &Value, password: &str) -> Vec<(String, bool, String)> {
    let call = bed.call_with(endpoint, password).unwrap();
    let steps = bed.connector.check(&call, &json!({})).await.unwrap();
    steps
        .into_iter()
        .map(|step| (step.name, step.ok, step.message))
        .collect()
}

fn failed(steps: &[(String, bool, String)]) -> &str {
    let bad: Vec<&str> = steps
        .iter()
        .filter(|step| !step.1)
        .map(|step| step.0.as_str())
        .collect();
    assert!(bad.len() <= 1, "{steps:?}");
    assert!(
        !steps.iter().any(|step| step.2.contains(SECRET)),
        "{steps:?}"
    );
    bad.first().copied().unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_believed_only_with_the_right_certificate() {
    let own = authority();
    let other = authority().pem();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["db.example".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &own).unwrap().pem();
    let tls = Some((certificate, key.serialize_pem()));
    for kind in [Kind::Postgres, Kind::Mariadb] {
        let options = Options {
            tls: tls.clone(),
            ..Options::default()
        };
        let Some(bed) = Bed::server(kind, &options).await else {
            continue;
        };
        let mut endpoint = bed.endpoint();
        for (tls, wanted) in [
            (
                json!({"trust": [own.pem()], "server_name": "db.example"}),
                "none",
            ),
            (json!({"trust": [own.pem()]}), "tls"),
            (
                json!({"trust": [own.pem()], "server_name": "other.example"}),
                "tls",
            ),
            (
                json!({"trust": [other], "server_name": "db.example"}),
                "tls",
            ),
            (json!({"server_name": "db.example"}), "tls"),
            (json!({}), "tls"),
            (json!({"mode": "off"}), "none"),
        ] {
            endpoint["tls"] = tls.clone();
            let steps = steps(&bed, &endpoint, SECRET).await;
            assert_eq!(failed(&steps), wanted, "{kind:?} {tls}: {steps:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_gets_no_password_and_a_wrong_one_is_told() {
    for bed in beds().await {
        let mut endpoint = bed.endpoint();
        if bed.driver == "sqlite" {
            endpoint["database"] = json!("none.sqlite");
            assert_eq!(failed(&steps(&bed, &endpoint, SECRET).await), "auth");
            continue;
        }
        let wrong = steps(&bed, &endpoint, "another-password").await;
        assert_eq!(failed(&wrong), "auth", "{wrong:?}");
        assert!(!wrong.iter().any(|step| step.2.contains("another-password")));
        endpoint["database"] = json!("nowhere");
        assert_eq!(failed(&steps(&bed, &endpoint, SECRET).await), "auth");
        let mut endpoint = bed.endpoint();
        if bed.driver == "postgres" {
            // Debian's MariaDB makes a certificate for itself
            endpoint["tls"] = json!({});
            let none = steps(&bed, &endpoint, SECRET).await;
            assert_eq!(failed(&none), "tls", "{none:?}");
        }
        let (_, connector) = load("sql", &[]).await;
        for host in ["no-such-host.invalid", "127.0.0.1"] {
            let endpoint = json!({"kind": "sql", "driver": bed.driver, "host": host, "database": "x",
                "auth": {"kind": "password", "user": "u"}});
            let call = context(&EgressPolicy::default(), &endpoint, SECRET).unwrap();
            let steps = connector.check(&call, &json!({})).await.unwrap();
            let last = steps.last().unwrap();
            let wanted = if host == "127.0.0.1" {
                "connect"
            } else {
                "dns"
            };
            assert!(!last.ok && last.name == wanted, "{steps:?}");
        }
    }
}

/// A listener that must not be spoken to.
async fn canary() -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        listener.accept().await.unwrap();
    });
    (port, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_granted_addresses_are_dialled() {
    let (port, heard) = canary().await;
    let (host, connector) = load("sql", &[format!("127.0.0.1:{}", port + 1)]).await;
    for driver in ["postgres", "mysql"] {
        for name in [
            "127.0.0.1",
            "localhost",
            "::1",
            "0.0.0.0",
            "127.1",
            "::ffff:127.0.0.1",
        ] {
            let endpoint = json!({"kind": "sql", "driver": driver, "host": name, "port": port,
                "database": "x", "auth": {"kind": "password", "user": "u"}});
            let call = context(host.egress(), &endpoint, SECRET).unwrap();
            let steps = connector.check(&call, &json!({})).await.unwrap();
            assert!(!steps.last().unwrap().ok, "{driver} {name}: {steps:?}");
        }
        // in clear only where this very host and port is granted
        let endpoint = json!({"kind": "sql", "driver": driver, "host": "db.example.com", "database": "x",
            "tls": {"mode": "off"}, "auth": {"kind": "password", "user": "u"}});
        let refused = context(host.egress(), &endpoint, SECRET).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ConfigInvalid);
        assert_eq!(refused.pointer.as_deref(), Some("/endpoint/tls/mode"));
        for host_name in ["", "a b", "a/b", "u@h"] {
            let endpoint = json!({"kind": "sql", "driver": driver, "host": host_name, "database": "x",
                "auth": {"kind": "password", "user": "u"}});
            assert!(
                context(host.egress(), &endpoint, SECRET).is_err(),
                "{host_name:?}"
            );
        }
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!heard.is_finished(), "the canary was dialled");
    let sqlite = json!({"kind": "sql", "driver": "sqlite", "database": "erp.sqlite"});
    let refused = context(host.egress(), &sqlite, SECRET).unwrap_err();
    assert_eq!(refused.code, ErrorCode::ConnectionRefused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_changes_nothing() {
    for bed in beds().await {
        bed.table("create table a (id integer primary key, v integer)");
        bed.sql("insert into a values (1, 1)");
        if bed.driver == "postgres" {
            // The account may write; the session may not.
            bed.sql("grant all on a to erp_read; create sequence s; grant all on s to erp_read");
            bed.sql("create function sly() returns int language sql as 'insert into a values (9, 9) returning id'");
        }
        if bed.driver == "mysql" {
            bed.sql("grant all on erp.* to erp_read@'127.0.0.1'");
        }
        let mut statements = vec![
            "insert into a values (2, 2)",
            "update a set v = 5",
            "delete from a",
            "drop table a",
            "commit",
            "select 1 as id; delete from a",
            "select 1 as id) as q; delete from a; select * from (select 1 as id",
        ];
        statements.extend_from_slice(match bed.driver {
            "postgres" => &[
                "with w as (insert into a values (3, 3) returning id) select * from w",
                "select sly() as id",
                "select nextval('s') as id",
                "set default_transaction_read_only = off",
                "copy a to stdout",
            ][..],
            "mysql" => &[
                "set session transaction read write",
                "select 1 as id into @a",
                "/*! delete */ from a",
                "load data local infile '/etc/passwd' into table a",
                "call nothing()",
            ],
            _ => &[
                "attach database '/tmp/other.db' as other",
                "pragma writable_schema = 1",
                "vacuum into '/tmp/copy.db'",
                "select load_extension('/tmp/x') as id",
            ],
        });
        for statement in statements {
            // as it stands, and inside what the connector makes of it
            let config = json!({"streams": {"s": {"query": statement, "key": ["id"]}}});
            let selection = Bed::select("s", false, None);
            let read = bed.read(&config, &selection).await;
            assert!(read.is_err(), "{} {statement}: {read:?}", bed.driver);
            let filter = json!({"streams": {"s": {"table": "a", "filter": format!("1 = 1); {statement} --")}}});
            assert!(
                bed.read(&filter, &selection).await.is_err(),
                "{} {statement}",
                bed.driver
            );
        }
        assert_eq!(
            bed.sql("select count(*) from a where id = 1 and v = 1")
                .trim(),
            "1"
        );
        assert_eq!(
            bed.sql("select count(*) from a").trim(),
            "1",
            "{}",
            bed.driver
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_named() {
    for bed in beds().await {
        bed.table("create table a (id integer primary key, v integer, odd char(3))");
        for (stream, field, word) in [
            (json!({"table": "nowhere"}), "table", "nowhere"),
            (json!({"table": "a", "cursor": "w"}), "cursor", "id, v"),
            (
                json!({"table": "a", "columns": ["id", "w"]}),
                "columns",
                "\"w\"",
            ),
            (json!({"table": "a", "key": ["w"]}), "key", "\"w\""),
            (
                json!({"query": "select nonsense from a"}),
                "query",
                "nonsense",
            ),
        ] {
            let config = json!({"streams": {"s": stream}});
            let problem = bed
                .read(&config, &Bed::select("s", false, None))
                .await
                .unwrap_err();
            let wanted = format!("/config/streams/s/{field}");
            assert_eq!(
                problem.pointer.as_deref(),
                Some(wanted.as_str()),
                "{} {problem:?}",
                bed.driver
            );
            assert!(problem.detail.contains(word), "{problem:?}");
            let steps = bed.connector.check(&bed.call(), &config).await.unwrap();
            assert!(!steps.last().unwrap().ok, "{steps:?}");
        }
        if bed.driver != "sqlite" {
            // SQLite gives the second one another name
            let two = json!({"streams": {"s": {"query": "select 1 as a, 2 as a from a"}}});
            let whole = Bed::select("s", false, None);
            let problem = bed.read(&two, &whole).await.unwrap_err();
            assert_eq!(problem.code, ErrorCode::ConfigInvalid, "{problem:?}");
        }
        bed.sql("create table k (a integer)");
        bed.table("insert into k values (1), (null)");
        let nulls = json!({"streams": {"s": {"table": "k", "key": ["a"]}}});
        let problem = bed
            .read(&nulls, &Bed::select("s", false, None))
            .await
            .unwrap_err();
        assert!(problem.detail.contains("null in some rows"), "{problem:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_the_database_repeats_is_covered() {
    for bed in beds().await {
        if bed.driver == "sqlite" {
            continue; // has none
        }
        let whole = Bed::select("s", false, None);
        let echo = json!({"streams": {"s": {"query": format!("select '{SECRET}' as id")}}});
        let (rows, _) = bed.read(&echo, &whole).await.unwrap();
        assert_eq!(rows, [r#"{"id":"[redacted]"}"#], "{}", bed.driver);
        let wrong = match bed.driver {
            "postgres" => format!("select cast('{SECRET}' as integer) as id"),
            _ => format!("select `{SECRET}` as id"),
        };
        let config = json!({"streams": {"s": {"query": wrong}}});
        let problem = bed.read(&config, &whole).await.unwrap_err();
        assert!(problem.detail.contains("[redacted]"), "{problem:?}");
        assert!(!format!("{problem:?}").contains(SECRET), "{problem:?}");
    }
}
