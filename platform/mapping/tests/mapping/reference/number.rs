//! Exact decimal numbers as lists of digits, by the rules of arithmetic that one learns at school:
//! slow, and nothing in common with the crate's own numbers.

use std::cmp::Ordering;

/// Most digits of a number, and most digits after the point.
const MOST: usize = 38;

/// A number: its digits without zeros at the start, and how many of them stand after the point.
#[derive(Debug, Clone)]
pub(super) struct Number {
    negative: bool,
    digits: Vec<u8>,
    scale: usize,
}

/// Why a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Invalid,
    TooLarge,
}

fn strip(digits: &[u8]) -> Vec<u8> {
    digits.iter().copied().skip_while(|d| *d == 0).collect()
}

fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (left, right) = (strip(left), strip(right));
    left.len().cmp(&right.len()).then_with(|| left.cmp(&right))
}

fn plus(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut sum = Vec::new();
    let mut carry = 0;
    let (mut left, mut right) = (left.iter().rev(), right.iter().rev());
    loop {
        let (a, b) = (left.next(), right.next());
        if a.is_none() && b.is_none() && carry == 0 {
            break;
        }
        let digit = a.unwrap_or(&0) + b.unwrap_or(&0) + carry;
        sum.push(digit % 10);
        carry = digit / 10;
    }
    sum.reverse();
    strip(&sum)
}

/// `left - right` where `left` is not the smaller one.
fn minus(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut difference = Vec::new();
    let mut borrow = 0;
    let mut right = right.iter().rev();
    for a in left.iter().rev() {
        let b = right.next().unwrap_or(&0) + borrow;
        borrow = u8::from(*a < b);
        difference.push(a + borrow * 10 - b);
    }
    difference.reverse();
    strip(&difference)
}

fn times(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut sum = Vec::new();
    for (place, digit) in right.iter().rev().enumerate() {
        for _ in 0..*digit {
            let mut shifted = left.to_vec();
            shifted.extend(vec![0; place]);
            sum = plus(&sum, &shifted);
        }
    }
    sum
}

/// Quotient and remainder.
fn divided(left: &[u8], right: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut quotient, mut rest) = (Vec::new(), Vec::new());
    for digit in left {
        rest.push(*digit);
        rest = strip(&rest);
        let mut count = 0;
        while compare(&rest, right).is_ge() {
            rest = minus(&rest, right);
            count += 1;
        }
        quotient.push(count);
    }
    (strip(&quotient), rest)
}

impl Number {
    pub(super) fn zero() -> Self {
        Self::from_count(0)
    }

    pub(super) fn from_count(count: usize) -> Self {
        Self::parse(&count.to_string()).unwrap()
    }

