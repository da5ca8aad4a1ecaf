//! Workbooks: written by another library, and written part by part where that one is too correct.

use std::fmt::Write as _;

use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::Value;
use tributary_formats::fault::RowFault;
use tributary_model::error_code::ErrorCode;

use super::compressed::zipped;
use super::{Item, Outcome, config, read_file, read_pieces};

const XLSX: &str = r#"{"kind":"xlsx"}"#;

/// A workbook around one sheet's XML; `texts` are the shared ones.
pub(crate) fn workbook_around(sheet: &str, texts: &[&str], date1904: bool) -> Vec<u8> {
    let mut shared = String::from("<sst>");
    for text in texts {
        write!(shared, "<si>{text}</si>").unwrap();
    }
    shared.push_str("</sst>");
    let book = format!(
        r#"<workbook><workbookPr date1904="{date1904}"/><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#
    );
    zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        (
            "_rels/.rels",
            br#"<Relationships><Relationship Id="r" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        ("xl/workbook.xml", book.as_bytes()),
        (
            "xl/_rels/workbook.xml.rels",
            br#"<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/a.xml"/><Relationship Id="r2" Type="http://x/sharedStrings" Target="/xl/strings.xml"/><Relationship Id="r3" Type="http://x/styles" Target="styles.xml"/></Relationships>"#,
        ),
        (
            "xl/styles.xml",
            br#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy\-mm\-dd\ hh:mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="21"/></cellXfs></styleSheet>"#,
        ),
        ("xl/strings.xml", shared.as_bytes()),
        ("xl/worksheets/a.xml", sheet.as_bytes()),
    ])
}

fn sheet(rows: &str) -> Vec<u8> {
    let xml = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let texts = [
        "<t>name</t>",
        "<r><t>ri</t></r><r><t>ch</t></r><rPh><t>no</t></rPh>",
        "<t>a_x000D_b</t>",
    ];
    workbook_around(&xml, &texts, false)
}

