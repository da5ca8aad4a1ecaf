//! What calls left with: which records of a batch, and the number of each one's key. Committed before
//! the first call, so that a worker that takes over after a crash sends the same keys again, and so
//! that a target without memory for keys is not sent anything twice.

use std::ops::RangeInclusive;

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

/// See the module. Neighbours with the same number share an entry: mostly there is one for a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Intent {
    spans: Vec<(RangeInclusive<usize>, u32)>,
}

impl Intent {
    /// From records in ascending order.
    pub(crate) fn of(records: impl Iterator<Item = (usize, u32)>) -> Self {
        let mut spans: Vec<(RangeInclusive<usize>, u32)> = Vec::new();
        for (index, resend) in records {
            match spans.last_mut() {
                Some((span, number)) if *number == resend && *span.end() + 1 == index => {
                    *span = *span.start()..=index;
                }
                _ => spans.push((index..=index, resend)),
            }
        }
        Self { spans }
    }

    /// The number that the record's key was made with, if a call with it may have left.
    pub(crate) fn resend(&self, index: usize) -> Option<u32> {
        let span = self.spans.iter().find(|(span, _)| span.contains(&index))?;
        Some(span.1)
    }

    /// As the ledger keeps it: JSON `[[first, last, resend], ...]`.
    pub(crate) fn text(&self) -> String {
        let spans: Vec<(usize, usize, u32)> = self
            .spans
            .iter()
            .map(|(span, resend)| (*span.start(), *span.end(), *resend))
            .collect();
        serde_json::json!(spans).to_string()
    }

    /// From the ledger's text; nothing left without one.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let spans: Vec<(usize, usize, u32)> = serde_json::from_str(text).map_err(|error| {
            let detail = format!("a batch's stored intent cannot be read: {error}");
            Problem::new(ErrorCode::StorageFailed, detail)
        })?;
        Ok(Self {
            spans: spans
                .into_iter()
                .map(|(first, last, resend)| (first..=last, resend))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_an_entry_and_nothing_is_lost() {
        let records = [(0, 0), (1, 0), (2, 4), (4, 4), (5, 4), (9, 0)];
        let intent = Intent::of(records.into_iter());
        assert_eq!(intent.text(), "[[0,1,0],[2,2,4],[4,5,4],[9,9,0]]");
        let again = Intent::parse(Some(&intent.text())).unwrap();
        for (index, resend) in records {
            assert_eq!(again.resend(index), Some(resend));
        }
        assert_eq!((again.resend(3), again.resend(10)), (None, None));
        assert_eq!(Intent::parse(None).unwrap().resend(0), None);
        assert!(Intent::parse(Some("{}")).is_err());
    }
}
