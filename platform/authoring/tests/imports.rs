//! Drafts from what customers hand over: JSON Schema, OpenAPI, CSV, sheets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use tributary_authoring::import::{
    Import, ImportError, SheetOptions, from_csv, from_json_schema, from_openapi, from_sheet,
    operations,
};
use tributary_authoring::suggest::Memory;
use tributary_authoring::{Draft, SourceShape, format, new_document, suggest, unmapped};
use tributary_mapping::document::{Document, SourceFormat, canonical};
use tributary_mapping::schema::Schema;
use tributary_mapping::{Diagnostic, Environment, check, parse};
use tributary_model::id::Slug;

fn slug() -> Slug {
    Slug::parse("draft").unwrap()
}

fn diagnostics(document: &Document) -> Vec<Diagnostic> {
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params);
    check(document, &environment)
}

/// The draft compiles and survives the way through its text.
fn assert_sound(draft: &Draft) {
    let text = canonical(&draft.document);
    assert_eq!(diagnostics(&draft.document), [], "{text}");
    assert_eq!(parse(text.as_bytes()).unwrap(), draft.document);
    assert_eq!(format(text.as_bytes()).unwrap(), text);
}

/// The fields of a draft as JSON.
fn fields(draft: &Draft) -> Value {
    serde_json::to_value(&draft.document).unwrap()["fields"].clone()
}

fn target() -> Value {
    json!({
        "title": "Invoice",
        "type": "object",
        "required": ["number", "lines"],
        "properties": {
            "id": { "type": "string", "readOnly": true },
            "number": { "type": "string", "maxLength": 20 },
            "kind": { "const": "invoice" },
            "ship_to": { "type": "object", "required": ["city"], "properties": { "city": { "type": "string" }, "number": { "type": "string" } } },
            "tags": { "type": "array", "items": { "type": "string" } },
            "lines": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/line" } }
        },
        "$defs": { "line": { "type": "object", "required": ["amount"], "properties": { "amount": { "type": "number", "multipleOf": 0.01 } } } }
    })
}

#[test]
fn a_target_becomes_a_draft_that_compiles() {
    let Import { draft, .. } = from_json_schema(&slug(), &target(), SourceFormat::Json);
    assert_sound(&draft);
    let expected = [
        "/number",
        "/ship_to/city",
        "/ship_to/number",
        "/tags",
        "/lines",
        "/lines/*/amount",
    ];
    assert_eq!(unmapped(&draft.document), expected);
    let fields = fields(&draft);
    assert_eq!(
        fields[0],
        json!({ "id": "number", "to": "number", "note": "unmapped", "type": "string(20)", "const": null, "null": "emit", "required": true, "on_error": "reject" })
    );
    assert_eq!(fields[1]["const"], "invoice");
    // optional objects are left out when empty, and do not make records without them fail
    assert_eq!(fields[2]["null"], "omit");
    assert_eq!(fields[2]["object"][0].get("required"), None);
    assert_eq!(fields[2]["object"][1]["id"], "ship_to_number");
    assert_eq!(fields[4]["min_items"], 1);
    assert_eq!(fields[4]["fields"][0]["type"], "decimal(18,2)");
    assert_eq!(fields[4]["fields"][0]["required"], true);
    // of a CSV the rows of a group are the lines
    let Import { draft, .. } = from_json_schema(&slug(), &target(), SourceFormat::Csv);
    assert_sound(&draft);
    assert_eq!(self::fields(&draft)[4]["each"], "record.rows");
}