fn letters(bytes: &[u8]) -> Outcome {
    read_file(&config(r#"{"kind":"xlsx","header_row":0}"#), bytes).unwrap()
}

fn values(outcome: &Outcome) -> Vec<Value> {
    let rows = outcome.rows();
    rows.iter()
        .map(|row| serde_json::from_str(row).unwrap())
        .collect()
}

#[test]
fn what_another_library_writes_is_read() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Notes").unwrap();
    let orders = book.add_worksheet();
    orders.set_name("Orders").unwrap();
    let day = Format::new().set_num_format("dd.mm.yyyy");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    orders.write(0, 0, "quarterly report").unwrap();
    for (column, name) in ["no", "total", "paid", "day", "at", "sum"]
        .into_iter()
        .enumerate()
    {
        orders
            .write(2, u16::try_from(column).unwrap(), name)
            .unwrap();
    }
    for (row, total) in [(3, 19.99), (4, -1e-9), (6, 1e21)] {
        orders.write(row, 0, format!("A{row} ü €")).unwrap();
        orders.write(row, 1, total).unwrap();
        orders.write(row, 2, row == 4).unwrap();
        let date = ExcelDateTime::from_ymd(2024, 2, 29).unwrap();
        orders.write_with_format(row, 3, &date, &day).unwrap();
        let date = ExcelDateTime::parse_from_str("1999-12-31T23:59:59").unwrap();
        orders.write_with_format(row, 4, &date, &moment).unwrap();
        orders
            .write_formula(row, 5, Formula::new("=1+1").set_result("2"))
            .unwrap();
    }
    orders.write(4, 7, "no header").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let options = r#"{"kind":"xlsx","sheet":"Orders","header_row":3}"#;
    let outcome = read_file(&config(options), &bytes).unwrap();
    assert_eq!(outcome.columns, ["no", "total", "paid", "day", "at", "sum"]);
    assert_eq!(
        outcome.rows(),
        [
            r#"{"no":"A3 ü €","total":19.99,"paid":false,"day":"2024-02-29","at":"1999-12-31T23:59:59","sum":2}"#,
            r#"{"no":"A4 ü €","total":-1e-9,"paid":true,"day":"2024-02-29","at":"1999-12-31T23:59:59","sum":2,"H":"no header"}"#,
            r#"{"no":"A6 ü €","total":1e21,"paid":false,"day":"2024-02-29","at":"1999-12-31T23:59:59","sum":2}"#,
        ]
    );
    let lines = outcome.items.iter().map(|item| match item {
        Item::Row { line, .. } | Item::Fault { line, .. } => *line,
    });
    assert_eq!(lines.collect::<Vec<_>>(), [4, 5, 7]);
    assert!(outcome.complete);
}

#[test]
fn every_type_of_cell() {
    let outcome = letters(&sheet(
        r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>2</v></c><c r="F1" t="inlineStr"><is><t>in</t></is></c></row>
           <row><c><v>1.50</v></c><c t="n"><v>-3</v></c><c t="b"><v>1</v></c><c t="str"><f>A1</f><v> x </v></c><c t="d"><v>2024-01-01</v></c><c/><c><v></v></c><c s="1"/></row>
           <row r="5"><c s="1"><v>45292</v></c><c s="2"><v>45292.5</v></c><c s="3"><v>0.5</v></c><c s="9"><v>1</v></c></row>
           <row r="6"><c r="A6"/></row><row r="7"/>"#,
    ));
    let expected = [
        r#"{"A":"name","B":"rich","C":"a\rb","F":"in"}"#,
        r#"{"A":1.5,"B":-3,"C":true,"D":" x ","E":"2024-01-01"}"#,
        r#"{"A":"2024-01-01","B":"2024-01-01T12:00:00","C":"12:00:00","D":1}"#,
    ];
    assert_eq!(outcome.rows(), expected);
    let bytes = workbook_around(
        r#"<worksheet><sheetData><row><c s="1"><v>0</v></c></row></sheetData></worksheet>"#,
        &[],
        true,
    );
    assert_eq!(letters(&bytes).rows(), [r#"{"A":"1904-01-01"}"#]);
}

#[test]
fn bad_cells_are_faults_of_their_row_and_name_the_cell() {
    let good = r#"<c><v>1</v></c>"#;
    for (row, word) in [
        (
            r#"<c r="C2" t="e"><v>#REF!</v></c>"#,
            "cell C2 holds the error #REF!",
        ),
        (r#"<c r="C2"><v>1,5</v></c>"#, "cell C2 holds \"1,5\""),
        (r#"<c r="C2"><v>inf</v></c>"#, "cell C2"),
        (r#"<c r="C2"><v>1e999</v></c>"#, "cell C2"),
        (r#"<c r="C2" t="s"><v>99</v></c>"#, "shared text"),
        (r#"<c r="C2" t="s"><v>-1</v></c>"#, "shared text"),
        (r#"<c r="C2" t="b"><v>2</v></c>"#, "boolean"),
        (r#"<c r="C2" t="zzz"><v>2</v></c>"#, "zzz"),
        (r#"<c r="C2" s="1"><v>60</v></c>"#, "calendar"),
        (r#"<c r="C2" s="1"><v>-1</v></c>"#, "calendar"),
        (r#"<c r="XFE2"><v>1</v></c>"#, "XFE2"),
        (r#"<c r="C3"><v>1</v></c>"#, "C3 is out of order"),
        (
            r#"<c r="C2"><v>1</v></c><c r="B2"><v>1</v></c>"#,
            "B2 is out of order",
        ),
        (
            r#"<c r="C2"><v>1</v></c><c r="C2"><v>1</v></c>"#,
            "C2 is out of order",
        ),
        (
            r#"<c r="XFD2"><v>1</v></c><c><v>1</v></c>"#,
            "behind column XFD",
        ),
    ] {
        let xml = format!(r#"<row>{good}</row><row r="2">{row}</row><row>{good}</row>"#);
        let outcome = letters(&sheet(&xml));
        assert_eq!(outcome.rows(), [r#"{"A":1}"#, r#"{"A":1}"#], "{row}");
        let faults = outcome.faults();
        assert!(
            faults.len() == 1 && faults[0].1.contains(word),
            "{row}: {faults:?}"
        );
        assert!(outcome.complete);
    }
    let outcome = letters(&sheet(
        r#"<row r="5"><c><v>1</v></c></row><row r="5"><c><v>2</v></c></row><row r="1048577"><c><v>3</v></c></row><row r="6"><c><v>4</v></c></row>"#,
    ));
    assert_eq!(outcome.rows(), [r#"{"A":1}"#, r#"{"A":4}"#]);
    assert_eq!(outcome.faults().len(), 2);
}

fn refused(options: &str, bytes: &[u8]) -> RowFault {
    read_file(&config(options), bytes).unwrap_err()
}

#[test]
fn headers_and_sheets_that_cannot_be() {
    let name = |cells: &str| {
        sheet(&format!(
            "<row r=\"1\">{cells}</row><row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"B2\"><v>2</v></c></row>"
        ))
    };
    let text = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let twice = name(&[text("a"), text("b"), text(" a ")].concat());
    let fault = refused(XLSX, &twice);
    assert_eq!(fault.code, ErrorCode::CsvHeader);
    assert!(fault.message.contains("C1"), "{}", fault.message);
    let fault = refused(r#"{"kind":"xlsx","header_row":9}"#, &twice);
    assert!(fault.message.contains("row 9"), "{}", fault.message);
    let fault = refused(r#"{"kind":"xlsx","sheet":"T"}"#, &twice);
    assert_eq!(fault.code, ErrorCode::WorkbookInvalid);
    assert!(fault.message.contains("\"S\""), "{}", fault.message);
    let fault = refused(XLSX, &sheet(""));
    assert_eq!(fault.code, ErrorCode::CsvHeader);
    let outcome = read_file(&config(XLSX), &name(&text("a"))).unwrap();
    assert_eq!(outcome.rows(), [r#"{"a":1,"B":2}"#]);
    let outcome = read_file(&config(XLSX), &name(&text("B"))).unwrap();
    assert!(
        outcome.faults()[0].1.contains("cell B2 has no header"),
        "{outcome:?}"
    );

    for (bytes, code) in [
        (b"a;b\n1;2\n".to_vec(), ErrorCode::ArchiveInvalid),
        (Vec::new(), ErrorCode::ArchiveInvalid),
        (zipped(&[("a.csv", b"a")]), ErrorCode::WorkbookInvalid),
        (
            zipped(&[("[Content_Types].xml", b"<a/>")]),
            ErrorCode::WorkbookInvalid,
        ),
        (
            zipped(&[
                ("[Content_Types].xml", b"<a/>"),
                ("xl/workbook.xml", b"<a>"),
            ]),
            ErrorCode::FileTruncated,
        ),
        (
            zipped(&[
                ("[Content_Types].xml", b"<a/>"),
                ("xl/workbook.xml", b"<a/>"),
            ]),
            ErrorCode::WorkbookInvalid,
        ),
    ] {
        assert_eq!(refused(XLSX, &bytes).code, code);
    }
    let stream = read_pieces(&config(XLSX), &twice, 100).unwrap_err();
    assert_eq!(stream.code, ErrorCode::ConfigInvalid);
}

#[test]
fn a_sheet_that_breaks_off_gives_the_rows_before() {
    let mut rows = String::new();
    for row in 1..=2000 {
        write!(
            rows,
            "<row r=\"{row}\"><c><v>{}</v></c></row>",
            row * 7919 % 10_007
        )
        .unwrap();
    }
    let whole = letters(&sheet(&rows));
    assert_eq!(whole.rows().len(), 2000);
    assert_eq!(values(&whole)[0]["A"], 7919);
    let xml = format!("<worksheet><sheetData>{rows}<row><c><v>1</c></row></sheetData></worksheet>");
    let broken = letters(&workbook_around(&xml, &[], false));
    assert_eq!(broken.rows().len(), 2000);
    let (code, message) = broken.faults()[0];
    assert_eq!(code, ErrorCode::WorkbookInvalid);
    assert!(
        message.contains("xl/worksheets/a.xml") && message.contains("column"),
        "{message}"
    );
    assert!(!broken.complete);
}
