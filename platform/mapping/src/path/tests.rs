//! Paths of documents, prefixes, limits.

use super::*;

#[test]
fn singular_paths_round_trip() {
    for text in [
        "$",
        "$.order_no",
        "$['Order No']",
        "$.a.b[0].c",
        "$['it\\'s']",
    ] {
        assert_eq!(write_path("$", &parse_singular(text).unwrap()), text);
    }
    assert_eq!(
        parse_singular("$[\"a\"]").unwrap(),
        [Step::Name("a".to_owned())]
    );
}

#[test]
fn what_gives_many_values_is_told_apart_from_nonsense() {
    for text in [
        "$..a",
        "$.a[?@.b]",
        "$.a[1:2]",
        "$.*.a",
        "$.a[*]",
        "$[-1]",
        "$['a','b']",
    ] {
        assert!(
            matches!(parse_singular(text), Err(PathError::Unsupported(_))),
            "{text}"
        );
    }
    for text in ["order_no", "$.", "$[", "$.a-b", "$.a b c'"] {
        assert!(
            matches!(parse_singular(text), Err(PathError::Invalid(_))),
            "{text}"
        );
    }
    assert_eq!(parse_array("$.a[*]").unwrap(), parse_array("$.a").unwrap());
}

fn parts(text: &str, json: &str) -> Vec<String> {
    let found = select(text, json).unwrap();
    found.into_iter().map(|found| found.text).collect()
}

#[test]
fn values_keep_their_digits_and_comparisons_are_exact() {
    let json =
        r#"{"a": [1.10, 1e400, 123456789012345678901234567890123456789012, 9007199254740993]}"#;
    assert_eq!(parts("$.a[0]", json), ["1.10"]);
    assert_eq!(parts("$.a[?@ == 1.1]", json), ["1.10"]);
    assert_eq!(parts("$.a[?@ == 9007199254740992]", json).len(), 0);
    assert_eq!(
        parts("$.a[?@ == 9007199254740993]", json),
        ["9007199254740993"]
    );
    assert_eq!(
        parts(
            "$.a[?@ >= 123456789012345678901234567890123456789012]",
            json
        ),
        ["1e400", "123456789012345678901234567890123456789012"]
    );
    assert_eq!(
        parts("$.a[?@ > 123456789012345678901234567890123456789012]", json),
        ["1e400"]
    );
}

