//! The lexical half of RFC 9535: what `jsonpath-rust`'s grammar takes too freely (blanks inside
//! names and numbers, names without quotes, function names of its own) or too narrowly (numbers
//! beyond 2^53, which it keeps as floats) is decided here.
//!
//! Invariants: the masked text that the parser gets has as many characters as the query, so that the
//! parser's positions are the query's; the notes stand in the order of the text, which is the order
//! in which [`super::lower`] meets segments and numbers in the parsed tree.
//!
//! Deliberately absent: the structure of a query. A text that passes here can still be nonsense.

/// Most characters of a query.
const MAX_LENGTH: usize = 4_096;
/// Deepest nesting of brackets and parentheses.
const MAX_NESTING: usize = 32;
/// Deepest nesting of function calls: the parser's time grows with a power of it.
const MAX_CALLS: usize = 4;
/// Functions of RFC 9535, section 2.4.
const FUNCTIONS: [&str; 5] = ["length", "count", "match", "search", "value"];

/// What the lexer knows about one segment.
#[derive(Debug, Default)]
pub(super) struct SegmentNote {
    /// the name, if it is written without quotes
    pub(super) name: Option<String>,
    /// a blank after `[` or before `]`, which a compared query may not have
    pub(super) blank: bool,
    /// where the segment begins, in characters
    pub(super) at: usize,
}

/// A query, taken apart as far as its signs tell.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    /// the text for the parser
    pub(super) masked: String,
    /// one for every segment, in the order of the text
    pub(super) segments: Vec<SegmentNote>,
    /// number literals of filters, in the order of the text
    pub(super) numbers: Vec<String>,
}

/// What is wrong, and at which character (from 0).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LexError {
    pub(super) at: usize,
    pub(super) reason: String,
}

/// What is open.
#[derive(Debug)]
enum Open {
    /// a bracket, with the place of its note; in a filter numbers are literals
    Bracket {
        note: usize,
        filter: bool,
    },
    Parenthesis {
        call: bool,
    },
}

struct Lexer {
    signs: Vec<char>,
    at: usize,
    open: Vec<Open>,
    out: Lexed,
}

/// Takes a query apart.
pub(super) fn lex(text: &str) -> Result<Lexed, LexError> {
    let mut lexer = Lexer {
        signs: text.chars().take(MAX_LENGTH + 1).collect(),
        at: 0,
        open: Vec::new(),
        out: Lexed::default(),
    };
    if lexer.signs.len() > MAX_LENGTH {
        return lexer.fail(format!("the path is longer than {MAX_LENGTH} characters"));
    }
    if lexer.peek(0) != Some('$') {
        return lexer.fail("a path begins with '$'");
    }
    if lexer.signs.last().copied().is_some_and(is_blank) {
        lexer.at = lexer.signs.len() - 1;
        return lexer.fail("a path may not end with a blank");
    }
    while let Some(sign) = lexer.peek(0) {
        lexer.token(sign)?;
    }
    Ok(lexer.out)
}

impl Lexer {
    fn fail<T>(&self, reason: impl Into<String>) -> Result<T, LexError> {
        Err(LexError {
            at: self.at,
            reason: reason.into(),
        })
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.signs.get(self.at + ahead).copied()
    }

    fn take(&mut self, sign: char) {
        self.out.masked.push(sign);
        self.at += 1;
    }

    fn note(&mut self, name: Option<String>, at: usize) {
        self.out.segments.push(SegmentNote {
            name,
            blank: false,
            at,
        });
    }

