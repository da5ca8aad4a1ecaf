//! Paths that some server could read as leading out of the base address. Proxies and servers decode
//! once more, cut at backslashes, or drop what stands behind a semicolon, so a path is judged in
//! every reading, not only in the standard's.

use super::http::address::decoded;

/// How often a chain of proxies and servers may decode a path.
const DECODINGS: usize = 3;

/// Whether `path`, as it stands or decoded, has a segment `.` or `..`, a control character, or bytes
/// that only hide one.
pub(crate) fn climbs(path: &str) -> bool {
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..=DECODINGS {
        let hidden = |byte: &u8| byte.is_ascii_control() || matches!(byte, 0xc0 | 0xc1);
        if bytes.iter().any(hidden) || bytes.split(separates).any(is_dots) {
            return true;
        }
        let next = decoded(&bytes);
        if next == bytes {
            return false;
        }
        bytes = next;
    }
    // Whoever encodes that often wants something not to be seen.
    true
}

fn separates(byte: &u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

/// `..` and `..;x`, which some servers take for the same.
fn is_dots(segment: &[u8]) -> bool {
    let name = segment.split(|byte| *byte == b';').next();
    matches!(name, Some(b"." | b".."))
}

#[cfg(test)]
mod tests {
    use super::climbs;

    #[test]
    fn every_reading_counts() {
        for path in [
            "..",
            "a/../b",
            "./a",
            "a/..",
            "%2e%2e/a",
            ".%2E/a",
            "a%2f..%2fb",
            "a\\..\\b",
            "a%5c..%5cb",
            "%252e%252e/a",
            "%25252e%25252e/a",
            "%2525252e",
            "%2525252525252e",
            "a/..;/b",
            "a/..;x=1/b",
            "%2e%2e%3b/a",
            "a%0d%0ab",
            "a%00",
            "a\r\nb",
            "%250a",
            "%c0%ae%c0%ae/a",
            "a/%2e",
        ] {
            assert!(climbs(path), "{path:?}");
        }
        for path in [
            "",
            "a/b",
            "a..b/c...d",
            "...",
            "a;v=1/b",
            "100%25",
            "100%",
            "%zz",
            "%+1",
            "a%20b",
            "M%C3%BCller",
            "Müller",
            "Orders(1)/$value",
            ".well-known/x",
            "a%2Fb",
        ] {
            assert!(!climbs(path), "{path:?}");
        }
    }
}
