//! A checking scanner over JSON text that builds nothing and does not recurse.

use std::ops::Range;

use super::MAX_DEPTH;

/// Where the text stops to be JSON.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bad {
    /// index of the byte
    pub(super) at: usize,
    /// what should be there
    pub(super) expected: &'static str,
}

/// A place in a JSON text, with the containers around it.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    /// one bit per open container, 1 for an object; the innermost is the lowest
    objects: u128,
    depth: u32,
}

const _: () = assert!(MAX_DEPTH <= u128::BITS, "one bit per level");

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            objects: 0,
            depth: 0,
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn bad<T>(&self, expected: &'static str) -> Result<T, Bad> {
        Err(Bad {
            at: self.at,
            expected,
        })
    }

    pub(super) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn open(&mut self, object: bool) -> Result<(), Bad> {
        if self.depth == MAX_DEPTH {
            return self.bad("at most 128 levels of nesting");
        }
        self.objects = self.objects << 1 | u128::from(object);
        self.depth += 1;
        self.at += 1;
        self.space();
        Ok(())
    }

    fn close(&mut self) {
        self.objects >>= 1;
        self.depth -= 1;
        self.at += 1;
    }

    /// Passes one value, with the white space before it.
    pub(super) fn value(&mut self) -> Result<(), Bad> {
        let outside = self.depth;
        loop {
            self.space();
            match self.peek() {
                Some(b'{') => {
                    self.open(true)?;
                    if self.peek() == Some(b'}') {
                        self.close();
                    } else {
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(false)?;
                    if self.peek() == Some(b']') {
                        self.close();
                    } else {
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return self.bad("a value"),
            }
            if !self.after_value(outside)? {
                return Ok(());
            }
        }
    }

    /// Behind a value: closes what ends here. `true` when another value must follow, `false` when
    /// the nesting is back at `outside`.
    fn after_value(&mut self, outside: u32) -> Result<bool, Bad> {
        while self.depth > outside {
            self.space();
            let object = self.objects & 1 == 1;
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    if object {
                        self.space();
                        self.key()?;
                    }
                    return Ok(true);
                }
                Some(b'}') if object => self.close(),
                Some(b']') if !object => self.close(),
                _ if object => return self.bad("a comma or }"),
                _ => return self.bad("a comma or ]"),
            }
        }
        Ok(false)
    }

    /// Passes a key with its colon and answers the text between the quotes.
    fn key(&mut self) -> Result<Range<usize>, Bad> {
        if self.peek() != Some(b'"') {
            return self.bad("a key in quotes");
        }
        let text = self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return self.bad("a colon");
        }
        self.at += 1;
        Ok(text)
    }

    fn string(&mut self) -> Result<Range<usize>, Bad> {
        self.at += 1;
        let start = self.at;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let special = rest
                .iter()
                .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
            self.at += special.unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(start..self.at - 1);
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return self.bad("an escape instead of a control character"),
                None => return self.bad("a closing quote"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Bad> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return self.bad("four hexadecimal digits");
                    }
                    self.at += 1;
                }
            }
            _ => return self.bad("an escape of JSON"),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Bad> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.bad("a digit");
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Bad> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn literal(&mut self, word: &'static [u8]) -> Result<(), Bad> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return self.bad("a value");
        }
        self.at += word.len();
        Ok(())
    }

    /// Only white space may follow.
    pub(super) fn end(&mut self) -> Result<(), Bad> {
        self.space();
        if self.at < self.bytes.len() {
            return self.bad("the end of the document");
        }
        Ok(())
    }

    /// Goes to the member `token` of the object here, or the element of that number. `false` when
    /// there is none; the scanner is of no use then.
    pub(super) fn descend(&mut self, token: &str) -> Result<bool, Bad> {
        match self.peek() {
            Some(b'{') => self.descend_object(token),
            Some(b'[') => self.descend_array(token),
            _ => Ok(false),
        }
    }

    fn descend_object(&mut self, token: &str) -> Result<bool, Bad> {
        self.open(true)?;
        if self.peek() == Some(b'}') {
            return Ok(false);
        }
        loop {
            let key = self.key()?;
            self.space();
            if self.key_is(key, token) {
                return Ok(true);
            }
            self.value()?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return Ok(false),
                _ => return self.bad("a comma or }"),
            }
            self.space();
        }
    }

    fn key_is(&self, key: Range<usize>, token: &str) -> bool {
        let inside = self.bytes.get(key.clone()).unwrap_or_default();
        if !inside.contains(&b'\\') {
            return inside == token.as_bytes();
        }
        let quoted = self.bytes.get(key.start - 1..key.end + 1);
        let decoded = quoted.and_then(|text| serde_json::from_slice::<String>(text).ok());
        decoded.is_some_and(|text| text == token)
    }

    fn descend_array(&mut self, token: &str) -> Result<bool, Bad> {
        let Ok(wanted) = token.parse::<u64>() else {
            return Ok(false);
        };
        self.open(false)?;
        if self.peek() == Some(b']') {
            return Ok(false);
        }
        for _ in 0..wanted {
            self.value()?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return Ok(false),
                _ => return self.bad("a comma or ]"),
            }
        }
        self.space();
        Ok(true)
    }

    /// Enters the array that starts here; `false` when there is none.
    pub(super) fn enter_array(&mut self) -> bool {
        self.peek() == Some(b'[') && self.open(false).is_ok()
    }

    /// The next element of the array that was entered; `None` at its end, when the rest of the
    /// document has been checked too.
    pub(super) fn element(&mut self, first: bool) -> Result<Option<Range<usize>>, Bad> {
        self.space();
        match self.peek() {
            Some(b']') => {
                self.close();
                if self.after_value(0)? {
                    self.value_to_the_end()?;
                }
                self.end()?;
                return Ok(None);
            }
            Some(b',') if !first => {
                self.at += 1;
                self.space();
            }
            _ if first => {}
            _ => return self.bad("a comma or ]"),
        }
        let start = self.at;
        self.value()?;
        Ok(Some(start..self.at))
    }

    /// Passes values until every container is closed.
    fn value_to_the_end(&mut self) -> Result<(), Bad> {
        loop {
            self.value()?;
            if !self.after_value(0)? {
                return Ok(());
            }
        }
    }
}
