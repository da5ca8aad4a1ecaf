//! gzip, zstd and zip files: good ones, damaged ones, cut ones, growing ones.

use std::io::{Cursor, Read, Write};

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use tributary_formats::compression::{Archive, Compression, UnpackLimits, detect, unpack};
use tributary_formats::fault::ReadFault;
use tributary_formats::records::{Input, open};
use tributary_model::error_code::ErrorCode;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{config, drain, read_pieces};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

pub(crate) fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::DEFLATE);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn limits(max_bytes: u64) -> UnpackLimits {
    UnpackLimits {
        max_bytes,
        ..UnpackLimits::default()
    }
}

/// What can be read, and the fault that ended it.
fn unpacked(bytes: &[u8], limits: UnpackLimits) -> (Vec<u8>, Option<ReadFault>) {
    let kind = detect(bytes).unwrap();
    let mut reader = unpack(kind, Box::new(Cursor::new(bytes.to_vec())), limits).unwrap();
    let mut out = Vec::new();
    let error = reader.read_to_end(&mut out).err();
    (out, error.map(|error| ReadFault::of(&error)))
}

fn member(bytes: &[u8], name: &str, limits: UnpackLimits) -> Result<Vec<u8>, ReadFault> {
    let mut archive = Archive::open(Cursor::new(bytes), limits)?;
    let index = archive.find(name).unwrap();
    let mut out = Vec::new();
    let result = archive.part(index)?.read_to_end(&mut out);
    result.map_err(|error| ReadFault::of(&error))?;
    Ok(out)
}

#[test]
fn streams_come_back_with_all_their_members() {
    let text: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
    let (first, second) = text.split_at(1000);
    for packed in [
        gzip(&text),
        [gzip(first), gzip(second)].concat(),
        zstd(&text),
        [zstd(first), zstd(second)].concat(),
    ] {
        assert_eq!(
            unpacked(&packed, UnpackLimits::default()),
            (text.clone(), None)
        );
        let (_, fault) = unpacked(&packed, limits(100_000));
        let fault = fault.unwrap();
        assert_eq!(fault.code, ErrorCode::InputTooLarge);
        assert!(
            fault.message.contains("100000 bytes (limit max_bytes)"),
            "{}",
            fault.message
        );
    }
}

#[test]
fn cut_and_damaged_streams_are_never_a_short_success() {
    let text: Vec<u8> = (0..9000_u32).flat_map(|n| (n * n).to_le_bytes()).collect();
    for packed in [gzip(&text), zstd(&text)] {
        for length in [5, 20, packed.len() / 2, packed.len() - 1] {
            let (out, fault) = unpacked(&packed[..length], UnpackLimits::default());
            assert!(text.starts_with(&out));
            assert_eq!(fault.unwrap().code, ErrorCode::FileTruncated, "at {length}");
        }
        let mut damaged = packed.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x55;
        let (out, fault) = unpacked(&damaged, UnpackLimits::default());
        // zstd without a check sum may not notice one changed byte; it must not fail otherwise.
        if fault.is_none() {
            assert_eq!(
                (out.len(), detect(&packed)),
                (text.len(), Some(Compression::Zstd))
            );
        }
        let behind = [&packed[..], b"garbage"].concat();
        assert!(unpacked(&behind, UnpackLimits::default()).1.is_some());
    }
    let mut sum = gzip(&text);
    let at = sum.len() - 6;
    sum[at] ^= 1;
    let fault = unpacked(&sum, UnpackLimits::default()).1.unwrap();
    assert_eq!(fault.code, ErrorCode::ArchiveInvalid);
}

