//! Numbers packed to bits: runs of levels and dictionary indexes, and deltas of whole numbers.
//!
//! Invariants: a decoder holds places in the page and no values; what a run announces costs nothing until
//! it is asked for; each number is had once, in order. Deliberately absent: the old `BIT_PACKED` levels.
//! Source: `Encodings.md` of apache/parquet-format.

use super::invalid;
use crate::fault::ReadFault;

/// `width` bits from bit `at` on, least significant first; at most 64.
fn bits(bytes: &[u8], at: usize, width: u32) -> Option<u64> {
    if width == 0 {
        return Some(0);
    }
    let (from, shift) = (at / 8, at % 8);
    let count = (shift + width as usize).div_ceil(8);
    let part = bytes.get(from..from.checked_add(count)?)?;
    let mut word = [0_u8; 16];
    word.get_mut(..count)?.copy_from_slice(part);
    let mask = u64::MAX >> (64 - width);
    Some((u128::from_le_bytes(word) >> shift) as u64 & mask)
}

/// A number of seven bits a byte.
pub(super) fn varint(bytes: &[u8], at: &mut usize) -> Result<u64, ReadFault> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at).ok_or_else(over)?;
        *at += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(invalid("a number in a page is too long"))
}

fn zigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

fn over() -> ReadFault {
    invalid("a page ends before its values do")
}

/// Whether bit `at` is set: booleans as PLAIN has them.
pub(super) fn bit(bytes: &[u8], at: usize) -> Result<bool, ReadFault> {
    let byte = bytes.get(at / 8).ok_or_else(over)?;
    Ok(byte >> (at % 8) & 1 == 1)
}

/// Runs of one number and runs of packed numbers, in turns (`RLE`).
#[derive(Debug)]
pub(super) struct Runs {
    at: usize,
    end: usize,
    width: u32,
    left: u64,
    run: Run,
}

#[derive(Debug)]
enum Run {
    Same(u32),
    /// the next number's first bit
    Packed(usize),
}

impl Runs {
    /// Numbers of `width` bits between two places of a page.
    pub(super) fn new(at: usize, end: usize, width: u32) -> Result<Self, ReadFault> {
        if width > 32 {
            return Err(invalid(format!("a page has indexes of {width} bits")));
        }
        Ok(Self {
            at,
            end,
            width,
            left: 0,
            run: Run::Same(0),
        })
    }

    pub(super) fn next(&mut self, page: &[u8]) -> Result<u32, ReadFault> {
        while self.left == 0 {
            self.start(page)?;
        }
        self.left -= 1;
        match &mut self.run {
            Run::Same(value) => Ok(*value),
            Run::Packed(at) => {
                let value = bits(page, *at, self.width).ok_or_else(over)?;
                *at += self.width as usize;
                Ok(value as u32)
            }
        }
    }

    fn start(&mut self, page: &[u8]) -> Result<(), ReadFault> {
        let page = page.get(..self.end).ok_or_else(over)?;
        let head = varint(page, &mut self.at)?;
        let width = self.width as usize;
        if head & 1 == 0 {
            let bytes = width.div_ceil(8);
            let value = bits(page, self.at * 8, bytes as u32 * 8).ok_or_else(over)?;
            self.at += bytes;
            self.left = head >> 1;
            self.run = Run::Same(value as u32);
            return Ok(());
        }
        let groups = usize::try_from(head >> 1).map_err(|_| over())?;
        let bytes = groups.checked_mul(width).ok_or_else(over)?;
        self.run = Run::Packed(self.at * 8);
        self.left = (groups as u64).saturating_mul(8);
        // The last group of a page may be cut behind its last number.
        self.at = self.at.saturating_add(bytes).min(self.end);
        Ok(())
    }
}

/// Whole numbers as differences (`DELTA_BINARY_PACKED`).
#[derive(Debug)]
pub(super) struct Deltas {
    /// the next block's first byte, once `left_of_block` is 0
    at: usize,
    mini_blocks: u64,
    values_of_mini: u64,
    /// numbers that were not given yet
    left: u64,
    first: bool,
    last: i64,
    least: i64,
    /// the widths of this block's mini blocks
    widths: usize,
    mini: u64,
    left_of_mini: u64,
    bit: usize,
    width: u32,
}

impl Deltas {
    /// Deltas that start at byte `at` of a page.
    pub(super) fn new(page: &[u8], mut at: usize) -> Result<Self, ReadFault> {
        let block = varint(page, &mut at)?;
        let mini_blocks = varint(page, &mut at)?;
        let left = varint(page, &mut at)?;
        let last = zigzag(varint(page, &mut at)?);
        let values_of_mini = block.checked_div(mini_blocks).unwrap_or(0);
        let even = values_of_mini > 0
            && values_of_mini.is_multiple_of(8)
            && block.is_multiple_of(mini_blocks)
            && block <= 1 << 31;
        if !even {
            return Err(invalid(format!(
                "a page has blocks of {block} differences in {mini_blocks} parts"
            )));
        }
        Ok(Self {
            at,
            mini_blocks,
            values_of_mini,
            left,
            first: true,
            last,
            least: 0,
            widths: at,
            mini: mini_blocks,
            left_of_mini: 0,
            bit: 0,
            width: 0,
        })
    }

