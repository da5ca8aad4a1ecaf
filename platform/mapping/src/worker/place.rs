//! Where a value stands in its row: found again when an issue or explanation names it, so that reading pays
//! nothing for it.
//!
//! Invariant: what is said is where the value stands, or nothing; of a value that is not to be seen the column
//! alone, since its bytes would tell its length.

use tributary_model::rows::ValuePlace;

use super::rows::raw_text;
use super::run::Run;
use crate::formula::expression::SlotRef;
use crate::path::{Step, parse_singular};
use crate::reader::{column_range, locate};

/// Rows up to this size are read once more for a value that cannot be found without.
const MAX_REREAD: usize = 256 << 10;

impl Run<'_> {
    /// Where the value of a slot stands; see the module.
    #[cold]
    pub(super) fn place(&self, slot: SlotRef, sensitive: bool) -> Option<ValuePlace> {
        let seen = !sensitive && !self.plan.hidden.slot(slot);
        let place = ValuePlace {
            bytes: self.bytes(slot).filter(|_| seen),
            ..self.column(slot)
        };
        (place != ValuePlace::default()).then_some(place)
    }

    fn column(&self, slot: SlotRef) -> ValuePlace {
        let wanted = self.plan.slots.first();
        let wanted = wanted.and_then(|slots| slots.get(usize::from(slot.slot)));
        let (Some(column), Some(Step::Name(name))) = (
            self.column_number(slot),
            wanted.and_then(|wanted| wanted.path.first()),
        ) else {
            return ValuePlace::default();
        };
        ValuePlace {
            bytes: None,
            column: u32::try_from(column + 1).ok(),
            name: Some(name.clone()),
        }
    }

    /// Counted from 0.
    fn column_number(&self, slot: SlotRef) -> Option<usize> {
        let mut columns = self.csv?.columns.iter();
        columns.position(|column| *column == Some(slot.slot))
    }

    fn bytes(&self, slot: SlotRef) -> Option<(u64, u64)> {
        let row = self.rows.get(self.row_number(slot.scope)? as usize)?;
        let found = match raw_text(self.raw(slot)) {
            Some(part) if !part.is_empty() => within(row.bytes, part),
            _ => None,
        };
        let (from, to) = match found {
            Some(found) => found,
            None if row.bytes.len() > MAX_REREAD => return None,
            None => self.read_again(slot, std::str::from_utf8(row.bytes).ok()?)?,
        };
        Some((u64::try_from(from).ok()?, u64::try_from(to).ok()?))
    }

    fn read_again(&self, slot: SlotRef, row: &str) -> Option<(usize, usize)> {
        match self.csv {
            Some(binding) => column_range(row, binding, self.column_number(slot)?),
            None => locate(row, &parse_singular(&self.source_path(slot)).ok()?),
        }
    }
}

/// Where `part` lies in `row`, if it is a piece of its memory and no copy.
fn within(row: &[u8], part: &str) -> Option<(usize, usize)> {
    let from = part.as_ptr().addr().checked_sub(row.as_ptr().addr())?;
    let to = from.checked_add(part.len())?;
    (to <= row.len()).then_some((from, to))
}
