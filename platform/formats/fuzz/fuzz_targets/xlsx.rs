//! Any bytes as a workbook, or as one part of a good one: the sheet, the shared texts, the styles, the
//! list of sheets, the relations. The first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

use tributary_formats::records::{Config, Format, Input, open};
use tributary_formats::xlsx::XlsxOptions;
use tributary_formats_fuzz::{Choices, check_json, drain, limits, zip};

const ROOT: &[u8] = br#"<Relationships><Relationship Id="r" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &[u8] = br#"<workbook><workbookPr date1904="0"/><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>"#;
const RELATIONS: &[u8] = br#"<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/a.xml"/><Relationship Id="r2" Type="http://x/sharedStrings" Target="/xl/strings.xml"/><Relationship Id="r3" Type="http://x/styles" Target="styles.xml"/></Relationships>"#;
const STYLES: &[u8] = br#"<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy\-mm\-dd\ hh:mm"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs></styleSheet>"#;
const TEXTS: &[u8] = b"<sst><si><t>a</t></si><si><r><t>b</t></r></si></sst>";
const SHEET: &[u8] = br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" s="1"><v>45000.5</v></c><c r="B2" t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>"#;

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let (part, header, limit) = (choices.byte() % 7, choices.byte(), choices.byte());
    let any = choices.rest();
    let or = |number: u8, good: &'static [u8]| if part == number { any } else { good };
    let file = match part {
        0 => any.to_vec(),
        _ => zip::stored(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("_rels/.rels", or(6, ROOT)),
            ("xl/workbook.xml", or(4, BOOK)),
            ("xl/_rels/workbook.xml.rels", or(5, RELATIONS)),
            ("xl/styles.xml", or(3, STYLES)),
            ("xl/strings.xml", or(2, TEXTS)),
            ("xl/worksheets/a.xml", or(1, SHEET)),
        ]),
    };
    let options = XlsxOptions {
        sheet: (header & 8 == 8).then(|| "S".to_owned()),
        header_row: u32::from(header & 3),
    };
    let limits = limits(limit | 2);
    let config = Config {
        format: Format::Xlsx(options),
        limits,
    };
    if let Ok(mut reader) = open(&config, Input::File(Box::new(Cursor::new(&file)))) {
        check_json(&drain(&mut reader, limits.max_record_bytes * 8), true);
    }
});
