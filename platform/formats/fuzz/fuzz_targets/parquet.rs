//! Any bytes as a Parquet file, or as the pages of one column behind a good footer. The first byte chooses;
//! the next ones say what the footer says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

use tributary_formats::parquet::ParquetOptions;
use tributary_formats::records::{Config, Format, Input, open};
use tributary_formats_fuzz::{Choices, check_json, drain, limits};

/// A field of a structure in Thrift's compact protocol, whose numbers are small.
fn field(id: u8, kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind, id << 1], value].concat()
}

fn int(value: usize) -> Vec<u8> {
    let mut value = value << 1;
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn structure(fields: &[Vec<u8>]) -> Vec<u8> {
    [&fields.concat()[..], &[0]].concat()
}

/// `pages` as a file of one column.
fn file(choices: &mut Choices<'_>) -> Vec<u8> {
    let physical = usize::from(choices.byte() % 8);
    let repetition = usize::from(choices.byte() % 3);
    let converted = usize::from(choices.byte() % 24);
    let codec = choices.of(&[0, 1, 2, 6]);
    let (values, rows) = (usize::from(choices.byte()), usize::from(choices.byte()));
    let pages = choices.rest();
    let mut leaf = vec![
        field(1, 6, &int(physical)),
        field(2, 6, &int(12)),
        field(3, 6, &int(repetition)),
        field(4, 8, b"\x01a"),
    ];
    if converted < 22 {
        leaf.push(field(6, 6, &int(converted)));
    }
    let top = structure(&[field(4, 8, b"\x01t"), field(5, 6, &int(1))]);
    let schema = [&[0x2C][..], &top, &structure(&leaf)].concat();
    let column = structure(&[
        field(1, 6, &int(physical)),
        field(4, 6, &int(codec)),
        field(5, 6, &int(values)),
        field(7, 6, &int(pages.len())),
        field(9, 6, &int(4)),
    ]);
    let chunk = structure(&[field(3, 12, &column)]);
    let group = structure(&[
        field(1, 9, &[&[0x1C][..], &chunk].concat()),
        field(3, 6, &int(rows)),
    ]);
    let footer = structure(&[
        field(2, 9, &schema),
        field(3, 6, &int(rows)),
        field(4, 9, &[&[0x1C][..], &group].concat()),
    ]);
    let length = u32::try_from(footer.len()).unwrap_or(0).to_le_bytes();
    [b"PAR1", pages, &footer, &length, b"PAR1"].concat()
}

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let (part, limit) = (choices.byte(), choices.byte());
    let file = match part % 2 {
        0 => choices.rest().to_vec(),
        _ => file(&mut choices),
    };
    let mut limits = limits(limit | 2);
    limits.max_held_bytes = 8 << 20;
    // A record weighs its name, too: a million of them are enough.
    limits.unpack.max_ratio = 1;
    let options = ParquetOptions {
        binary_as_text: part & 2 == 2,
    };
    let config = Config {
        format: Format::Parquet(options),
        limits,
    };
    if let Ok(mut reader) = open(&config, Input::File(Box::new(Cursor::new(&file)))) {
        check_json(&drain(&mut reader, limits.max_record_bytes), true);
    }
});
