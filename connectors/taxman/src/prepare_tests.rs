//! Records to calls: what is pasted, cut, kept in order, refused.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use tributary_sdk::Call;
use tributary_sdk::serde_json::{Value, from_slice, from_str, from_value, json};

use crate::config::{Action, Config};
use crate::prepare::{Context, calls};

fn config(document: Value) -> Config {
    let config: Config = from_value(document).unwrap();
    config.check().unwrap();
    config
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("k\"{number}")).collect()
}

fn made(document: Value, rows: &[Value]) -> Vec<Call> {
    let ndjson: String = rows.iter().map(|row| format!("{row}\n")).collect();
    calls(&config(document), ndjson.as_bytes(), &keys(rows.len())).unwrap()
}

fn context(call: &Call) -> Context {
    from_str(call.context.as_deref().unwrap()).unwrap()
}

/// Method, path and rows of each call.
fn told(calls: &[Call]) -> Vec<String> {
    let one = |call: &Call| format!("{} {} {:?}", call.method, call.path, call.rows);
    calls.iter().map(one).collect()
}

#[test]
fn rows_are_pasted_unchanged_and_cut_by_count() {
    let ndjson: String = (0..250)
        .map(|n| format!("{{\"code\":\"{n}\", \"amount\": 1.10}}\n"))
        .collect();
    let calls = calls(&Config::default(), ndjson.as_bytes(), &keys(250)).unwrap();
    let sizes: Vec<usize> = calls.iter().map(|call| call.rows.len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    let body: Value = from_slice(&calls[2].body).unwrap();
    assert_eq!(body["items"][0]["idempotency_key"], "k\"200");
    assert_eq!(body["items"][0].get("action"), None);
    assert!(String::from_utf8_lossy(&calls[2].body).contains("\"amount\": 1.10"));
    assert_eq!(calls[1].rows[0], 100);
    let few = config(json!({"max_rows_per_call": 3, "action": "void"}));
    let calls = crate::prepare::calls(&few, b"{\"n\":1}\nno JSON\n", &keys(2)).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&calls[0].body),
        "{\"items\":[{\"idempotency_key\":\"k\\\"0\",\"action\":\"void\",\"transaction\":{\"n\":1}},\
         {\"idempotency_key\":\"k\\\"1\",\"action\":\"void\",\"transaction\":no JSON}]}",
        "nothing is parsed"
    );
}

#[test]
fn large_rows_are_cut_by_bytes_and_no_row_is_lost() {
    let row = format!("{{\"text\":\"{}\"}}\n", "x".repeat(600_000));
    for document in [json!({}), json!({"action_field": "/action"})] {
        let calls = calls(&config(document), row.repeat(3).as_bytes(), &keys(3)).unwrap();
        assert_eq!(calls.len(), 3);
    }
}

#[test]
fn a_missing_key_is_an_error() {
    assert!(calls(&Config::default(), b"{}\n{}\n", &keys(1)).is_err());
    assert!(calls(&Config::default(), b"{}\n", &keys(2)).is_err());
}

