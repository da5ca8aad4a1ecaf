//! What a column of each type becomes, to the last digit.

use serde_json::{Value, json};
use tributary_counterparts::databases::{Kind, Options};

use super::bed::Bed;

async fn one_row(bed: &Bed, table: &str) -> (String, Value) {
    let config = json!({"streams": {"s": {"table": table}}});
    let streams = bed.connector.discover(&bed.call(), &config).await.unwrap();
    let selection = Bed::select("s", false, None);
    let (rows, _) = bed.read(&config, &selection).await.unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    // every column may be null
    let nulls: Value = serde_json::from_str(&rows[1]).unwrap();
    let others = nulls
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "id");
    assert!(
        others.clone().count() > 3 && others.clone().all(|(_, value)| value.is_null()),
        "{nulls}"
    );
    (rows[0].clone(), streams[0].schema.clone())
}

fn kind(schema: &Value, column: &str) -> Value {
    schema["properties"][column]["type"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_postgres_arrive_without_loss() {
    let Some(bed) = Bed::server(Kind::Postgres, &Options::default()).await else {
        return;
    };
    bed.table(
        "create type mood as enum ('so', 'la');
         create domain amount as numeric(30,10);
         create table t (id int8 primary key, dec numeric, dom amount, big int8, small int2, f float8, g float4,
            b bool, txt text, chr char(3), u uuid, d date, ti time, tz timetz, ts timestamp, tst timestamptz,
            iv interval, by bytea, j json, jb jsonb, arr int4[], arr2 numeric[], m mood, ip inet, mon money)",
    );
    bed.sql(
        "insert into t values (1, 12345678901234567890123456789012345.678901234567890, -0.0000000001,
            9223372036854775807, -32768, 0.1, 0.1, true, 'é\"\\\n', 'a', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
            '2024-02-29', '23:59:59.999999', '01:02:03+05:30', '1969-12-31 23:59:59.5',
            '2026-11-21 12:00:00+01', '1 year 2 months 3 days 04:05:06.7', '\\x00ff', '{\"a\":\n 1.10}', '{\"a\": 1.10}',
            '{{1,null},{3,4}}', '{1.50,NaN}', 'la', '10.0.0.1/8', '1234.50');
         insert into t (id) values (2)",
    );
    let (row, schema) = one_row(&bed, "t").await;
    assert_eq!(
        row,
        concat!(
            r#"{"id":1,"dec":12345678901234567890123456789012345.678901234567890,"dom":-0.0000000001,"#,
            r#""big":9223372036854775807,"small":-32768,"f":0.1,"g":0.1,"b":true,"txt":"é\"\\\n","chr":"a  ","#,
            r#""u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","d":"2024-02-29","ti":"23:59:59.999999","#,
            r#""tz":"01:02:03+05:30","ts":"1969-12-31T23:59:59.5","tst":"2026-11-21T11:00:00Z","#,
            r#""iv":"P1Y2M3DT4H5M6.7S","by":"AP8=","j":{"a":  1.10},"jb":{"a": 1.10},"arr":[[1,null],[3,4]],"#,
            r#""arr2":[1.50,"NaN"],"m":"la","ip":"10.0.0.1/8","mon":1234.50}"#,
        )
    );
    assert_eq!(kind(&schema, "id"), "integer");
    assert_eq!(kind(&schema, "dec"), json!(["number", "null"]));
    assert_eq!(schema["properties"]["tst"]["format"], "date-time");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_mariadb_arrive_without_loss() {
    let Some(bed) = Bed::server(Kind::Mariadb, &Options::default()).await else {
        return;
    };
    bed.table(
        "create table t (id bigint unsigned primary key, de decimal(65,30), big bigint, f double, g float, yn bool,
            txt longtext, d date, ti time(6), dt datetime(6), ts timestamp(3) null default null, y year, bl blob, bi bit(12),
            e enum('so','la'), j json) default charset utf8mb4;
         set time_zone = '+02:00';
         insert into t values (18446744073709551615, 12345678901234567890123456789012345.678901234567890123456789012345,
            -9223372036854775808, 0.1, 0.1, true, 'é\"\\\\\n', '2024-02-29', '-838:59:58.5', '1969-12-31 23:59:59.5',
            '2026-11-21 12:00:00.125', 2026, x'00ff', b'000100000001', 'la', '{\"a\": 1.10}');
         insert into t (id) values (1)",
    );
    let config = json!({"streams": {"s": {"table": "t"}}});
    let (rows, _) = bed
        .read(&config, &Bed::select("s", false, None))
        .await
        .unwrap();
    assert_eq!(
        rows[1],
        concat!(
            r#"{"id":18446744073709551615,"de":12345678901234567890123456789012345.678901234567890123456789012345,"#,
            r#""big":-9223372036854775808,"f":0.1,"g":0.1,"yn":1,"txt":"é\"\\\n","d":"2024-02-29","#,
            r#""ti":"-838:59:58.5","dt":"1969-12-31T23:59:59.5","ts":"2026-11-21T10:00:00.125Z","y":2026,"#,
            r#""bl":"AP8=","bi":257,"e":"la","j":"{\"a\": 1.10}"}"#,
        )
    );
    assert!(rows[0].contains(r#""id":1,"de":null"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_sqlite_arrive_without_loss() {
    let bed = Bed::sqlite().await;
    bed.sql(
        "create table t (id integer primary key, dec decimal(10,2), big bigint, f real, txt text, by blob, any);
         insert into t values (1, 1.5, 9223372036854775807, 0.1, 'é\"\n', x'00ff', 'text');
         insert into t (id) values (2)",
    );
    let (row, schema) = one_row(&bed, "t").await;
    assert_eq!(
        row,
        r#"{"id":1,"dec":1.5,"big":9223372036854775807,"f":0.1,"txt":"é\"\n","by":"AP8=","any":"text"}"#
    );
    assert_eq!(kind(&schema, "big"), json!(["integer", "null"]));
}