    pub(super) fn next(&mut self, page: &[u8]) -> Result<i64, ReadFault> {
        self.left = self.left.checked_sub(1).ok_or_else(over)?;
        if std::mem::take(&mut self.first) {
            return Ok(self.last);
        }
        if self.left_of_mini == 0 {
            self.next_mini(page)?;
        }
        self.left_of_mini -= 1;
        let delta = bits(page, self.bit, self.width).ok_or_else(over)?;
        self.bit += self.width as usize;
        // Differences wrap around in the writers, too.
        self.last = self
            .last
            .wrapping_add(self.least)
            .wrapping_add(delta as i64);
        Ok(self.last)
    }

    fn next_mini(&mut self, page: &[u8]) -> Result<(), ReadFault> {
        if self.mini == self.mini_blocks {
            self.least = zigzag(varint(page, &mut self.at)?);
            self.widths = self.at;
            let widths = usize::try_from(self.mini_blocks).map_err(|_| over())?;
            self.at = self.at.checked_add(widths).ok_or_else(over)?;
            self.mini = 0;
        }
        let place = self.widths + usize::try_from(self.mini).unwrap_or(usize::MAX / 2);
        self.width = u32::from(*page.get(place).ok_or_else(over)?);
        if self.width > 64 {
            return Err(invalid("a page has differences of more than 64 bits"));
        }
        self.mini += 1;
        self.left_of_mini = self.values_of_mini;
        self.bit = self.at * 8;
        let bytes = u64::from(self.width) * self.values_of_mini / 8;
        let bytes = usize::try_from(bytes).map_err(|_| over())?;
        self.at = self.at.checked_add(bytes).ok_or_else(over)?;
        Ok(())
    }

    /// The byte behind the last difference, found without giving the numbers. The work is bounded by the
    /// page's bytes.
    pub(super) fn end(&self, page: &[u8]) -> Result<usize, ReadFault> {
        let mut at = self.at;
        let mut left = self.left.saturating_sub(u64::from(self.first));
        while left > 0 {
            varint(page, &mut at)?;
            let widths = usize::try_from(self.mini_blocks).map_err(|_| over())?;
            let widths = at..at.checked_add(widths).ok_or_else(over)?;
            at = widths.end;
            for width in page.get(widths).ok_or_else(over)? {
                if left == 0 {
                    break;
                }
                let bytes = u64::from(*width) * self.values_of_mini / 8;
                at = usize::try_from(bytes)
                    .ok()
                    .and_then(|bytes| at.checked_add(bytes))
                    .filter(|at| *at <= page.len())
                    .ok_or_else(over)?;
                left = left.saturating_sub(self.values_of_mini);
            }
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_both_kinds() {
        // eight numbers of three bits, 0 to 7, then four times 5
        let page = [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010, 8, 5];
        let mut runs = Runs::new(0, page.len(), 3).unwrap();
        let found: Vec<u32> = (0..12).map(|_| runs.next(&page).unwrap()).collect();
        assert_eq!(found, [0, 1, 2, 3, 4, 5, 6, 7, 5, 5, 5, 5]);
        assert!(runs.next(&page).is_err());
    }

    #[test]
    fn a_run_of_width_zero_has_no_bytes() {
        let page = [200, 1];
        let mut runs = Runs::new(0, page.len(), 0).unwrap();
        for _ in 0..100 {
            assert_eq!(runs.next(&page).unwrap(), 0);
        }
        assert!(runs.next(&page).is_err());
    }

    #[test]
    fn deltas_as_the_format_tells_them() {
        // 1 to 5: blocks of 128 in 4 parts, 5 numbers, the first is 1, least difference 1, widths 0
        let page = [0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0];
        let mut deltas = Deltas::new(&page, 0).unwrap();
        assert_eq!(deltas.end(&page).unwrap(), page.len());
        let found: Vec<i64> = (0..5).map(|_| deltas.next(&page).unwrap()).collect();
        assert_eq!(found, [1, 2, 3, 4, 5]);
        assert!(deltas.next(&page).is_err());
    }

    #[test]
    fn counts_that_nothing_stands_behind_cost_nothing() {
        // 2^63 numbers in blocks of 2^31
        let mut page = vec![0x80, 0x80, 0x80, 0x80, 0x08, 1];
        page.extend([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0]);
        page.extend([0, 0, 0, 0]);
        let deltas = Deltas::new(&page, 0).unwrap();
        assert!(deltas.end(&page).is_err());
    }
}