    /// A number as JSON writes it.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (rest, exponent) = match rest.split_once(['e', 'E']) {
            Some((rest, exponent)) => (rest, exponent.parse::<i64>().map_err(|_| Fault::Invalid)?),
            None => (rest, 0),
        };
        let (whole, mut fraction) = rest.split_once('.').unwrap_or((rest, ""));
        if text.contains(['e', 'E']) {
            // a number with an exponent has the digits that it needs
            fraction = fraction.trim_end_matches('0');
        }
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if all.is_empty() || !all.iter().all(u8::is_ascii_digit) {
            return Err(Fault::Invalid);
        }
        let mut digits = strip(&all.iter().map(|d| d - b'0').collect::<Vec<u8>>());
        let mut scale = fraction.len() as i64 - exponent;
        if digits.is_empty() {
            scale = scale.clamp(0, MOST as i64);
        }
        while scale < 0 && digits.len() <= MOST {
            digits.push(0);
            scale += 1;
        }
        // zeros after the point that nothing could hold change nothing
        while (digits.len() > MOST || scale > MOST as i64) && scale > 0 && digits.last() == Some(&0)
        {
            digits.pop();
            scale -= 1;
        }
        if digits.len() > MOST || !(0..=MOST as i64).contains(&scale) {
            return Err(Fault::TooLarge);
        }
        Ok(Self::made(negative, digits, scale as usize))
    }

    /// A number as people of a locale write it.
    pub(super) fn parse_written(text: &str, decimal: char, groups: &[char]) -> Result<Self, Fault> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once(decimal) {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(Fault::Invalid),
            None => (unsigned, ""),
        };
        let sign = whole.chars().find(|sign| groups.contains(sign));
        let parts: Vec<&str> = match sign {
            Some(sign) => whole.split(sign).collect(),
            None => vec![whole],
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let first = parts.first().unwrap();
        let grouped =
            parts.len() == 1 || (first.len() <= 3 && parts.iter().skip(1).all(|p| p.len() == 3));
        if first.is_empty() || !grouped || !parts.iter().all(|p| digits(p)) || !digits(fraction) {
            return Err(Fault::Invalid);
        }
        let minus = if text.starts_with('-') { "-" } else { "" };
        let fraction = if fraction.is_empty() {
            String::new()
        } else {
            format!(".{fraction}")
        };
        Self::parse(&format!("{minus}{}{fraction}", parts.concat()))
    }

    fn made(negative: bool, digits: Vec<u8>, scale: usize) -> Self {
        let digits = strip(&digits);
        Self {
            negative: negative && !digits.is_empty(),
            digits,
            scale,
        }
    }

    /// The number, if it can be held.
    fn held(self) -> Option<Self> {
        let mut held = self;
        while (held.digits.len() > MOST || held.scale > MOST)
            && held.scale > 0
            && held.digits.last().is_none_or(|d| *d == 0)
        {
            held.digits.pop();
            held.scale -= 1;
        }
        (held.digits.len() <= MOST && held.scale <= MOST).then_some(held)
    }

    fn at_scale(&self, scale: usize) -> Vec<u8> {
        let mut digits = self.digits.clone();
        digits.extend(vec![0; scale - self.scale]);
        digits
    }

    pub(super) fn normalized(&self) -> Self {
        let mut short = self.clone();
        while short.scale > 0 && short.digits.last().is_none_or(|d| *d == 0) {
            short.digits.pop();
            short.scale -= 1;
        }
        short
    }

    pub(super) fn negated(&self) -> Self {
        Self::made(!self.negative, self.digits.clone(), self.scale)
    }

    pub(super) fn absolute(&self) -> Self {
        Self::made(false, self.digits.clone(), self.scale)
    }

    pub(super) fn add(&self, other: &Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.at_scale(scale), other.at_scale(scale));
        let sum = if self.negative == other.negative {
            Self::made(self.negative, plus(&left, &right), scale)
        } else if compare(&left, &right).is_ge() {
            Self::made(self.negative, minus(&left, &right), scale)
        } else {
            Self::made(other.negative, minus(&strip(&right), &left), scale)
        };
        sum.held()
    }

    pub(super) fn multiply(&self, other: &Self) -> Option<Self> {
        let negative = self.negative != other.negative;
        Self::made(
            negative,
            times(&self.digits, &other.digits),
            self.scale + other.scale,
        )
        .held()
    }

    /// Half-even at 18 decimals where the quotient does not end before.
    pub(super) fn divide(&self, other: &Self) -> Option<Self> {
        if other.digits.is_empty() {
            return None;
        }
        let mut over = self.digits.clone();
        over.extend(vec![0; other.scale + 18]);
        let mut under = other.digits.clone();
        under.extend(vec![0; self.scale]);
        let (mut quotient, rest) = divided(&over, &under);
        let odd = quotient.last().is_some_and(|d| d % 2 == 1);
        match compare(&plus(&rest, &rest), &under) {
            Ordering::Greater => quotient = plus(&quotient, &[1]),
            Ordering::Equal if odd => quotient = plus(&quotient, &[1]),
            _ => {}
        }
        Self::made(self.negative != other.negative, quotient, 18)
            .normalized()
            .held()
    }

    pub(super) fn remainder(&self, other: &Self) -> Option<Self> {
        if other.digits.is_empty() {
            return None;
        }
        let scale = self.scale.max(other.scale);
        let (_, rest) = divided(&self.at_scale(scale), &strip(&other.at_scale(scale)));
        Self::made(self.negative, rest, scale).held()
    }

    pub(super) fn round(&self, scale: usize, mode: &str) -> Self {
        if self.scale <= scale {
            return self.clone();
        }
        let cut = self.scale - scale;
        let keep = self.digits.len().saturating_sub(cut);
        let mut kept: Vec<u8> = self.digits.get(..keep).unwrap().to_vec();
        let mut unit = vec![1];
        unit.extend(vec![0; cut]);
        let rest = strip(self.digits.get(keep..).unwrap());
        let half = compare(&plus(&rest, &rest), &unit);
        let odd = kept.last().is_some_and(|d| d % 2 == 1);
        let away = match mode {
            "half_up" => half.is_ge(),
            "half_down" => half.is_gt(),
            "half_even" => half.is_gt() || (half.is_eq() && odd),
            "up" => !rest.is_empty(),
            "ceiling" => !rest.is_empty() && !self.negative,
            "floor" => !rest.is_empty() && self.negative,
            "down" => false,
            _ => panic!("no such mode: {mode}"),
        };
        if away {
            kept = plus(&kept, &[1]);
        }
        Self::made(self.negative, kept, scale)
    }

    pub(super) fn is_whole(&self) -> bool {
        self.normalized().scale == 0
    }

    /// Digits after the point, also zeros.
    pub(super) fn scale(&self) -> usize {
        self.scale
    }

    pub(super) fn decimals(&self) -> usize {
        self.normalized().scale
    }

    pub(super) fn digits_before_point(&self) -> usize {
        self.digits.len().saturating_sub(self.scale)
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.at_scale(scale), other.at_scale(scale));
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => compare(&left, &right),
            (true, true) => compare(&right, &left),
        }
    }

    /// With exactly `scale` decimals, which are enough.
    pub(super) fn with_decimals(&self, scale: usize) -> String {
        let short = self.normalized();
        Self {
            digits: short.at_scale(scale),
            scale,
            ..short
        }
        .text()
    }

    /// All digits, also zeros at the end.
    pub(super) fn text(&self) -> String {
        let digits: String = self.digits.iter().map(|d| char::from(d + b'0')).collect();
        let digits = format!(
            "{}{digits}",
            "0".repeat((self.scale + 1).saturating_sub(digits.len()))
        );
        let (whole, fraction) = digits.split_at(digits.len() - self.scale);
        let sign = if self.negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }
}
