//! The small parts of a workbook: which sheets there are and where, how numbers are shown.

use std::collections::HashMap;
use std::io::{Read, Seek};

use tributary_model::error_code::ErrorCode;
use tributary_model::rows::RowPosition;

use super::cell::{Kind, built_in_kind, format_kind};
use crate::compression::{Archive, Part};
use crate::fault::{ReadFault, RowFault};
use crate::transcode::read_head;
use crate::xml::{Event, Pull, encoding_of};

/// Sheets, relations and number formats that are kept.
const MAX_ITEMS: usize = 65_536;

/// The longest tag or text of these parts, in bytes.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// A sheet of the workbook.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) name: String,
    /// name of its part in the archive
    pub(super) part: String,
}

/// What is known of a workbook before its cells are read.
#[derive(Debug, Default)]
pub(super) struct Workbook {
    pub(super) sheets: Vec<Sheet>,
    pub(super) date1904: bool,
    pub(super) styles_part: Option<String>,
    pub(super) strings_part: Option<String>,
}

/// A fault of the whole workbook.
pub(super) fn invalid(message: impl Into<String>) -> RowFault {
    let start = RowPosition { line: 1, offset: 0 };
    RowFault::new(ErrorCode::WorkbookInvalid, start, message, b"")
}

pub(super) fn of_part(fault: ReadFault) -> RowFault {
    fault.at(RowPosition { line: 1, offset: 0 })
}

/// A part with its front, which was read to find the encoding.
pub(super) type Whole<R> = std::io::Chain<std::io::Cursor<Vec<u8>>, R>;

/// Parses the part `reader`.
pub(super) fn parse<R: Read>(
    mut reader: R,
    max_event_bytes: usize,
) -> Result<Pull<Whole<R>>, RowFault> {
    let head = read_head(&mut reader, 1024).map_err(|error| of_part(ReadFault::of(&error)))?;
    let (encoding, mark) = encoding_of(&head).map_err(invalid)?;
    let body = head.get(mark..).unwrap_or_default().to_vec();
    let whole = std::io::Cursor::new(body).chain(reader);
    Ok(Pull::new(whole, encoding, mark as u64, max_event_bytes))
}

/// Opens the part called `name`.
pub(super) fn open_part<'r, R: Read + Seek>(
    archive: &'r mut Archive<R>,
    name: &str,
) -> Result<Part<&'r mut R>, RowFault> {
    let Some(index) = archive.find(name) else {
        return Err(invalid(format!("the workbook has no part {name:?}")));
    };
    archive.part(index).map_err(of_part)
}

/// The fault of a part, with its name.
pub(super) fn in_part(name: &str) -> impl Fn(crate::xml::XmlFault) -> RowFault {
    move |fault| {
        let code = match fault.code {
            ErrorCode::XmlInvalid => ErrorCode::WorkbookInvalid,
            code => code,
        };
        let row = fault.into_row();
        RowFault {
            code,
            position: RowPosition { line: 1, offset: 0 },
            message: format!("{name}: {}", row.message),
            ..row
        }
    }
}

/// A relation of a part to another (ECMA-376 part 2, 9.3).
struct Relation {
    id: String,
    /// the last step of its type's address, such as `worksheet`
    kind: String,
    target: String,
}

