//! Bombs in workbooks, part by part.

use std::fmt::Write as _;

use tributary_model::error_code::ErrorCode::{self, *};

use super::super::compressed::zipped;
use super::super::workbooks::workbook_around;
use super::workbook;

const RELATIONS: &str = r#"<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/a.xml"/><Relationship Id="r2" Type="http://x/sharedStrings" Target="/xl/strings.xml"/><Relationship Id="r3" Type="http://x/styles" Target="styles.xml"/></Relationships>"#;
const BOOK: &str =
    r#"<workbook><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#;
const SHEET: &str =
    "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c></row></sheetData></worksheet>";

/// A workbook in which one part is another than usual.
fn with(part: &str, content: &str) -> Vec<u8> {
    let root = r#"<Relationships><Relationship Id="r" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    let usual = [
        ("[Content_Types].xml", "<Types/>"),
        ("_rels/.rels", root),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", RELATIONS),
        ("xl/styles.xml", "<styleSheet/>"),
        ("xl/strings.xml", "<sst><si><t>x</t></si></sst>"),
        ("xl/worksheets/a.xml", SHEET),
    ];
    let members: Vec<(&str, &[u8])> = usual
        .iter()
        .map(|(name, usual)| {
            (
                *name,
                if *name == part { content } else { usual }.as_bytes(),
            )
        })
        .collect();
    zipped(&members)
}

fn rows(rows: &str) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    workbook_around(&sheet, &["<t>x</t>"], false)
}

#[test]
fn cells_off_the_sheet() {
    for place in [
        "XFE1",
        "A1048577",
        "AAAAAAAAAAAA1",
        "A99999999999999999999",
        "1A",
        "A0",
        "",
    ] {
        let bytes = rows(&format!(
            "<row><c r=\"{place}\"><v>1</v></c></row><row><c r=\"A1048576\"><v>2</v></c></row>"
        ));
        workbook(&bytes, &[WorkbookInvalid]);
    }
}

#[test]
fn a_row_of_a_million_cells() {
    let bytes = rows(&format!(
        "<row>{}</row><row><c><v>2</v></c></row>",
        "<c><v>1</v></c>".repeat(1_000_000)
    ));
    workbook(&bytes, &[WorkbookInvalid]);
}

#[test]
fn half_a_million_rows_of_nothing() {
    let told = workbook(&rows(&"<row/>".repeat(500_000)), &[]);
    assert!(told.rows == 0 && told.complete);
}

#[test]
fn one_text_of_sixty_megabytes() {
    let long = "x".repeat(60 << 20);
    let told = workbook(
        &rows(&format!(
            "<row><c t=\"inlineStr\"><is><t>{long}</t></is></c></row>"
        )),
        &[ErrorCode::InputTooLarge],
    );
    assert_eq!(told.rows, 0);
}

#[test]
fn one_text_of_two_megabytes() {
    let long: String = (0..300_000).fold(String::new(), |mut text, number| {
        let _ = write!(text, "{number:07}");
        text
    });
    workbook(
        &with(
            "xl/strings.xml",
            &format!("<sst><si><t>{long}</t></si></sst>"),
        ),
        &[RowTooLarge],
    );
}

#[test]
fn shared_texts_that_claim_to_be_many() {
    let texts =
        r#"<sst count="4294967295" uniqueCount="18446744073709551615"><si><t>x</t></si></sst>"#;
    let told = workbook(&with("xl/strings.xml", texts), &[]);
    assert!(told.rows == 1 && told.complete);
}

#[test]
fn a_million_shared_texts_of_nothing() {
    let told = workbook(
        &with(
            "xl/strings.xml",
            &format!("<sst>{}</sst>", "<si/>".repeat(1 << 20)),
        ),
        &[],
    );
    assert!(told.rows == 1 && told.complete);
}

#[test]
fn shared_texts_that_are_not_there() {
    for number in ["1", "4294967296", "-1", "99999999999999999999999", "x"] {
        let bytes = rows(&format!(
            "<row><c t=\"s\"><v>{number}</v></c></row><row><c><v>1</v></c></row>"
        ));
        let told = workbook(&bytes, &[ValueInvalid]);
        assert!(told.rows == 1 && told.complete, "{number}: {told:?}");
    }
}

#[test]
fn a_million_styles() {
    let styles = format!(
        "<styleSheet><cellXfs>{}</cellXfs></styleSheet>",
        "<xf/>".repeat(1_000_000)
    );
    workbook(&with("xl/styles.xml", &styles), &[WorkbookInvalid]);
}

#[test]
fn three_hundred_thousand_formats() {
    let mut formats = String::new();
    for number in 0..300_000 {
        let _ = write!(
            formats,
            "<numFmt numFmtId=\"{number}\" formatCode=\"yyyy\"/>"
        );
    }
    let styles = format!("<styleSheet><numFmts>{formats}</numFmts></styleSheet>");
    let told = workbook(&with("xl/styles.xml", &styles), &[]);
    assert!(told.rows == 1 && told.complete, "they cost what they weigh");
}

#[test]
fn a_hundred_thousand_sheets() {
    let sheets = "<sheet name=\"S\" r:id=\"r1\"/>".repeat(100_000);
    workbook(
        &with(
            "xl/workbook.xml",
            &format!("<workbook><sheets>{sheets}</sheets></workbook>"),
        ),
        &[WorkbookInvalid],
    );
}

#[test]
fn a_hundred_thousand_relations() {
    let relations =
        "<Relationship Id=\"r1\" Type=\"http://x/worksheet\" Target=\"a\"/>".repeat(100_000);
    workbook(
        &with(
            "xl/_rels/workbook.xml.rels",
            &format!("<Relationships>{relations}</Relationships>"),
        ),
        &[WorkbookInvalid],
    );
}

/// Parts are names in the zip file and never paths of the machine.
#[test]
fn relations_that_lead_out() {
    for target in [
        "../../../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:1/a.xml",
        ".",
    ] {
        let relations = format!(
            "<Relationships><Relationship Id=\"r1\" Type=\"http://x/worksheet\" Target=\"{target}\"/></Relationships>"
        );
        workbook(
            &with("xl/_rels/workbook.xml.rels", &relations),
            &[WorkbookInvalid],
        );
    }
}

#[test]
fn entities_in_every_part() {
    let kind = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>";
    for (part, usual) in [
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", RELATIONS),
        ("xl/styles.xml", "<styleSheet/>"),
        ("xl/strings.xml", "<sst><si><t>&e;</t></si></sst>"),
        ("xl/worksheets/a.xml", SHEET),
    ] {
        let told = workbook(&with(part, &format!("{kind}{usual}")), &[WorkbookInvalid]);
        assert_eq!(told.rows, 0, "{part}");
    }
}

#[test]
fn a_sheet_of_a_hundred_thousand_levels() {
    workbook(&rows(&"<row>".repeat(100_000)), &[WorkbookInvalid]);
}
