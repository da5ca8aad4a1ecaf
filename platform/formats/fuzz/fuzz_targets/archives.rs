//! Any bytes as a zip file, as a compressed stream, and packed and unpacked again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, Read, Write};

use flate2::write::GzEncoder;
use tributary_formats::compression::{Archive, Compression, detect, unpack};
use tributary_formats_fuzz::{Choices, Pieces, limits, zip};

const MOST: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let (kind, size) = (choices.byte(), usize::from(choices.byte()).max(1));
    let any = choices.rest();
    match kind % 5 {
        0 => members(any),
        1 => stream(detect(any).unwrap_or(Compression::Gzip), any, size),
        2 => stream(Compression::Zstd, any, size),
        3 => again(any, size),
        _ => {
            let text = choices.text();
            let file = zip::stored(&[(&text, choices.rest()), ("b", any)]);
            members(&file);
        }
    }
});

/// Every member ends, in bytes or in a fault, and gives no more than announced.
fn members(bytes: &[u8]) {
    let Ok(mut archive) = Archive::open(Cursor::new(bytes), limits(3).unpack) else {
        return;
    };
    let _ = archive.matching("**/*.csv");
    let sizes: Vec<u64> = archive.entries().iter().map(|entry| entry.size).collect();
    for (index, size) in sizes.into_iter().enumerate().take(50) {
        let Ok(mut part) = archive.part(index) else {
            continue;
        };
        let mut out = Vec::new();
        let whole = part.read_to_end(&mut out);
        assert!(out.len() as u64 <= size.min(MOST));
        assert!(
            whole.is_err() || out.len() as u64 == size,
            "never a short success"
        );
    }
    assert!(archive.part(usize::MAX).is_err());
}

fn stream(compression: Compression, bytes: &[u8], size: usize) {
    let read = |size| {
        let input = Box::new(Pieces::new(bytes, size));
        let mut reader = unpack(compression, input, limits(3).unpack).ok()?;
        let mut out = Vec::new();
        let whole = reader.read_to_end(&mut out).is_ok();
        assert!(out.len() as u64 <= MOST);
        Some((out, whole))
    };
    let (first, second) = (read(usize::MAX), read(size));
    match (first, second) {
        (Some((first, true)), Some((second, true))) => assert_eq!(first, second),
        (first, second) => {
            let whole = |read: &Option<(Vec<u8>, bool)>| read.as_ref().map(|(_, whole)| *whole);
            assert_eq!(whole(&first), whole(&second), "pieces do not matter");
        }
    }
}

/// What was packed comes out again; what was cut is never a success.
fn again(bytes: &[u8], size: usize) {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    let gzip = encoder.finish().expect("memory takes it");
    let zstd = zstd::stream::encode_all(bytes, 1).expect("memory takes it");
    for (compression, packed) in [(Compression::Gzip, gzip), (Compression::Zstd, zstd)] {
        assert_eq!(detect(&packed), Some(compression));
        let input = Box::new(Pieces::new(&packed, size));
        let mut reader = unpack(compression, input, limits(3).unpack).expect("it opens");
        let mut out = Vec::new();
        reader.read_to_end(&mut out).expect("it is whole");
        assert_eq!(out, bytes);
        let cut = Box::new(&packed[..packed.len() - 1]);
        let mut out = Vec::new();
        let short = unpack(compression, cut, limits(3).unpack)
            .map(|mut reader| reader.read_to_end(&mut out).is_ok());
        assert!(!matches!(short, Ok(true)), "a cut stream is no success");
    }
}
