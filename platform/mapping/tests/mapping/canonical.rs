//! The canonical text of documents: the form is fixed, reads back as the same document, and is its
//! own form; the tenants' documents have it.

use std::path::PathBuf;

use proptest::prelude::*;
use tributary_mapping::document::{Document, MAX_WIDTH, canonical};
use tributary_mapping::parse;

proptest! {
    #[test]
    fn the_form_reads_back_and_is_its_own_form(document in crate::documents::documents()) {
        let text = canonical(&document);
        let again = parse(text.as_bytes())
            .map_err(|faults| TestCaseError::fail(format!("{faults:?}\n{text}")))?;
        prop_assert_eq!(&again, &document);
        prop_assert_eq!(canonical(&again), text);
    }

    #[test]
    fn the_order_in_which_members_were_written_does_not_matter(document in crate::documents::documents()) {
        let mut value = serde_json::to_value(&document).unwrap();
        for field in value["fields"].as_array_mut().unwrap() {
            let members = std::mem::take(field.as_object_mut().unwrap());
            field.as_object_mut().unwrap().extend(members.into_iter().rev());
        }
        let shuffled: Document = serde_json::from_value(value).unwrap();
        prop_assert_eq!(canonical(&shuffled), canonical(&document));
    }
}

#[test]
fn the_form_is_this() {
    let loose = r#"{ "fields": [
        {"to":"code","id":"code","do":[{"length":3,"fn":"pad_left","with":"0"}],"from":"$.no","null":"emit","type":"string","on_error":"reject"},
        {"id":"ship","to":"ship","object":[{"id":"city","to":"city","type":"string","from":["$.city"],"required":true}]},
        {"id":"lines","to":"lines","each":"$.lines","fields":[
            {"id":"use","to":"use","type":"string","switch":[{"when":"src.customer_class in ['G', 'N', 'another long class']","const":"GOV"},{"else":true,"const":null}]}]}
        ], "rows":[{"op":"filter","keep":"true","id":"all"}], "name":"a", "version": 1, "limits": {"max_issues": 50},
        "source":{"key":["$.no"],"format":"csv","locale":"plain"},
        "tests":[{"name":"t","rows":["1"],"columns":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","cccccccccccccccccccccccccccccc","dddddddddddddddddddddddddddddd","e"]}] }"#;
    let expected = r#"{
  "version": 1,
  "name": "a",
  "source": { "format": "csv", "key": ["$.no"] },
  "rows": [
    { "id": "all", "op": "filter", "keep": "true" }
  ],
  "fields": [
    { "id": "code", "to": "code", "type": "string", "from": "$.no", "do": [{ "fn": "pad_left", "length": 3, "with": "0" }] },
    {
      "id": "ship",
      "to": "ship",
      "object": [
        { "id": "city", "to": "city", "type": "string", "from": ["$.city"], "required": true }
      ]
    },
    {
      "id": "lines",
      "to": "lines",
      "each": "$.lines",
      "fields": [
        {
          "id": "use",
          "to": "use",
          "type": "string",
          "switch": [{ "when": "src.customer_class in ['G', 'N', 'another long class']", "const": "GOV" }, { "else": true, "const": null }]
        }
      ]
    }
  ],
  "tests": [
    {
      "name": "t",
      "columns": [
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccccccccc",
        "dddddddddddddddddddddddddddddd", "e"
      ],
      "rows": ["1"]
    }
  ]
}
"#;
    let text = canonical(&parse(loose.as_bytes()).unwrap());
    assert_eq!(text, expected);
    assert!(text.lines().all(|line| line.chars().count() <= MAX_WIDTH));
}

/// Set `UPDATE_DOCUMENTS` to bring the tenants' documents into the form.
#[test]
fn the_documents_of_the_tenants_have_the_form() {
    let tenants = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tenants");
    let mut seen = 0;
    for tenant in std::fs::read_dir(tenants).unwrap() {
        let folder = tenant.unwrap().path().join("mappings");
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let document = parse(text.as_bytes()).unwrap();
            let form = canonical(&document);
            #[expect(
                clippy::disallowed_methods,
                reason = "a switch of this test, not configuration"
            )]
            if form != text && std::env::var_os("UPDATE_DOCUMENTS").is_some() {
                std::fs::write(&path, &form).unwrap();
            } else {
                assert_eq!(form, text, "{} is not in canonical form", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen >= 2, "found {seen} documents");
}
