//! Rounding to a number of decimals, with the mode always written.

use std::cmp::Ordering;

use super::{Decimal, power_of_ten};

/// What happens to the digits that are cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rounding {
    /// 0.5 away from zero: the usual rule for money
    #[default]
    HalfUp,
    /// 0.5 to the even neighbour
    HalfEven,
    /// 0.5 towards zero
    HalfDown,
    /// away from zero
    Up,
    /// towards zero
    Down,
    /// towards plus infinity
    Ceiling,
    /// towards minus infinity
    Floor,
}

impl Rounding {
    /// The words of the mapping document.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("half_up", Self::HalfUp),
        ("half_even", Self::HalfEven),
        ("half_down", Self::HalfDown),
        ("up", Self::Up),
        ("down", Self::Down),
        ("ceiling", Self::Ceiling),
        ("floor", Self::Floor),
    ];

    /// The mode named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, mode)| *mode)
    }

    /// Whether a number that loses digits moves away from zero. `half` is how the lost part, which
    /// is not zero, compares with half a unit; `odd` whether the kept part is odd.
    pub(super) fn moves_away(self, half: Ordering, odd: bool, negative: bool) -> bool {
        match self {
            Self::HalfUp => half.is_ge(),
            Self::HalfDown => half.is_gt(),
            Self::HalfEven => half.is_gt() || (half.is_eq() && odd),
            Self::Up => true,
            Self::Down => false,
            Self::Ceiling => !negative,
            Self::Floor => negative,
        }
    }
}

impl Decimal {
    /// Cuts the number to `scale` decimals. A number with fewer decimals stays as it is.
    #[must_use]
    pub fn round(self, scale: u8, mode: Rounding) -> Self {
        let Some(cut) = self.scale().checked_sub(scale).filter(|cut| *cut > 0) else {
            return self;
        };
        let Some(unit) = power_of_ten(u32::from(cut)) else {
            return self;
        };
        let mantissa = self.mantissa();
        let (whole, rest) = match (i64::try_from(mantissa), i64::try_from(unit)) {
            (Ok(small), Ok(small_unit)) => (
                i128::from(small / small_unit),
                i128::from(small % small_unit),
            ),
            _ => (mantissa / unit, mantissa % unit),
        };
        if rest == 0 {
            return Self {
                mantissa: whole,
                scale,
            };
        }
        // rest is below 10^38, so doubling it could overflow: compare with the other part instead
        let half = rest.abs().cmp(&(unit - rest.abs()));
        let away = mode.moves_away(half, whole % 2 != 0, rest < 0);
        let step = if rest < 0 { -1 } else { 1 };
        Self {
            mantissa: if away { whole + step } else { whole },
            scale,
        }
    }
}
