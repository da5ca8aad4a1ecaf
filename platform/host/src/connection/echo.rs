//! Covers a credential that the other side repeats in its answer: an address that shows the request's
//! headers would otherwise hand the secret to the guest, or to the receipts.
//!
//! Deliberately absent: secrets shorter than 8 bytes, which would be found by chance, and secrets
//! that the other side encoded in a way of its own.

use bytes::BytesMut;
use memchr::memmem::Finder;

/// Shortest text that is looked for.
const SHORTEST: usize = 8;
const COVER: u8 = b'*';

/// The texts of one connection that no answer may show.
#[derive(Default)]
pub(crate) struct Echo {
    secrets: Vec<Finder<'static>>,
}

impl Echo {
    pub(crate) fn of(secrets: &[&str]) -> Self {
        let long = secrets
            .iter()
            .map(|text| text.trim())
            .filter(|text| text.len() >= SHORTEST);
        Self {
            secrets: long.map(|text| Finder::new(text).into_owned()).collect(),
        }
    }

    /// Puts stars in place of every occurrence; lengths stay, so a JSON answer stays one.
    pub(crate) fn cover(&self, bytes: &mut BytesMut) {
        for secret in &self.secrets {
            let mut from = 0;
            while let Some(found) = bytes.get(from..).and_then(|rest| secret.find(rest)) {
                let (start, end) = (from + found, from + found + secret.needle().len());
                if let Some(place) = bytes.get_mut(start..end) {
                    place.fill(COVER);
                }
                from = end;
            }
        }
    }

    /// The same for a header's value.
    pub(crate) fn cover_value(&self, value: &[u8]) -> Vec<u8> {
        let mut bytes = BytesMut::from(value);
        self.cover(&mut bytes);
        bytes.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_is_covered_and_nothing_else() {
        let echo = Echo::of(&["s3cr3t-token", "c2VjcmV0LXBhaXI=", "short"]);
        let mut bytes = BytesMut::from(
            &b"{\"a\":\"Bearer s3cr3t-token\",\"b\":\"s3cr3t-tokens3cr3t-token\",\"c\":\"short s3cr3t-toke\"}"[..],
        );
        echo.cover(&mut bytes);
        assert_eq!(
            &bytes[..],
            &b"{\"a\":\"Bearer ************\",\"b\":\"************************\",\"c\":\"short s3cr3t-toke\"}"[..]
        );
        assert_eq!(
            echo.cover_value(b"Basic c2VjcmV0LXBhaXI="),
            b"Basic ****************"
        );
        assert_eq!(echo.cover_value(b""), b"");
    }
}
