//! The JSON scanner against hand-picked texts and the public parsing suite.

use super::*;

fn texts<'a>(body: &'a str, pointer: &str) -> Result<Vec<&'a str>, RowFault> {
    records(body.as_bytes(), pointer)
        .map(|range| range.map(|range| &body[range]))
        .collect()
}

#[test]
fn elements_are_found_where_the_pointer_says() {
    assert_eq!(texts("[]", "").unwrap(), Vec::<&str>::new());
    assert_eq!(
        texts(" [1, {\"a\":[2]} ,\"x\"] ", "").unwrap(),
        ["1", "{\"a\":[2]}", "\"x\""]
    );
    let body =
        r#"{"meta":{"orders":[9]},"d~/":[[7],[ 1,2 ]],"orders":[{"id":1},{"id":2}],"next":null}"#;
    assert_eq!(
        texts(body, "/orders").unwrap(),
        ["{\"id\":1}", "{\"id\":2}"]
    );
    assert_eq!(texts(body, "/meta/orders").unwrap(), ["9"]);
    assert_eq!(texts(body, "/d~0~1/1").unwrap(), ["1", "2"]);
    assert_eq!(texts("\u{FEFF}[1]", "").unwrap(), ["1"]);
    assert_eq!(texts(r#"{"\u006frders":[3]}"#, "/orders").unwrap(), ["3"]);
}

#[test]
fn a_missing_array_is_a_protocol_fault() {
    for (body, pointer) in [
        ("{}", "/orders"),
        ("{\"orders\":null}", "/orders"),
        ("[1]", "/5"),
        ("3", ""),
    ] {
        let fault = texts(body, pointer).unwrap_err();
        assert_eq!(fault.code, ErrorCode::SourceProtocol, "{body}");
    }
}

#[test]
fn elements_before_the_broken_place_are_good() {
    let body = br#"{"orders":[{"id":1},{"id":2},{"id":3,}],"next":1}"#;
    let all: Vec<_> = records(body, "/orders").collect();
    assert_eq!(all.len(), 3);
    assert!(all[0].is_ok() && all[1].is_ok());
    let fault = all[2].as_ref().unwrap_err();
    assert_eq!(
        (fault.code, fault.position.line),
        (ErrorCode::JsonInvalid, 3)
    );
    assert!(fault.message.contains("key in quotes"), "{}", fault.message);
}

#[test]
fn what_follows_the_array_is_checked_too() {
    for body in [
        r#"{"orders":[1]"#,
        r#"{"orders":[1],}"#,
        r#"{"orders":[1],"next":tru}"#,
        r#"{"orders":[1]} x"#,
        r#"{"orders":[1]]"#,
        r#"{"orders":[1"#,
        r#"{"orders":[1 2]}"#,
        r#"{"orders":[1,]}"#,
        r#"{"orders":[,1]}"#,
    ] {
        assert!(texts(body, "/orders").is_err(), "{body}");
    }
    let good = r#"{"a":{"orders":[1],"x":[{"y":{}}]},"b":2}"#;
    assert_eq!(texts(good, "/a/orders").unwrap(), ["1"]);
}

#[test]
fn probe_answers_scalars_as_text() {
    let body = r#"{"next":"a\u00e4b","n":1.50,"no":null,"yes":true,"o":{"x":"plain"}}"#.as_bytes();
    let text = |pointer| probe(body, pointer).unwrap().map(Cow::into_owned);
    assert_eq!(text("/next").as_deref(), Some("aäb"));
    assert_eq!(text("/n").as_deref(), Some("1.50"));
    assert_eq!(text("/yes").as_deref(), Some("true"));
    assert_eq!(text("/o/x").as_deref(), Some("plain"));
    assert_eq!(text("/no"), None);
    assert_eq!(text("/absent"), None);
    assert!(probe(body, "/o").is_err());
    assert!(probe(b"{\"a\"", "/a").is_err());
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(check(nested(128).as_bytes(), RowPosition::default()).is_ok());
    let fault = check(nested(129).as_bytes(), RowPosition::default()).unwrap_err();
    assert!(fault.message.contains("128 levels"), "{}", fault.message);
    assert!(check(nested(1_000_000).as_bytes(), RowPosition::default()).is_err());
}

/// The public suite: `y_` must be accepted, `n_` refused, `i_` either.
#[test]
fn the_json_test_suite() {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the suites lie is the test's own setting"
    )]
    let suites = std::env::var("TRIBUTARY_SUITES").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/suites").to_owned()
    });
    let Ok(folder) = std::fs::read_dir(format!("{suites}/json-parsing/test_parsing")) else {
        println!("skipped: no suite");
        return;
    };
    let mut seen = 0;
    for entry in folder {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read(&path).unwrap();
        let result = check(&text, RowPosition::default());
        match name.split('_').next() {
            Some("y") => assert!(result.is_ok(), "{name}: {result:?}"),
            Some("n") => assert!(result.is_err(), "{name}"),
            _ => {}
        }
        seen += 1;
    }
    assert!(seen > 300, "the suite has 318 files, found {seen}");
}