/// Reads which sheets there are.
pub(super) fn read_workbook<R: Read + Seek>(
    archive: &mut Archive<R>,
) -> Result<Workbook, RowFault> {
    if archive.find("[Content_Types].xml").is_none() {
        return Err(invalid(
            "this zip file is not an XLSX workbook: it has no content types",
        ));
    }
    let top = relations(archive, "_rels/.rels")?;
    let name = top
        .iter()
        .find(|relation| relation.kind == "officeDocument")
        .map_or_else(
            || "xl/workbook.xml".to_owned(),
            |found| resolve("", &found.target),
        );
    if archive.find(&name).is_none() || !name.ends_with(".xml") {
        return Err(invalid(
            "this is not an XLSX workbook; .xlsb and other documents are not read",
        ));
    }
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", &name));
    let related = relations(archive, &format!("{folder}/_rels/{file}.rels"))?;
    let target = |kind: &str| {
        let found = related.iter().find(|relation| relation.kind == kind);
        found.map(|relation| resolve(folder, &relation.target))
    };
    let mut workbook = Workbook {
        styles_part: target("styles"),
        strings_part: target("sharedStrings"),
        ..Workbook::default()
    };
    let place = in_part(&name);
    let mut pull = parse(open_part(archive, &name)?, MAX_EVENT_BYTES)?;
    loop {
        match pull.next().map_err(&place)? {
            Event::Start(tag) if tag.local_name() == "workbookPr" => {
                let flag = tag.attribute("date1904").map_err(&place)?;
                workbook.date1904 = flag.is_some_and(|flag| flag == "1" || flag == "true");
            }
            Event::Start(tag) if tag.local_name() == "sheet" => {
                let name = tag.attribute("name").map_err(&place)?.unwrap_or_default();
                let id = tag.attribute("id").map_err(&place)?.unwrap_or_default();
                let sheet = related
                    .iter()
                    .find(|relation| relation.id == id && relation.kind == "worksheet");
                if workbook.sheets.len() == MAX_ITEMS {
                    return Err(invalid(format!(
                        "the workbook has more than {MAX_ITEMS} sheets"
                    )));
                }
                // Charts and macro sheets are no tables.
                if let Some(relation) = sheet {
                    let part = resolve(folder, &relation.target);
                    workbook.sheets.push(Sheet { name, part });
                }
            }
            Event::Over => return Ok(workbook),
            _ => {}
        }
    }
}

fn relations<R: Read + Seek>(
    archive: &mut Archive<R>,
    name: &str,
) -> Result<Vec<Relation>, RowFault> {
    if archive.find(name).is_none() {
        return Ok(Vec::new());
    }
    let place = in_part(name);
    let mut pull = parse(open_part(archive, name)?, MAX_EVENT_BYTES)?;
    let mut found = Vec::new();
    loop {
        match pull.next().map_err(&place)? {
            Event::Start(tag) if tag.local_name() == "Relationship" => {
                let read = |key: &str| tag.attribute(key).map_err(&place);
                let kind = read("Type")?.unwrap_or_default();
                if found.len() == MAX_ITEMS {
                    return Err(invalid(format!(
                        "{name} has more than {MAX_ITEMS} relations"
                    )));
                }
                found.push(Relation {
                    id: read("Id")?.unwrap_or_default(),
                    kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                    target: read("Target")?.unwrap_or_default(),
                });
            }
            Event::Over => return Ok(found),
            _ => {}
        }
    }
}

/// The name of the part at `target`, as seen from `folder`.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// What each cell style makes of a number, by the style's number.
pub(super) fn read_styles<R: Read + Seek>(
    archive: &mut Archive<R>,
    name: &str,
) -> Result<Vec<Kind>, RowFault> {
    let place = in_part(name);
    let mut pull = parse(open_part(archive, name)?, MAX_EVENT_BYTES)?;
    let mut formats: HashMap<u32, Kind> = HashMap::new();
    let mut kinds = Vec::new();
    let mut in_cell_formats = false;
    let mut depth = 0_usize;
    loop {
        match pull.next().map_err(&place)? {
            Event::Start(tag) => {
                depth += 1;
                match tag.local_name() {
                    "numFmt" => {
                        let id = tag.attribute("numFmtId").map_err(&place)?;
                        let code = tag.attribute("formatCode").map_err(&place)?;
                        if let (Some(Ok(id)), Some(code)) = (id.map(|id| id.parse()), code)
                            && formats.len() < MAX_ITEMS
                        {
                            formats.insert(id, format_kind(&code));
                        }
                    }
                    "cellXfs" => in_cell_formats = true,
                    "xf" if in_cell_formats && depth == 3 => {
                        let id = tag.attribute("numFmtId").map_err(&place)?;
                        let id: u32 = id.and_then(|id| id.parse().ok()).unwrap_or(0);
                        if kinds.len() == MAX_ITEMS {
                            return Err(invalid(format!(
                                "{name} has more than {MAX_ITEMS} cell formats"
                            )));
                        }
                        let own = formats.get(&id).copied();
                        kinds.push(own.unwrap_or_else(|| built_in_kind(id)));
                    }
                    _ => {}
                }
            }
            Event::End => {
                depth = depth.saturating_sub(1);
                in_cell_formats &= depth > 1;
            }
            Event::Over => return Ok(kinds),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_from_their_folder() {
        assert_eq!(
            resolve("xl", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(resolve("xl", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolve("xl/worksheets", "../a.xml"), "xl/a.xml");
        assert_eq!(resolve("", "../../../x"), "x");
    }
}
