//! A place in the binary log: the file and the byte in it, as `binlog.000004:1337`.

use std::cmp::Ordering;

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) offset: u64,
}

impl Place {
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let read = || {
            let (file, offset) = text.rsplit_once(':')?;
            let offset = offset.parse().ok()?;
            (!file.is_empty()).then(|| Self {
                file: file.to_owned(),
                offset,
            })
        };
        read().ok_or_else(|| {
            let detail = format!("{text:?} is no place in a binary log");
            Problem::new(ErrorCode::ConnectorFailed, detail)
        })
    }

    pub(super) fn text(&self) -> String {
        format!("{}:{}", self.file, self.offset)
    }

    /// Files are numbered behind their last dot, and the number may grow by a digit.
    fn number(&self) -> Option<u64> {
        self.file.rsplit_once('.')?.1.parse().ok()
    }

    /// Whether this is the other place or behind it.
    pub(super) fn reaches(&self, other: &Self) -> bool {
        let files = match (self.number(), other.number()) {
            (Some(mine), Some(theirs)) => mine.cmp(&theirs),
            _ => self.file.cmp(&other.file),
        };
        files.then(self.offset.cmp(&other.offset)) != Ordering::Less
    }

    /// Moves on behind an event; `end` is where the event says that it ends, of which the log keeps 32
    /// bits only.
    pub(super) fn pass(&mut self, size: u32, end: u32) {
        let behind = self.offset + u64::from(size);
        let low = behind & 0xffff_ffff;
        self.offset = match low == u64::from(end) {
            true => behind,
            false => u64::from(end),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_order() {
        let place = |text: &str| Place::parse(text).unwrap();
        for (early, late) in [
            ("binlog.000001:4", "binlog.000001:5"),
            ("binlog.000001:900", "binlog.000002:4"),
            ("binlog.999999:4", "binlog.1000000:4"),
        ] {
            assert!(place(late).reaches(&place(early)) && !place(early).reaches(&place(late)));
            assert!(place(early).reaches(&place(early)));
            assert_eq!(place(early).text(), early);
        }
        for text in ["", ":4", "binlog.000001", "binlog.000001:x", "0/16B3748"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_may_be_longer_than_an_event_can_say() {
        let mut place = Place::parse("b.1:4294967290").unwrap();
        place.pass(10, 4);
        assert_eq!(place.offset, 4_294_967_300);
        place.pass(7, 500);
        assert_eq!(place.offset, 500);
    }
}
