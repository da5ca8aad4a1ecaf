//! Any bytes as a row and as a stream of text in an encoding, beside what encoding_rs says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::Read;

use encoding_rs::Encoding;
use tributary_formats::encoding::Decoding;
use tributary_formats::transcode::{Transcoder, byte_order_mark};
use tributary_formats_fuzz::{Choices, Pieces};

const LABELS: [&str; 14] = [
    "utf-8",
    "windows-1252",
    "iso-8859-15",
    "koi8-r",
    "ibm866",
    "shift_jis",
    "euc-jp",
    "gb18030",
    "gbk",
    "big5",
    "euc-kr",
    "iso-2022-jp",
    "utf-16le",
    "utf-16be",
];

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let (label, size) = (choices.of(&LABELS), usize::from(choices.byte()).max(1));
    let text = choices.rest();
    let encoding = Encoding::for_label(label.as_bytes()).expect("a known label");
    let _ = byte_order_mark(text);
    let theirs = encoding.decode_without_bom_handling_and_without_replacement(text);

    if let Some(mut decoding) = Decoding::for_label(label) {
        let lossy = decoding.decode_lossy(text);
        assert!(std::str::from_utf8(&lossy).is_ok());
        match decoding.decode(text) {
            // our tables leave out control characters, so they may refuse more and never less
            Ok(decoded) => assert_eq!(Some(decoded), theirs.as_deref().map(str::as_bytes)),
            Err(invalid) => {
                assert!(invalid.offset <= text.len());
                assert!(!invalid.message(label).is_empty());
            }
        }
    }

    let read = |size| {
        let mut out = Vec::new();
        let whole = Transcoder::new(Pieces::new(text, size), encoding, 0).read_to_end(&mut out);
        (out, whole.is_ok())
    };
    let (out, whole) = read(usize::MAX);
    assert!(
        std::str::from_utf8(&out).is_ok(),
        "UTF-8 also before a fault"
    );
    assert_eq!(whole, theirs.is_some());
    if let Some(theirs) = theirs {
        assert_eq!(out, theirs.as_bytes());
    }
    assert_eq!((out, whole), read(size), "pieces do not matter");
});