#[test]
fn each_record_says_its_action_and_the_word_is_not_sent() {
    let rows = [
        json!({"code": "A", "do": "adjust", "n": 1}),
        json!({"code": "B", "n": 2}),
        json!({"code": "C", "do": "calculate"}),
        json!({"code": "D", "do": "void"}),
    ];
    let calls = made(json!({"action_field": "/do", "action": "create"}), &rows);
    assert_eq!(told(&calls), ["POST v1/transactions/batch [0, 1, 2, 3]"]);
    let body: Value = from_slice(&calls[0].body).unwrap();
    let actions: Vec<&Value> = (0..4).map(|n| &body["items"][n]["action"]).collect();
    assert_eq!(
        actions,
        ["adjust", "", "calculate", "void"]
            .map(|word| match word {
                "" => json!(null),
                word => json!(word),
            })
            .iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(
        body["items"][0]["transaction"],
        json!({"code": "A", "n": 1})
    );
    let context = context(&calls[0]);
    let actions: Vec<Action> = (0..4).map(|place| context.action(place)).collect();
    assert_eq!(
        actions,
        [
            Action::Adjust,
            Action::Create,
            Action::Calculate,
            Action::Void
        ]
    );
}

#[test]
fn of_one_transaction_only_the_first_record_is_in_the_call() {
    let rows = [
        json!({"code": "A", "company_code": "X", "do": "create"}),
        json!({"code": "B", "company_code": "X"}),
        json!({"code": "A", "company_code": "X", "do": "void"}),
        json!({"code": "A", "company_code": "X", "do": "calculate"}),
        json!({"code": "A", "company_code": "Y", "do": "void"}),
        json!({"code": "A", "company_code": "X", "do": "create"}),
    ];
    let calls = made(json!({"action_field": "/do"}), &rows);
    assert_eq!(
        told(&calls),
        ["POST v1/transactions/batch [0, 2, 5, 1, 3, 4]"]
    );
    let body: Value = from_slice(&calls[0].body).unwrap();
    assert_eq!(body["items"].as_array().unwrap().len(), 4);
    let waiting: Vec<(u32, u32)> = context(&calls[0]).after.into_iter().collect();
    assert_eq!(waiting, [(2, 0), (5, 0)]);

    let calls = made(json!({"action_field": "/do", "calls": "single"}), &rows);
    assert_eq!(
        told(&calls),
        [
            "POST v1/transactions [0, 2, 5]",
            "POST v1/transactions [1]",
            "POST v1/calculations [3]",
            "POST v1/transactions/A/void [4]",
        ]
    );
}

#[test]
fn those_that_wait_take_no_place_in_the_body() {
    let manifest: Value = from_str(include_str!("../connector.json")).unwrap();
    let most = manifest["delivery"]["max_rows_per_call"].as_u64().unwrap() as usize;
    let rows: Vec<Value> = (0..500)
        .map(|n| match n {
            0..150 => json!({"code": "A", "do": "adjust"}),
            150..300 => json!({"code": "A", "do": "delete"}),
            _ => json!({"code": format!("B{n}"), "do": "void"}),
        })
        .collect();
    for calls in ["batch", "single"] {
        let calls = made(json!({"action_field": "/do", "calls": calls}), &rows);
        assert!(calls.iter().all(|call| call.rows.len() <= most));
        assert_eq!(calls[0].rows[..150], (0..150).collect::<Vec<u32>>());
        let mut all: Vec<u32> = calls.iter().flat_map(|call| call.rows.clone()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..500).collect::<Vec<u32>>(), "each in one call");
        let keys = calls.iter().map(|call| context(call).keys.len());
        assert!(keys.max().unwrap() <= 100);
    }
}

#[test]
fn single_calls_have_their_key_in_the_header() {
    let rows = [
        json!({"code": "A/1 ü", "n": 1}),
        json!({"code": ".."}),
        json!({}),
    ];
    let calls = made(json!({"calls": "single", "action": "adjust"}), &rows);
    assert_eq!(
        told(&calls),
        [
            "POST v1/transactions/A%2F1%20%C3%BC/adjust [0]",
            "GET v1/ping [1, 2]"
        ]
    );
    assert_eq!(calls[0].idempotency_key.as_deref(), Some("k\"0"));
    assert_eq!(calls[0].body, b"{\"code\":\"A/1 \xc3\xbc\",\"n\":1}");
    assert!(context(&calls[0]).single);
    let refused = context(&calls[1]).refused;
    assert_eq!(refused[&2].2.as_deref(), Some("/code"));
    // what names nothing in its path may have any code
    let calls = made(json!({"calls": "single", "action": "create"}), &rows);
    assert!(calls.iter().all(|call| call.path == "v1/transactions"));
}

#[test]
fn an_unknown_action_is_in_no_call_that_changes_anything() {
    let rows = [json!({"code": "A", "do": "delete"}), json!({"code": "B"})];
    for calls in ["batch", "single"] {
        let calls = made(json!({"action_field": "/do", "calls": calls}), &rows);
        assert_eq!((calls.len(), calls[1].path.as_str()), (2, "v1/ping"));
        assert_eq!(
            (&calls[1].method, &calls[1].rows),
            (&"GET".to_owned(), &vec![0])
        );
        let (code, message, field) = &context(&calls[1]).refused[&0];
        assert_eq!(
            (code.as_str(), field.as_deref()),
            ("action_unknown", Some("/do"))
        );
        assert!(message.contains("\"delete\" is no action"), "{message}");
    }
}

#[test]
fn what_the_schema_cannot_say_is_refused() {
    for (document, field) in [
        (json!({"action_field": "action"}), "/config/action_field"),
        (json!({"action_field": ""}), "/config/action_field"),
        (json!({"action_field": "/a~2"}), "/config/action_field"),
        (
            json!({"calls": "single", "max_rows_per_call": 5}),
            "/config/max_rows_per_call",
        ),
    ] {
        let config: Config = from_value(document).unwrap();
        assert_eq!(config.check().unwrap_err().field.as_deref(), Some(field));
    }
    assert!(from_value::<Config>(json!({"action": "delete"})).is_err());
}
