//! How pages become batches: the unit of work, lease and commit (at most [`MAX_RECORDS`] records
//! and about [`MAX_BYTES`]).

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tributary_formats::pack::PackWriter;
use tributary_formats::page::Page;
use tributary_formats::rows::RowReader;
use tributary_model::rows::{RowFormat, RowPosition};

use crate::group::GroupedRow;

/// Records in one batch at most.
pub const MAX_RECORDS: u32 = 500;

/// Bytes in one batch, about; a single larger record still makes a batch of its own.
pub const MAX_BYTES: usize = 1 << 20;

/// Where a batch finds its rows; stored with it in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BatchInput {
    /// some rows of a raw page, each a record
    Page {
        object: String,
        source: String,
        format: RowFormat,
        first: RowPosition,
        skip: u32,
        take: u32,
    },
    /// a container of grouped rows, each group a record
    Groups { object: String, source: String },
    /// the same, but the groups are torn: their rows do not stand together as the mapping says
    TornGroups { object: String, source: String },
}

impl BatchInput {
    /// The object that holds the rows.
    #[must_use]
    pub fn object(&self) -> &str {
        match self {
            Self::Page { object, .. }
            | Self::Groups { object, .. }
            | Self::TornGroups { object, .. } => object,
        }
    }

    /// File or request that the rows came from.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Page { source, .. }
            | Self::Groups { source, .. }
            | Self::TornGroups { source, .. } => source,
        }
    }
}

/// Cuts a page into pages of at most [`MAX_RECORDS`] rows where its format allows that: lines do,
/// a JSON document stays whole and is shared by several batches.
#[must_use]
pub fn pages(page: Page) -> Vec<Page> {
    if page.rows <= MAX_RECORDS || matches!(page.format, RowFormat::Json { .. }) {
        return vec![page];
    }
    let mut cuts = vec![(0, page.first)];
    let mut reader = RowReader::new(&page.format, page.first, &page.bytes);
    let mut count = 0_u32;
    while let Some(row) = reader.next() {
        if count > 0 && count.is_multiple_of(MAX_RECORDS) {
            let at = usize::try_from(row.position.offset - page.first.offset).unwrap_or(0);
            cuts.push((at, row.position));
        }
        count += 1;
    }
    let ends = cuts.iter().skip(1).map(|(at, _)| *at);
    let ends: Vec<usize> = ends.chain([page.bytes.len()]).collect();
    let mut left = count;
    cuts.iter()
        .zip(ends)
        .map(|((start, first), end)| {
            let rows = left.min(MAX_RECORDS);
            left -= rows;
            Page {
                stream: page.stream.clone(),
                source: page.source.clone(),
                format: page.format.clone(),
                first: *first,
                rows,
                bytes: page.bytes.slice(*start..end),
                columns: page.columns.clone(),
            }
        })
        .collect()
}

/// Ranges (skip, take) of at most [`MAX_RECORDS`] rows that cover `rows`.
#[must_use]
pub fn ranges(rows: u32) -> Vec<(u32, u32)> {
    let starts = (0..rows).step_by(MAX_RECORDS as usize);
    starts
        .map(|skip| (skip, MAX_RECORDS.min(rows - skip)))
        .collect()
}

/// A finished container of groups.
#[derive(Debug)]
pub struct PackedBatch {
    pub bytes: Bytes,
    pub records: u32,
    pub rows: u32,
}

/// Collects groups into containers of batch size.
#[derive(Debug)]
pub struct GroupPacker {
    format: RowFormat,
    writer: PackWriter,
    records: u32,
    rows: u32,
}

impl GroupPacker {
    /// For rows of `format`.
    #[must_use]
    pub fn new(format: RowFormat) -> Self {
        Self {
            writer: PackWriter::new(&format),
            format,
            records: 0,
            rows: 0,
        }
    }

    /// Adds a group; gives the container back that it completes.
    pub fn push(&mut self, group: &[GroupedRow<'_>]) -> Option<PackedBatch> {
        self.writer
            .group(group.iter().map(|row| (row.position, row.raw)));
        self.records += 1;
        self.rows += u32::try_from(group.len()).unwrap_or(u32::MAX);
        if self.records >= MAX_RECORDS || self.writer.len() >= MAX_BYTES {
            return self.take();
        }
        None
    }

    /// The last container, if anything is in it.
    pub fn take(&mut self) -> Option<PackedBatch> {
        if self.records == 0 {
            return None;
        }
        let full = std::mem::replace(&mut self.writer, PackWriter::new(&self.format));
        let batch = PackedBatch {
            bytes: full.finish().into(),
            records: self.records,
            rows: self.rows,
        };
        self.records = 0;
        self.rows = 0;
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: u32) -> Page {
        let text: String = (0..rows).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        Page {
            stream: "s".to_owned(),
            source: "f".to_owned(),
            format: RowFormat::Ndjson,
            first: RowPosition {
                line: 7,
                offset: 100,
            },
            rows,
            bytes: text.into(),
            columns: Vec::new(),
        }
    }

    #[test]
    fn cutting_a_page_loses_no_byte_and_keeps_positions() {
        for rows in [1, 499, 500, 501, 1000, 1234] {
            let whole = page(rows);
            let parts = pages(whole.clone());
            let joined: Vec<u8> = parts.iter().flat_map(|part| part.bytes.to_vec()).collect();
            assert_eq!(joined, whole.bytes);
            assert_eq!(parts.iter().map(|part| part.rows).sum::<u32>(), rows);
            let mut line = 7;
            for part in &parts {
                assert!(part.rows <= MAX_RECORDS);
                assert_eq!(part.first.line, line);
                line += u64::from(part.rows);
            }
        }
    }

    #[test]
    fn ranges_cover_all_rows_once() {
        assert_eq!(ranges(0), []);
        assert_eq!(ranges(500), [(0, 500)]);
        assert_eq!(ranges(1001), [(0, 500), (500, 500), (1000, 1)]);
    }
}
