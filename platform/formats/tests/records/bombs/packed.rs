//! Bombs that are packed: streams and zip files whose numbers lie.

use std::io::{Cursor, Read};

use tributary_formats::compression::{Archive, UnpackLimits};
use tributary_formats::fault::ReadFault;
use tributary_model::error_code::ErrorCode::{self, *};

use super::super::compressed::{gzip, zipped};
use super::{GIGABYTE, bounded, lazy, stream};

const CSV: &str = r#"{"kind":"csv"}"#;

/// Opens a zip file and reads the member; how many bytes came, and the fault.
fn member(bytes: &[u8], index: usize) -> (usize, Option<ReadFault>) {
    bounded(|| {
        let mut archive = match Archive::open(Cursor::new(bytes), UnpackLimits::default()) {
            Ok(archive) => archive,
            Err(fault) => return (0, Some(fault)),
        };
        let mut part = match archive.part(index) {
            Ok(part) => part,
            Err(fault) => return (0, Some(fault)),
        };
        let mut out = Vec::new();
        let error = part.read_to_end(&mut out).err();
        (out.len(), error.map(|error| ReadFault::of(&error)))
    })
}

fn refused(bytes: &[u8], code: ErrorCode) -> (usize, String) {
    let (length, fault) = member(bytes, 0);
    let fault = fault.unwrap();
    assert_eq!(fault.code, code, "{}", fault.message);
    (length, fault.message)
}

/// Where the directory's entry of the first member starts.
fn entry(bytes: &[u8]) -> usize {
    bytes
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap()
}

/// The file with other bytes at a place of the first member's entry.
fn lying(bytes: &[u8], at: usize, value: &[u8]) -> Vec<u8> {
    let mut lying = bytes.to_vec();
    let start = entry(bytes) + at;
    lying[start..start + value.len()].copy_from_slice(value);
    lying
}

#[test]
fn zip_files_in_zip_files() {
    let mut bytes = zipped(&[("a.csv", b"a;b\n1;2\n")]);
    for _ in 0..20 {
        bytes = zipped(&[("next.zip", &bytes), ("other.zip", &bytes)]);
        bytes.truncate(bytes.len());
        if bytes.len() > 8 << 20 {
            break;
        }
    }
    let (length, fault) = member(&bytes, 0);
    assert!(length > 0 && fault.is_none(), "one level is read as bytes");
    // and what is inside is refused as a file of rows, not opened
    stream(CSV, Cursor::new(bytes), &[ArchiveInvalid]);
}

/// A member whose content is the zip file itself: unpacking all that is in there would never end.
#[test]
fn a_zip_file_that_holds_itself() {
    let inner = zipped(&[("self.zip", &[0; 4000])]);
    let whole = u32::try_from(inner.len()).unwrap().to_le_bytes();
    let bytes = lying(&lying(&inner, 20, &whole), 24, &whole);
    let stored = lying(&bytes, 10, &[0, 0]);
    let (length, _) = refused(&stored, FileTruncated);
    assert!(length <= stored.len());
}

/// Members that share their content: the file is small, what it would give is not.
#[test]
fn members_that_overlap() {
    let zeros = vec![0; 15 << 20];
    let one = zipped(&[("00000", &zeros)]);
    drop(zeros);
    let (start, end) = (entry(&one), one.len() - 22);
    let mut bytes = one[..start].to_vec();
    let count = 2_000_u16;
    for number in 0..count {
        let mut entry = one[start..end].to_vec();
        entry[46..51].copy_from_slice(format!("{number:05}").as_bytes());
        bytes.extend(entry);
    }
    let size = u32::try_from(bytes.len() - start).unwrap();
    bytes.extend(&one[end..end + 8]);
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend(
        [
            size.to_le_bytes(),
            u32::try_from(start).unwrap().to_le_bytes(),
        ]
        .concat(),
    );
    bytes.extend([0, 0]);
    let fault = bounded(|| {
        let mut archive = Archive::open(Cursor::new(&bytes), UnpackLimits::default()).unwrap();
        assert_eq!(archive.entries().len(), 2_000);
        (0..2_000)
            .find_map(|index| archive.part(index).err())
            .unwrap()
    });
    assert_eq!(fault.code, InputTooLarge);
    assert!(
        fault.message.contains("max_total_bytes"),
        "{}",
        fault.message
    );
}