    fn token(&mut self, sign: char) -> Result<(), LexError> {
        match sign {
            _ if is_blank(sign) => self.take(' '),
            '.' => return self.dots(),
            '\'' | '"' => return self.quoted(sign),
            '-' | '0'..='9' => return self.number(),
            '[' => {
                let note = self.out.segments.len();
                self.note(None, self.at);
                self.nest(Open::Bracket {
                    note,
                    filter: false,
                })?;
                self.take('[');
            }
            '(' => {
                self.nest(Open::Parenthesis { call: false })?;
                self.take('(');
            }
            ']' => self.close_bracket()?,
            ')' => {
                if !matches!(self.open.pop(), Some(Open::Parenthesis { .. })) {
                    return self.fail("')' without its '('");
                }
                self.take(')');
            }
            '?' | ',' => {
                if let Some(Open::Bracket { filter, .. }) = self.open.last_mut() {
                    *filter = sign == '?';
                }
                self.take(sign);
            }
            '$' | '@' | '*' | ':' | '!' | '&' | '|' | '=' | '<' | '>' => self.take(sign),
            _ if sign.is_ascii_alphabetic() || sign == '_' => return self.word(),
            _ => return self.fail(format!("unexpected {sign:?}")),
        }
        Ok(())
    }

    fn nest(&mut self, open: Open) -> Result<(), LexError> {
        self.open.push(open);
        if self.open.len() > MAX_NESTING {
            return self.fail(format!("nested more than {MAX_NESTING} deep"));
        }
        let calls = self
            .open
            .iter()
            .filter(|open| matches!(open, Open::Parenthesis { call: true }));
        if calls.count() > MAX_CALLS {
            return self.fail(format!("functions are nested more than {MAX_CALLS} deep"));
        }
        Ok(())
    }

    fn close_bracket(&mut self) -> Result<(), LexError> {
        let Some(Open::Bracket { note, .. }) = self.open.pop() else {
            return self.fail("']' without its '['");
        };
        let before = self.at.checked_sub(1).and_then(|at| self.signs.get(at));
        if let Some(note) = self.out.segments.get_mut(note) {
            let after = self.signs.get(note.at + 1);
            note.blank = [before, after].into_iter().flatten().any(|s| is_blank(*s));
        }
        self.take(']');
        Ok(())
    }

    /// `.name`, `.*`, `..name`, `..*` or the dots of `..[`.
    fn dots(&mut self) -> Result<(), LexError> {
        let start = self.at;
        self.take('.');
        let descendant = self.peek(0) == Some('.');
        if descendant {
            self.take('.');
        }
        match self.peek(0) {
            Some('*') => {
                self.note(None, start);
                self.take('*');
            }
            Some('[') if descendant => {}
            Some(sign) if is_name_first(sign) => {
                let mut name = String::new();
                while let Some(sign) = self
                    .peek(0)
                    .filter(|s| is_name_first(*s) || s.is_ascii_digit())
                {
                    name.push(sign);
                    // the parser cuts off what Unicode calls blank, so it never sees the name
                    self.take('x');
                }
                self.note(Some(name), start);
            }
            Some(sign) => {
                return self.fail(format!(
                    "a name or '*' is needed after '.', {sign:?} needs quotes: ['…']"
                ));
            }
            None => return self.fail("a name or '*' is needed after '.'"),
        }
        Ok(())
    }

    /// A text in quotes; its escapes are the parser's business.
    fn quoted(&mut self, quote: char) -> Result<(), LexError> {
        let start = self.at;
        self.take(quote);
        while let Some(sign) = self.peek(0) {
            if sign < ' ' {
                return self.fail("a control character in quotes must be escaped");
            }
            self.take(sign);
            if sign == quote {
                return Ok(());
            }
            if sign == '\\' {
                let escaped = self.peek(0).filter(|sign| *sign >= ' ');
                let Some(escaped) = escaped else {
                    return self.fail("an escape is not finished");
                };
                self.take(escaped);
            }
        }
        self.at = start;
        self.fail("the quote is not closed")
    }

    /// An index or part of a slice stays as it is, a literal of a filter is put aside.
    fn number(&mut self) -> Result<(), LexError> {
        let mut text = String::new();
        while let Some(sign) = self
            .peek(text.len())
            .filter(|s| s.is_ascii_alphanumeric() || matches!(s, '-' | '+' | '.' | '_'))
        {
            text.push(sign);
        }
        let literal = match self.open.last() {
            Some(Open::Bracket { filter, .. }) => *filter,
            Some(Open::Parenthesis { .. }) => true,
            None => false,
        };
        if !(is_number(&text) && (literal || is_integer(&text))) {
            return self.fail(format!("{text:?} is not a number that can stand here"));
        }
        for (place, sign) in text.chars().enumerate() {
            self.take(match (literal, place) {
                (false, _) => sign,
                (true, 0) => '1',
                (true, _) => ' ',
            });
        }
        if literal {
            self.out.numbers.push(text);
        }
        Ok(())
    }

