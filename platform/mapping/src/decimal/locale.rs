//! Numbers as people write them: with a decimal sign and grouping of their locale. Grouping is
//! checked by position, so that a number of another locale is an error and not another number.

use super::parse::{Digits, short};
use super::{Decimal, DecimalError};

/// The signs of a locale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separators {
    /// between whole and fraction
    pub decimal: char,
    /// between groups of three digits; any one of them, but the same throughout a number
    pub group: &'static [char],
}

impl Separators {
    /// `1234.5`
    pub const PLAIN: Self = Self {
        decimal: '.',
        group: &[],
    };
    /// `1.234,5`
    pub const GERMAN: Self = Self {
        decimal: ',',
        group: &['.'],
    };
    /// `1'234.5`, also with the typographic apostrophe
    pub const SWISS: Self = Self {
        decimal: '.',
        group: &['\'', '\u{2019}'],
    };
    /// `1,234.5`
    pub const ENGLISH: Self = Self {
        decimal: '.',
        group: &[','],
    };
    /// `1 234,5`, also with no-break spaces
    pub const FRENCH: Self = Self {
        decimal: ',',
        group: &[' ', '\u{a0}', '\u{202f}'],
    };
}

impl Decimal {
    /// Reads a number in the writing of a locale; no exponent. Groups are optional, but where they
    /// are, the first has one to three digits and does not begin with zero, and every other has exactly
    /// three: `0.500` with a comma for decimals is a half of another locale, not 500.
    ///
    /// # Errors
    /// [`DecimalError::Invalid`], [`DecimalError::TooLarge`].
    pub fn parse_in(text: &str, separators: Separators) -> Result<Self, DecimalError> {
        // every decimal sign of ours is one byte
        if let Some(number) = short(text, separators.decimal as u8) {
            return Ok(number);
        }
        let (negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let mut sum = Digits::default();
        let mut group: Option<char> = None;
        let mut run = 0_u32; // digits since the start or the last group sign
        for sign in digits.chars() {
            if let Some(byte) = u8::try_from(sign).ok().filter(u8::is_ascii_digit) {
                sum.push(byte)?;
                run += 1;
            } else if sign == separators.decimal && !sum.point {
                if group.is_some() && run != 3 {
                    return Err(DecimalError::Invalid);
                }
                sum.point = true;
            } else if separators.group.contains(&sign) && !sum.point {
                let fits = match group {
                    None => (1..=3).contains(&run) && !digits.starts_with('0'),
                    Some(first) => first == sign && run == 3,
                };
                if !fits {
                    return Err(DecimalError::Invalid);
                }
                group = Some(sign);
                run = 0;
            } else {
                return Err(DecimalError::Invalid);
            }
        }
        if group.is_some() && !sum.point && run != 3 {
            return Err(DecimalError::Invalid);
        }
        sum.finish(negative)
    }
}