#[test]
fn an_operation_of_an_api_becomes_a_draft() {
    let api = json!({
        "openapi": "3.0.3",
        "paths": { "/invoices": { "post": { "operationId": "createInvoice", "requestBody": { "$ref": "#/components/requestBodies/invoice" } },
                                  "get": { "operationId": "listInvoices" } } },
        "components": {
            "requestBodies": { "invoice": { "content": { "application/json; charset=utf-8": { "schema": { "$ref": "#/components/schemas/Invoice" } } } } },
            "schemas": { "Invoice": { "type": "array", "items": { "$ref": "#/components/schemas/One" } },
                         "One": { "type": "object", "properties": { "total": { "type": "number", "nullable": true }, "due": { "type": "string", "format": "date" } } } }
        }
    });
    for operation in ["createInvoice", "POST /invoices", "post /invoices"] {
        let import = from_openapi(&slug(), &api, operation, SourceFormat::Json).unwrap();
        assert_sound(&import.draft);
        assert_eq!(import.draft.document.title, "Invoice");
        assert_eq!(unmapped(&import.draft.document), ["/total", "/due"]);
        assert!(
            import
                .draft
                .findings
                .iter()
                .any(|finding| finding.message.contains("list"))
        );
    }
    assert_eq!(
        operations(&api),
        [
            "POST /invoices (createInvoice)",
            "GET /invoices (listInvoices)"
        ]
    );
    let unknown = from_openapi(&slug(), &api, "nothing", SourceFormat::Json).unwrap_err();
    assert!(unknown.to_string().contains("createInvoice"), "{unknown}");
    let none = from_openapi(&slug(), &api, "listInvoices", SourceFormat::Json);
    assert_eq!(
        none.unwrap_err(),
        ImportError::NoBody("listInvoices".to_owned())
    );
    let wrong = from_openapi(&slug(), &json!({ "a": 1 }), "x", SourceFormat::Json);
    assert_eq!(wrong.unwrap_err(), ImportError::NotOpenApi);
    let old = json!({ "swagger": "2.0", "paths": { "/x": { "put": { "parameters": [{ "in": "body", "schema": { "properties": { "a": { "type": "boolean" } } } }] } } } });
    let import = from_openapi(&slug(), &old, "PUT /x", SourceFormat::Json).unwrap();
    assert_eq!(unmapped(&import.draft.document), ["/a"]);
}