    /// `true`, `false`, `null`, or a function's name with its parenthesis.
    fn word(&mut self) -> Result<(), LexError> {
        let mut word = String::new();
        while let Some(sign) = self
            .peek(word.len())
            .filter(|s| s.is_ascii_alphanumeric() || *s == '_')
        {
            word.push(sign);
        }
        if FUNCTIONS.contains(&word.as_str()) {
            if self.peek(word.len()) != Some('(') {
                return self.fail(format!("{word:?} needs its '(' right behind it"));
            }
            self.nest(Open::Parenthesis { call: true })?;
            word.push('(');
        } else if !matches!(word.as_str(), "true" | "false" | "null") {
            return self.fail(format!(
                "{word:?} is no function; there are {}; a name needs quotes",
                FUNCTIONS.join(", ")
            ));
        }
        for sign in word.chars() {
            self.take(sign);
        }
        Ok(())
    }
}

/// RFC 9535, `B`.
fn is_blank(sign: char) -> bool {
    matches!(sign, ' ' | '\t' | '\n' | '\r')
}

/// RFC 9535, `name-first`.
fn is_name_first(sign: char) -> bool {
    sign.is_ascii_alphabetic() || sign == '_' || !sign.is_ascii()
}

/// RFC 9535, `int`.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text == "0"
        || (digits.starts_with(|s: char| matches!(s, '1'..='9'))
            && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// RFC 9535, `number`.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    (is_integer(whole) || whole == "-0")
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_rfc() {
        for text in [
            "0", "-0", "1", "-1", "10", "1.5", "-0.5", "1e3", "1E-3", "0e+0",
        ] {
            assert!(is_number(text), "{text}");
        }
        for text in [
            "", "-", "00", "01", "-01", "1.", ".1", "1e", "1e+", "1e1.5", "1-1", "+1", "1a",
        ] {
            assert!(!is_number(text), "{text}");
        }
        assert!(is_integer("-10") && !is_integer("-0") && !is_integer("1.0"));
    }

    #[test]
    fn the_masked_text_keeps_every_place() {
        let text = "$.größe[?@.a == -1.50 && match(@['b'], 'x')]..c\t[1, 2]";
        let lexed = lex(text).unwrap();
        assert_eq!(lexed.masked.chars().count(), text.chars().count());
        assert_eq!(
            lexed.masked,
            "$.xxxxx[?@.x == 1     && match(@['b'], 'x')]..x [1, 2]"
        );
        assert_eq!(lexed.numbers, ["-1.50"]);
        let names: Vec<Option<&str>> = lexed.segments.iter().map(|s| s.name.as_deref()).collect();
        assert_eq!(
            names,
            [Some("größe"), None, Some("a"), None, Some("c"), None]
        );
    }

    #[test]
    fn faults_name_their_character() {
        for (text, at) in [
            ("a", 0),
            ("$ ", 1),
            ("$.", 2),
            ("$.é.-", 4),
            ("$[01]", 2),
            ("$[1.5]", 2),
            ("$['a]", 2),
            ("$[?foo(@)]", 3),
            ("$[?count (@)]", 3),
            ("$]", 1),
            ("$.a#", 3),
        ] {
            assert_eq!(lex(text).unwrap_err().at, at, "{text}");
        }
        let deep = format!("$[?{}@", "value(@[?".repeat(5));
        assert!(lex(&deep).unwrap_err().reason.contains("nested"));
        assert!(
            lex(&"$[?".repeat(40))
                .unwrap_err()
                .reason
                .contains("nested")
        );
    }
}
