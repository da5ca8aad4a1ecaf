//! The JSON scanner: RFC 8259 in full, one pass, nothing decoded. Stricter than the RFC in one
//! point: a `\u` surrogate without its partner is refused, because it is no text.

/// Deepest nesting of objects and arrays.
pub(crate) const MAX_DEPTH: u32 = 64;

/// What is wrong and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScanError {
    pub(crate) offset: usize,
    pub(crate) reason: &'static str,
}

/// A scanned value: where it stands and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Null,
    True,
    False,
    Number,
    /// without its quotes; with or without escapes
    Text {
        escaped: bool,
    },
    /// object or array
    Nested,
}

/// The scanner has stopped: [`Scanner::error`] says where and why. It takes no room, so that results
/// travel in registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopped;

/// Walks over one JSON text.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    reason: &'static str,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
/// Eight letters.
const PLAIN: u64 = ONES * b'a' as u64;

impl<'a> Scanner<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            reason: "",
        }
    }

    /// Stops here.
    #[cold]
    pub(crate) fn fail<T>(&mut self, reason: &'static str) -> Result<T, Stopped> {
        self.reason = reason;
        Err(Stopped)
    }

    /// Where and why the scanner has stopped.
    pub(crate) fn error(&self) -> ScanError {
        ScanError {
            offset: self.at,
            reason: self.reason,
        }
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no white space, not taken.
    #[inline]
    pub(crate) fn peek_token(&mut self) -> Option<u8> {
        while let Some(byte) = self.peek() {
            if byte > b' ' {
                return Some(byte);
            }
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes white space and then `byte`.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), Stopped> {
        if self.peek_token() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        self.fail(reason)
    }

    /// Takes a text whose opening quote is next; says whether it has escapes. The text stands between
    /// the quotes: from one byte after where the scanner was to one before where it is.
    #[inline(always)]
    pub(crate) fn text(&mut self) -> Result<bool, Stopped> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at = plain_run(self.bytes, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return self.fail("a control character in a text must be escaped"),
                None => return self.fail("the text is not closed"),
            }
        }
    }

    #[cold]
    fn escape(&mut self) -> Result<(), Stopped> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let first = self.four_hex(self.at + 2)?;
                match first {
                    0xdc00..=0xdfff => return self.fail("half of a surrogate pair"),
                    0xd800..=0xdbff => {
                        let second = match self.bytes.get(self.at + 6..self.at + 8) {
                            Some(b"\\u") => self.four_hex(self.at + 8)?,
                            _ => return self.fail("half of a surrogate pair"),
                        };
                        if !(0xdc00..=0xdfff).contains(&second) {
                            return self.fail("half of a surrogate pair");
                        }
                        self.at += 12;
                    }
                    _ => self.at += 6,
                }
            }
            _ => return self.fail("this escape does not exist"),
        }
        Ok(())
    }

    fn four_hex(&mut self, at: usize) -> Result<u32, Stopped> {
        match hex(self.bytes.get(at..at + 4)) {
            Some(number) => Ok(number),
            None => self.fail("\\u needs four hex digits"),
        }
    }

    /// Takes a number.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<(), Stopped> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail("a number needs digits"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    fn some_digits(&mut self) -> Result<(), Stopped> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.fail("a number needs digits here");
        }
        self.digits();
        Ok(())
    }

    #[inline]
    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// Takes `true`, `false` or `null`, which starts with `first`.
    #[inline]
    pub(crate) fn word(&mut self, first: Option<u8>) -> Result<Token, Stopped> {
        match first {
            Some(b't') => self.letters(b"true", Token::True),
            Some(b'f') => self.letters(b"false", Token::False),
            Some(b'n') => self.letters(b"null", Token::Null),
            Some(_) => self.fail("not a JSON value"),
            None => self.fail("the text ends where a value is needed"),
        }
    }

    fn letters(&mut self, word: &'static [u8], token: Token) -> Result<Token, Stopped> {
        if self.bytes.get(self.at..self.at + word.len()) == Some(word) {
            self.at += word.len();
            return Ok(token);
        }
        self.fail("not a JSON value")
    }

    /// Takes a scalar, or nothing of an object or array. White space before it is taken already.
    #[inline]
    pub(crate) fn scalar(
        &mut self,
        first: Option<u8>,
    ) -> Result<Option<(Token, usize, usize)>, Stopped> {
        let start = self.at;
        let token = match first {
            Some(b'"') => {
                let escaped = self.text()?;
                return Ok(Some((Token::Text { escaped }, start + 1, self.at - 1)));
            }
            Some(b'{' | b'[') => return Ok(None),
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Token::Number
            }
            _ => self.word(first)?,
        };
        Ok(Some((token, start, self.at)))
    }

    /// Takes a whole value and checks it; says what it is and where it stands.
    pub(crate) fn skip(&mut self, depth: u32) -> Result<(Token, usize, usize), Stopped> {
        let first = self.peek_token();
        if let Some(found) = self.scalar(first)? {
            return Ok(found);
        }
        let start = self.at;
        self.pass(depth)?;
        Ok((Token::Nested, start, self.at))
    }

    /// Takes a whole value and checks it.
    #[inline(always)]
    pub(crate) fn pass(&mut self, depth: u32) -> Result<(), Stopped> {
        match self.peek_token() {
            Some(b'"') => self.text().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{' | b'[') => self.pass_nested(depth),
            first => self.word(first).map(|_| ()),
        }
    }

    fn pass_nested(&mut self, depth: u32) -> Result<(), Stopped> {
        if depth >= MAX_DEPTH {
            return self.fail("nested more than 64 deep");
        }
        let close = if self.peek() == Some(b'{') {
            b'}'
        } else {
            b']'
        };
        self.at += 1;
        if self.peek_token() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            if close == b'}' {
                if self.peek_token() != Some(b'"') {
                    return self.fail("a member's name in quotes is needed");
                }
                self.text()?;
                self.expect(b':', "a ':' is needed after a member's name")?;
            }
            self.pass(depth + 1)?;
            match self.peek_token() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.fail("a ',' or the closing bracket is needed"),
            }
        }
    }
}