#[test]
fn names_and_texts_are_compared_after_their_escapes() {
    let json = r#"{"gr\u00f6\u00dfe": ["\u0041", "A", "\ud834\udd1e"]}"#;
    assert_eq!(parts("$.größe[?@ == 'A']", json), [r#""\u0041""#, r#""A""#]);
    assert_eq!(
        parts(r"$..[?length(@) == 1 && @ > '\u0042']", json),
        [r#""\ud834\udd1e""#]
    );
    let found = select("$.größe[2]", json).unwrap();
    assert_eq!(found.first().unwrap().path, "$['größe'][2]");
    // U+00A0 belongs to the name, it is no blank
    assert_eq!(parts("$.a\u{a0}", "{\"a\u{a0}\": 1, \"a\": 2}"), ["1"]);
}

#[test]
fn a_member_twice_is_refused() {
    let few = r#"{"a": 1, "b": {"c": 1, "\u0063": 2}}"#;
    let many: Vec<String> = (0..20).map(|i| format!("\"m{}\": 1", i % 19)).collect();
    for json in [few.to_owned(), format!("{{{}}}", many.join(","))] {
        let error = select("$.a", &json).unwrap_err().to_string();
        assert!(error.contains("twice"), "{error}");
    }
    assert_eq!(
        select("$", r#"{"a": 1, "a": 2}"#).unwrap_err().to_string(),
        "the member stands twice in its object (byte 14)"
    );
}

#[test]
fn the_prefix_holds_all_that_is_looked_at() {
    let json = r#"{"o": {"limit": 2, "l": [{"n": 1}, {"n": 2}, {"n": 3}]}, "limit": 1}"#;
    for (text, prefix, found) in [
        ("$", "$", 1),
        ("$.o.l[1].n", "$.o.l[1].n", 1),
        ("$.o.l[-1].n", "$.o.l", 1),
        ("$.o.l[*].n", "$.o.l", 3),
        ("$..n", "$", 3),
        ("$.o['l','limit']", "$.o", 2),
        ("$.o.l[?@.n > 1]", "$.o.l", 2),
        ("$.o.l[?@.n >= $.o.limit]", "$.o", 2),
        ("$.o.l[?@.n >= $.limit]", "$", 3),
        (
            "$.o.l[?!(@.n < $.limit || count($.o.l[?@.n == $.o.l[0].n]) != 1)]",
            "$",
            3,
        ),
        ("$.o.l[?length($.o.l[?@.n == $.o.l[0].n]) != 1]", "", 0),
        ("$.missing.l[*]", "$.missing.l", 0),
    ] {
        let Ok(query) = Query::parse(text) else {
            assert_eq!(prefix, "", "{text}");
            continue;
        };
        let (path, rest) = query.prefix();
        assert_eq!(write_path("$", &path), prefix, "{text}");
        assert_eq!(
            query.singular().is_some(),
            rest.segments.is_empty(),
            "{text}"
        );
        let whole = select(text, json).unwrap();
        assert_eq!(whole.len(), found, "{text}");
        // the rest on the value at the prefix finds the same
        let Some(top) = select(prefix, json).unwrap().pop() else {
            continue;
        };
        let tree = Tree::parse(&top.text).unwrap();
        let selection = rest.select(&tree).unwrap();
        let there: Vec<Selected> = selection
            .nodes()
            .map(|node| Selected {
                path: write_normalized(&[path.clone(), node.path()].concat()),
                text: node.text().to_owned(),
            })
            .collect();
        assert_eq!(there, whole, "{text}");
    }
}

#[test]
fn types_of_functions_and_blanks_are_checked() {
    for text in [
        "$[?length(@.*) == 1]",
        "$[?count(1) == 1]",
        "$[?value('x') == 1]",
        "$[?match(@.*, 'a')]",
        "$[?match(@.a, 'a') == true]",
        "$[?length(@)]",
        "$[?length(match(@, 'a')) == 1]",
        "$[?in(@, $.a)]",
        "$[?none_of(@, $.a)]",
        "$[?count(length(@)) == 1]",
        "$[?@[ 'a' ] == 1]",
        "$[?@. a]",
        "$[?1 1 == @]",
        "$[?@ == 1 .5]",
        "$.a b",
        "$[9007199254740992]",
    ] {
        assert!(
            matches!(Query::parse(text), Err(PathError::Invalid(_))),
            "{text}"
        );
    }
    for text in [
        "$[?@ == 123456789012345678901234567890]",
        "$[?@[ 'a' ]]",
        "$[?count( @[ * ] ) == 1]",
        "$[ ? ( @ .a ) ]",
        "$[?match(@.a, '(')]",
    ] {
        assert!(
            Query::parse(text).is_ok(),
            "{text}: {:?}",
            Query::parse(text)
        );
    }
    let why = |text: &str| match Query::parse(text) {
        Err(PathError::Invalid(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        why("$.a[?@.b = 1]"),
        "'=' or what follows cannot stand here (character 10)"
    );
    assert_eq!(why("$.a["), "the path ends too early");
    let large = why(r"$[?match(@, '(\\p{L}{900}){900}')]");
    assert!(large.contains("too large"), "{large}");
}

#[test]
fn no_query_takes_too_much() {
    let list = format!("[{}]", vec!["[1,2,3,4,5,6,7,8,9]"; 5_000].join(","));
    let limit = |text: &str, json: &str| select(text, json).unwrap_err().to_string();
    assert!(limit("$[*]..[*,*,*,*]", &list).contains("100000 values"));
    assert!(limit("$[?count($..*) > 1]", &list).contains("steps"));
    assert!(limit("$[?$[?$[?$[?@ == $]]]]", &list).contains("steps"));
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    assert!(limit("$", &deep).contains("64 deep"));
    let deep = format!("{}1{}", "[".repeat(64), "]".repeat(64));
    assert_eq!(parts("$..*", &deep).len(), 64);
    assert!(limit("$..*..*..*..*..*", &deep).contains("values"));
    let many = format!("[{}1]", "1,".repeat(1_000_000));
    assert!(limit("$[0]", &many).contains("million"));
    // nested calls are where the parser's time grows fastest
    let nested = "$[?match(value(@[?match(value(@[?match(value(@[?match(value(@..#";
    assert!(Query::parse(nested).is_err());
    assert!(Query::parse(&"$[?!(".repeat(16)).is_err());
    assert!(Query::parse(&format!("$[?{}@.a", "(".repeat(30))).is_err());
}

#[test]
fn descending_is_linear() {
    let work = |count: usize| {
        let json = format!(
            "[{}]",
            vec![r#"{"a": {"a": 1, "b": [1, 2]}}"#; count].join(",")
        );
        let tree = Tree::parse(&json).unwrap();
        let query = Query::parse("$..a").unwrap();
        let (selection, work) = query.measured(&tree).unwrap();
        assert_eq!(selection.nodes().count(), 2 * count);
        work
    };
    // a megabyte and more: some ten steps for every element, however many there are
    let (small, large) = (work(4_000), work(40_000));
    assert!(large <= small * 10, "{small} {large}");
    assert!(large < 40_000 * 12, "{large}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]
    /// Whatever stands there, parser and evaluation come back, and what is found is found again by
    /// its own path.
    #[test]
    fn any_text_is_evaluated_or_refused(
        words in proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..14),
    ) {
        let json = r#"{"a": [1, 2.50, {"b": "x\n'", "a": null}], "b": {"a": [true, []]}}"#;
        let text = format!("${}", words.concat());
        if let Ok(found) = select(&text, json) {
            for found in found {
                let again = select(&found.path, json).unwrap();
                assert_eq!(again, [found], "{text}");
            }
        }
    }
}

const WORDS: [&str; 44] = [
    ".a",
    ".b",
    "..a",
    ".*",
    "..*",
    "..",
    "[",
    "]",
    "[0]",
    "[-1]",
    "[1:]",
    "[::-2]",
    "['a']",
    "[\"b\",0]",
    "[*]",
    "[?",
    "[?@",
    "[?@.a]",
    "@",
    "@.a",
    "$",
    "(",
    ")",
    "!",
    "&&",
    "||",
    "==",
    "<=",
    "!=",
    "1",
    "2.5",
    "-0",
    "'x'",
    "null",
    "true",
    "length(",
    "count(",
    "value(@..a)",
    "match(@.b,'x.*')",
    "search(",
    ",",
    " ",
    "[?@.a==1]",
    "é",
];