#[test]
fn rows_before_the_cut_are_given() {
    let text: String = (0..20_000)
        .map(|n| format!("{n};x{}\n", n * 7919 % 10_007))
        .collect();
    let packed = gzip(format!("a;b\n{text}").as_bytes());
    let csv = config(r#"{"kind":"csv"}"#);
    let whole = read_pieces(&csv, &packed, 1000).unwrap();
    assert!(whole.complete);
    assert_eq!(whole.rows().len(), 20_000);
    let cut = read_pieces(&csv, &packed[..packed.len() / 2], 1000).unwrap();
    assert!(!cut.complete);
    assert!(cut.rows().len() > 5000);
    assert_eq!(cut.rows(), whole.rows()[..cut.rows().len()]);
    let (code, message) = cut.faults()[0];
    assert_eq!(code, ErrorCode::FileTruncated, "{message}");
    assert_eq!(
        read_pieces(&csv, &zstd(b"a;b\n1;2\n"), 3).unwrap().rows(),
        ["1;2"]
    );
}

#[test]
fn members_are_chosen_by_glob_in_name_order() {
    let bytes = zipped(&[
        ("b.csv", b"a;b\n2;2\n"),
        ("a.csv", b"a;b\n1;1\n"),
        ("deep/c.csv", b"a;b\n3;3\n"),
        ("notes.txt", b"x"),
    ]);
    let mut archive = Archive::open(Cursor::new(&bytes), UnpackLimits::default()).unwrap();
    let names = |glob: &str, archive: &Archive<_>| -> Vec<String> {
        let found = archive.matching(glob).unwrap();
        found
            .into_iter()
            .map(|index| archive.entries()[index].name.clone())
            .collect()
    };
    assert_eq!(names("*.csv", &archive), ["a.csv", "b.csv"]);
    assert_eq!(
        names("**/*.csv", &archive),
        ["a.csv", "b.csv", "deep/c.csv"]
    );
    assert_eq!(names("{a,notes}.*", &archive), ["a.csv", "notes.txt"]);
    assert!(archive.matching("[").is_err());
    let csv = config(r#"{"kind":"csv"}"#);
    let mut rows = Vec::new();
    for index in archive.matching("**").unwrap() {
        let part = archive.part(index).unwrap();
        let Ok(mut reader) = open(&csv, Input::Stream(Box::new(part))) else {
            continue;
        };
        rows.extend(
            drain(&mut reader)
                .rows()
                .iter()
                .map(|row| (*row).to_owned()),
        );
    }
    assert_eq!(rows, ["1;1", "2;2", "3;3"]);
}

#[test]
fn zip_files_are_held_to_their_directory_and_limits() {
    let noise: Vec<u8> = (0..9000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let good = zipped(&[("a", &noise)]);
    assert_eq!(member(&good, "a", UnpackLimits::default()).unwrap(), noise);
    let code = |bytes: &[u8], limits| member(bytes, "a", limits).unwrap_err();
    let fault = code(&good, limits(1000));
    assert_eq!(fault.code, ErrorCode::InputTooLarge);
    assert!(
        fault.message.contains("\"a\"") && fault.message.contains("max_bytes"),
        "{}",
        fault.message
    );
    let total = UnpackLimits {
        max_total_bytes: 50_000,
        ..UnpackLimits::default()
    };
    let two = zipped(&[("a", &noise), ("b", &noise)]);
    let mut archive = Archive::open(Cursor::new(&two), total).unwrap();
    archive.part(0).unwrap();
    let fault = archive.part(1).unwrap_err();
    assert!(
        fault.message.contains("max_total_bytes"),
        "{}",
        fault.message
    );

    let mut damaged = good.clone();
    damaged[2000] ^= 0xFF;
    assert!(matches!(
        code(&damaged, UnpackLimits::default()).code,
        ErrorCode::ArchiveInvalid | ErrorCode::FileTruncated
    ));
    for length in [0, 3, 30, good.len() / 2, good.len() - 30] {
        let fault =
            Archive::open(Cursor::new(&good[..length]), UnpackLimits::default()).unwrap_err();
        assert_eq!(
            fault.code,
            ErrorCode::ArchiveInvalid,
            "{length}: {}",
            fault.message
        );
    }
    // A directory that announces fewer bytes than come out.
    let directory = good
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x01\x02")
        .unwrap();
    let mut lying = good.clone();
    lying[directory + 24..directory + 28].copy_from_slice(&100_u32.to_le_bytes());
    let fault = code(&lying, UnpackLimits::default());
    assert!(fault.message.contains("announces"), "{}", fault.message);
    let mut encrypted = good;
    encrypted[directory + 8] |= 1;
    let fault = code(&encrypted, UnpackLimits::default());
    assert!(fault.message.contains("encrypted"), "{}", fault.message);
}

#[test]
fn data_is_what_somebody_put_there_on_purpose_in_the_order_of_the_archive() {
    let zip = zipped(&[
        ("b.csv", b"2"),
        ("__MACOSX/._b.csv", b"x"),
        ("in/.DS_Store", b"x"),
        ("in/a.csv", b"1"),
        (".hidden/c.csv", b"x"),
        ("in/deep/d.txt", b"4"),
        ("a__MACOSX.csv", b"5"),
    ]);
    let archive = Archive::open(Cursor::new(zip), UnpackLimits::default()).unwrap();
    let names = |glob: &str| -> Vec<&str> {
        let found = archive.data(glob).unwrap();
        let name = |index: usize| archive.entries()[index].name.as_str();
        found.into_iter().map(name).collect()
    };
    let all = ["b.csv", "in/a.csv", "in/deep/d.txt", "a__MACOSX.csv"];
    assert_eq!(names("**"), all);
    assert_eq!(names("**/*.csv"), ["b.csv", "in/a.csv", "a__MACOSX.csv"]);
    assert_eq!(names("*.csv"), ["b.csv", "a__MACOSX.csv"]);
    assert!(names(".hidden/*").is_empty(), "whatever is asked for");
    let problem = archive.data("[").unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConfigInvalid);
}

#[test]
fn members_together_keep_to_the_limit_and_one_twice_counts_once() {
    let zip = zipped(&[("a", &[b'a'; 600]), ("b", &[b'b'; 600])]);
    let limits = UnpackLimits {
        max_total_bytes: 1_000,
        ..UnpackLimits::default()
    };
    let mut archive = Archive::open(Cursor::new(zip), limits).unwrap();
    for _ in 0..2 {
        let mut out = Vec::new();
        let mut part = archive.detached(0).unwrap();
        part.read_to_end(&mut out).unwrap();
        assert_eq!(out.len(), 600);
    }
    let fault = archive.detached(1).err().unwrap();
    assert_eq!(fault.code, ErrorCode::InputTooLarge);
    assert!(fault.message.contains("max_total_bytes"), "{fault:?}");
}