#[test]
fn sizes_that_lie() {
    let text = "1;2\n".repeat(100_000);
    let bytes = zipped(&[("a", text.as_bytes())]);
    let (length, message) = refused(&lying(&bytes, 24, &10_u32.to_le_bytes()), ArchiveInvalid);
    assert!(
        length <= 10 && message.contains("more than the 10 bytes"),
        "{message}"
    );
    let (_, message) = refused(
        &lying(&bytes, 24, &0xF000_0000_u32.to_le_bytes()),
        InputTooLarge,
    );
    assert!(message.contains("max_ratio"), "{message}");
    refused(
        &lying(&bytes, 24, &1_000_000_u32.to_le_bytes()),
        FileTruncated,
    );
    refused(
        &lying(&bytes, 20, &0xF000_0000_u32.to_le_bytes()),
        ArchiveInvalid,
    );
    refused(&lying(&bytes, 16, &[1, 2, 3, 4]), ArchiveInvalid);
    refused(&lying(&bytes, 42, &7_u32.to_le_bytes()), ArchiveInvalid);
    refused(&lying(&bytes, 10, &[12, 0]), ArchiveInvalid);
    refused(&lying(&bytes, 8, &[1, 0]), ArchiveInvalid);
    refused(&lying(&bytes, 28, &[0xFF, 0xFF]), ArchiveInvalid);
}

#[test]
fn sixty_thousand_members() {
    let names: Vec<String> = (0..60_000).map(|number| format!("{number}")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    refused(&zipped(&members), InputTooLarge);
}

#[test]
fn names_of_sixty_thousand_letters() {
    let names: Vec<String> = (0..200)
        .map(|number| format!("{number}{}", "x".repeat(60_000)))
        .collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    refused(&zipped(&members), InputTooLarge);
}

#[test]
fn zstd_frames_that_want_memory() {
    for (front, code) in [
        (&b"\x28\xB5\x2F\xFD\x00\xA8"[..], ArchiveInvalid), // a window of 2 GiB
        (b"\x28\xB5\x2F\xFD\x00\xF8", ArchiveInvalid),      // of 2 TiB
        (b"\x28\xB5\x2F\xFD\xE0\0\0\0\0\0\0\0\x10", ArchiveInvalid), // content of 2^60 bytes, all in one
        (b"\x28\xB5\x2F\xFD\x03\x00\x01\x02\x03\x04", ArchiveInvalid), // a dictionary that is not here
    ] {
        stream(CSV, lazy(front, b"\0", 1 << 20, b""), &[code]);
    }
}

#[test]
fn a_zstd_frame_of_notes_of_four_gigabytes() {
    let front = b"\x50\x2A\x4D\x18\xFF\xFF\xFF\xFF";
    let told = stream(CSV, lazy(front, b"\0", GIGABYTE, b""), &[FileTruncated]);
    assert_eq!(told.rows, 0);
}

#[test]
fn a_gzip_header_that_never_ends() {
    for flag in [b"\x08", b"\x10"] {
        let front = [b"\x1F\x8B\x08", &flag[..], b"\0\0\0\0\0\0"].concat();
        let told = stream(CSV, lazy(&front, b"x", GIGABYTE, b""), &[ArchiveInvalid]);
        assert_eq!(told.rows, 0);
    }
}

#[test]
fn a_million_empty_gzip_members() {
    let empty = gzip(b"");
    let told = stream(
        CSV,
        lazy(b"", &empty, (empty.len() as u64) << 20, b""),
        &[CsvHeader],
    );
    assert_eq!(told.rows, 0);
}

#[test]
fn gzip_in_gzip_a_hundred_times() {
    let mut bytes = b"a;b\n1;2\n".to_vec();
    for _ in 0..100 {
        bytes = gzip(&bytes);
    }
    let told = stream(r#"{"kind":"json"}"#, Cursor::new(bytes), &[SourceProtocol]);
    assert_eq!(told.rows, 0, "unpacked once, never again");
}