/// The first place from `at` on with a quote, a backslash or a control character.
#[inline]
pub(crate) fn plain_run(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes
        .get(at..at + 8)
        .and_then(|chunk| <[u8; 8]>::try_from(chunk).ok())
    {
        let marks = marked(u64::from_le_bytes(chunk));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    if at >= bytes.len() {
        return at;
    }
    // the rest, together with bytes before it, which are made plain
    if let Some(chunk) = bytes.last_chunk::<8>() {
        let rest = u64::MAX << (8 * (at + 8 - bytes.len()));
        let marks = marked((u64::from_le_bytes(*chunk) & rest) | (PLAIN & !rest));
        return match marks {
            0 => bytes.len(),
            marks => bytes.len() - 8 + (marks.trailing_zeros() / 8) as usize,
        };
    }
    while let Some(byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\') || *byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// The high bit of the first byte that is a quote, a backslash or a control character; later ones may
/// be marked wrongly. A borrow in a byte's subtraction marks a byte below, an exclusive-or makes an
/// equal byte zero.
#[inline]
pub(super) fn marked(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    let found = (quote.wrapping_sub(ONES) & !quote)
        | (slash.wrapping_sub(ONES) & !slash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    found & HIGHS
}

/// The high bit of every byte that is `byte`, and of no other. Adding cannot carry from byte to byte.
#[inline]
pub(super) fn equal(word: u64, byte: u8) -> u64 {
    let differing = word ^ (ONES * u64::from(byte));
    !(((differing & !HIGHS) + !HIGHS) | differing) & HIGHS
}

/// Four hex digits.
pub(crate) fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = digits?;
    let mut number = 0;
    for byte in digits {
        number = number * 16 + char::from(*byte).to_digit(16)?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_are_marked_and_no_others() {
        for byte in [0, 1, b';', b'\t', 0x7f] {
            for other in 0..=255_u8 {
                for place in 0..8 {
                    let mut bytes = [byte; 8];
                    bytes[place] = other;
                    let marks = equal(u64::from_le_bytes(bytes), byte).to_le_bytes();
                    for (mark, there) in marks.iter().zip(bytes) {
                        assert_eq!(*mark, if there == byte { 0x80 } else { 0 });
                    }
                }
            }
        }
    }

    #[test]
    fn a_plain_run_ends_where_it_should() {
        let naive = |bytes: &[u8], at: usize| {
            (at..bytes.len())
                .find(|place| matches!(bytes[*place], b'"' | b'\\') || bytes[*place] < 0x20)
                .unwrap_or(bytes.len().max(at))
        };
        for length in 0..44 {
            for mark in [b'"', b'\\', b'\n', 0, 0x1f, b' ', b'!', 0x7f, 0xff] {
                // what stands before the start must not change what is found after it
                for (place, before) in (0..=length).flat_map(|place| [(place, b'a'), (place, b'"')])
                {
                    let mut bytes = vec![b'#'; length];
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte = mark;
                    }
                    for byte in bytes.iter_mut().take(place) {
                        *byte = before;
                    }
                    for at in 0..=length {
                        assert_eq!(
                            plain_run(&bytes, at),
                            naive(&bytes, at),
                            "{bytes:?} from {at}"
                        );
                    }
                }
            }
        }
    }
}