fn rows(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .map(|line| line.split(';').map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_csv_becomes_a_draft_with_conversions() {
    let mut rows = rows(
        "Auftrags-Nr;Betrag;Datum;Bezahlt;;Plz;Betrag;Menge;Geändert\n\
         4711;1.234,50;31.12.2026;ja;x;01067;1;5;2026-10-05T01:30:00Z\n\
         4712;0,99;01.02.2026;nein;x;50667;2;7;2026-10-05T01:30:00Z\n\
         zu;kurz",
    );
    let header = rows.remove(0);
    let Import { schema, draft } = from_csv(&slug(), &header, &rows).unwrap();
    assert_eq!(schema.root.children.len(), 7);
    assert_sound(&draft);
    let text = canonical(&draft.document);
    for line in [
        r#""source": { "format": "csv", "locale": "de-DE", "key": ["$['Auftrags-Nr']"] }"#,
        r#""to": "auftrags_nr", "type": "int", "from": "$['Auftrags-Nr']", "do": [{ "fn": "to_int" }]"#,
        r#""to": "betrag", "type": "decimal", "from": "$.Betrag", "do": [{ "fn": "to_decimal" }]"#,
        r#""do": [{ "fn": "date_parse", "formats": ["dd.MM.yyyy"] }]"#,
        r#""do": [{ "fn": "to_bool", "true": ["ja"], "false": ["nein"] }]"#,
        r#""to": "plz", "type": "string", "from": "$.Plz" }"#,
        r#""note": "the zone of the dates is assumed to be UTC""#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let found: Vec<(Option<usize>, &str)> = draft
        .findings
        .iter()
        .map(|finding| (finding.row, finding.message.as_str()))
        .collect();
    assert!(found.contains(&(Some(1), "column 5 has no name and was left out")));
    assert!(
        found
            .iter()
            .any(|(row, text)| *row == Some(1) && text.contains("second time"))
    );
    assert!(
        found
            .iter()
            .any(|(row, text)| *row == Some(4) && text.contains("2 fields"))
    );
    assert_eq!(
        from_csv(&slug(), &[" ".to_owned()], &[]).unwrap_err(),
        ImportError::NoColumns
    );
}

/// A number that two locales read differently is never drafted without a word about it.
#[test]
fn ambiguous_numbers_carry_a_note() {
    let draft = |text: &str| {
        let mut rows = rows(text);
        let header = rows.remove(0);
        from_csv(&slug(), &header, &rows).unwrap().draft
    };
    let alone = draft("nr;price\nA;1.234\nB;5.678");
    assert_sound(&alone);
    let field = fields(&alone)[1].clone();
    assert_eq!(field["do"], json!([{ "fn": "to_decimal" }]));
    assert_eq!(
        field["note"],
        "ambiguous: \"1.234\" is read as 1.234 (plain), and is 1234 in de-DE; if the source writes it so, \
         give to_decimal \"locale\": \"de-DE\""
    );
    // the other column decides how the document reads both
    let beside = draft("nr;price;net\nA;1.234;5,10\nB;5.678;7,00");
    assert_sound(&beside);
    assert_eq!(
        serde_json::to_value(&beside.document).unwrap()["source"]["locale"],
        "de-DE"
    );
    let note = fields(&beside)[1]["note"].as_str().unwrap().to_owned();
    assert!(
        note.contains("read as 1234 (de-DE), and is 1.234 in plain"),
        "{note}"
    );
    for plain in [
        "nr;price\nA;12.50",
        "nr;price\nA;1.234,50",
        "nr;price\nA;0.500",
    ] {
        assert_eq!(fields(&draft(plain))[1].get("note"), None, "{plain}");
    }
}

/// What is accepted into a document of any locale is read as its note says.
#[test]
fn ambiguous_suggestions_pin_the_reading() {
    let columns = ["unit_price".to_owned()];
    let samples = [
        json!({ "unit_price": "1,234" }),
        json!({ "unit_price": "5,678" }),
    ];
    let source = Schema::from_columns(&columns);
    let target = Schema::from_json_schema(
        &json!({ "type": "object", "properties": { "unit_price": { "type": "number" } } }),
    );
    let memory = Memory::default();
    let found = suggest(&source, &target, &samples, &memory);
    let step = serde_json::to_value(&found[0].steps[0]).unwrap();
    assert_eq!(step, json!({ "fn": "to_decimal", "locale": "en-US" }));
    assert!(
        found[0].assumed[0].contains("read as 1234 (en-US), and is 1.234 in de-DE"),
        "{found:?}"
    );
    let shape = SourceShape {
        format: SourceFormat::Csv,
        schema: &source,
    };
    let draft = new_document(&slug(), shape, &target, &samples, &memory);
    let note = fields(&draft)[0]["note"].as_str().unwrap().to_owned();
    assert!(note.starts_with("ambiguous: "), "{note}");
}

const SHEET: &str = "\
Mapping ERP nach TAXMAN;;;;;;;
;;;;;;;
Zielfeld;Quellfeld;Regel;Datentyp;Pflicht;Festwert;Bemerkung;Zuständig
code;AUFTRAG;trim;string(50);X;;Auftragsnummer;Meier
type;;;enum;ja;SalesInvoice;;
date;RE-DATUM sonst AUFTR-DATUM;Datum TT.MM.JJJJ;Datum;X;;;
customer.code;KUNDE;führende Nullen auf 10 Stellen;AN 10;X;;;
customer.name;NAME1 + NAME2;1:1;text;;;;
customer.vat;USTID;nach Absprache mit Herrn Schulz;;;;;
lines[].number;POS;;int;M;;;
lines[].amount;BETRAG;auf 2 Nachkommastellen runden;Dezimal 18,2;vielleicht;;;
lines[].tax;;konstant: \"V19\";char(3);;;;
;KUNDE2;;;;;;
code;DOPPELT;;;;;;
customer;KUNDE;;;;;;
total;;;geld;;;offen;";

#[test]
fn a_sheet_becomes_a_draft_and_says_what_it_did_not_understand() {
    let options = SheetOptions {
        format: SourceFormat::Csv,
        source: None,
        target: None,
    };
    let Import { draft, .. } = from_sheet(&slug(), &rows(SHEET), options).unwrap();
    assert_sound(&draft);
    let text = canonical(&draft.document);
    for part in [
        r#""by": ["$.AUFTRAG"]"#,
        r#"{ "id": "type", "to": "type", "type": "string", "const": "SalesInvoice", "required": true }"#,
        r#""from": ["$['RE-DATUM']", "$['AUFTR-DATUM']"],"#,
        r#""do": [{ "fn": "date_parse", "formats": ["dd.MM.yyyy"] }]"#,
        r#""do": [{ "fn": "pad_left", "length": 10, "with": "0" }]"#,
        r#""note": "unmapped: source not understood: NAME1 + NAME2""#,
        r#""note": "rule not understood: nach Absprache mit Herrn Schulz""#,
        r#""do": [{ "fn": "to_decimal" }, { "fn": "round", "scale": 2 }]"#,
        r#""type": "string(3)", "const": "V19""#,
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let in_row = |row: usize, word: &str| {
        let found = draft
            .findings
            .iter()
            .any(|finding| finding.row == Some(row) && finding.message.contains(word));
        assert!(found, "row {row}: {word}\n{:#?}", draft.findings);
    };
    in_row(3, "Zuständig");
    in_row(8, "NAME1 + NAME2");
    in_row(9, "Herrn Schulz");
    in_row(11, "vielleicht");
    in_row(13, "no target field");
    in_row(14, "a row already");
    in_row(15, "a value in one row and an object");
    in_row(16, "geld");
    assert_eq!(unmapped(&draft.document), ["/customer/name", "/total"]);
}

#[test]
fn a_sheet_is_looked_up_in_known_schemas() {
    let source = Schema::infer(&[
        json!({ "head": { "No": "1", "kind": "x" }, "items": [{ "amt": "1,50" }, { "amt": "2,25" }] }),
    ]);
    let target = Schema::from_json_schema(&target());
    let options = SheetOptions {
        format: SourceFormat::Json,
        source: Some(&source),
        target: Some(&target),
    };
    let sheet =
        "Target;Source\nNumber;no\nlines.amount;items[*].amt\nship_to/city;nowhere\nother;no";
    let Import { draft, .. } = from_sheet(&slug(), &rows(sheet), options).unwrap();
    assert_sound(&draft);
    let fields = fields(&draft);
    assert_eq!(fields[0]["from"], "$.head.No");
    assert_eq!(fields[4]["each"], "$.items");
    assert_eq!(fields[4]["fields"][0]["from"], "$.amt");
    assert_eq!(
        fields[4]["fields"][0]["do"],
        json!([{ "fn": "to_decimal" }])
    );
    assert_eq!(
        fields[2]["object"][0]["note"],
        "unmapped: source not found: nowhere"
    );
    let found: Vec<Option<usize>> = draft.findings.iter().map(|finding| finding.row).collect();
    assert!(
        found.contains(&Some(4)) && found.contains(&Some(5)),
        "{:#?}",
        draft.findings
    );
    let none = from_sheet(&slug(), &rows("a;b\nc;d"), options);
    assert_eq!(none.unwrap_err(), ImportError::NoHeader);
    let empty = from_sheet(&slug(), &rows("Target;Source\n;x"), options);
    assert_eq!(empty.unwrap_err(), ImportError::NoFields);
}

/// The draft of anything can be saved and read, whatever the check says of it.
fn assert_readable(draft: &Draft) -> Result<(), TestCaseError> {
    if draft.document.fields.is_empty() {
        return Ok(());
    }
    let text = canonical(&draft.document);
    let again = parse(text.as_bytes());
    prop_assert_eq!(
        again.as_ref().ok(),
        Some(&draft.document),
        "{:?}\n{}",
        again.as_ref().err(),
        text
    );
    Ok(())
}

proptest! {
    #[test]
    fn no_cell_makes_an_import_fail_badly(cells in prop::collection::vec(prop::collection::vec("[ -~äß\n]{0,14}|[a-c./\\[\\]*~$]{0,8}|x|date|N\\(18,2\\)", 6), 1..6), json in any::<bool>()) {
        let header = ["Target", "Source", "Rule", "Type", "Required", "Constant"].map(str::to_owned).to_vec();
        let mut rows = vec![header];
        rows.extend(cells.clone());
        let format = if json { SourceFormat::Json } else { SourceFormat::Csv };
        if let Ok(import) = from_sheet(&slug(), &rows, SheetOptions { format, source: None, target: None }) {
            assert_readable(&import.draft)?;
        }
        if let Ok(import) = from_csv(&slug(), &cells[0], &cells[1..]) {
            assert_readable(&import.draft)?;
            prop_assert!(diagnostics(&import.draft.document).is_empty(), "{:?}", diagnostics(&import.draft.document));
        }
    }
}
