//! Formula text to tokens.

use super::SyntaxError;
use super::ast::Operator;
use crate::decimal::Decimal;

/// One token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) offset: usize,
    pub(super) kind: TokenKind,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(Decimal),
    Text(String),
    Name(String),
    Operator(Operator),
    Not,
    /// one of `( ) [ ] , . ? :`
    Sign(char),
    End,
}

/// Signs of two characters come first.
const OPERATORS: [(&str, Operator); 13] = [
    ("||", Operator::Or),
    ("&&", Operator::And),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("+", Operator::Add),
    ("-", Operator::Subtract),
    ("*", Operator::Multiply),
    ("/", Operator::Divide),
    ("%", Operator::Remainder),
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = token(rest, first).map_err(|message| SyntaxError {
            offset: at,
            message,
        })?;
        found.push(Token { offset: at, kind });
        at += length;
    }
    found.push(Token {
        offset: text.len(),
        kind: TokenKind::End,
    });
    Ok(found)
}

fn token(rest: &str, first: char) -> Result<(TokenKind, usize), String> {
    if first.is_ascii_digit() {
        return number(rest);
    }
    if first == '\'' || first == '"' {
        return quoted(rest, first);
    }
    if first.is_alphabetic() || first == '_' {
        let length = rest
            .find(|sign: char| !(sign.is_alphanumeric() || sign == '_'))
            .unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let kind = match word {
            "and" => TokenKind::Operator(Operator::And),
            "or" => TokenKind::Operator(Operator::Or),
            "in" => TokenKind::Operator(Operator::In),
            "not" => TokenKind::Not,
            _ => TokenKind::Name(word.to_owned()),
        };
        return Ok((kind, length));
    }
    if let Some((sign, operator)) = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign)) {
        return Ok((TokenKind::Operator(*operator), sign.len()));
    }
    match first {
        '!' => Ok((TokenKind::Not, 1)),
        '(' | ')' | '[' | ']' | ',' | '.' | '?' | ':' => Ok((TokenKind::Sign(first), 1)),
        '=' => Err("a comparison is written ==".to_owned()),
        _ => Err(format!("{first:?} has no meaning here")),
    }
}

fn number(rest: &str) -> Result<(TokenKind, usize), String> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(rest);
    if let Some(fraction) = rest.get(length..).and_then(|tail| tail.strip_prefix('.')) {
        let after = digits(fraction);
        if after > 0 {
            length += 1 + after;
        }
    }
    let text = rest.get(..length).unwrap_or_default();
    let number = Decimal::parse(text).map_err(|error| format!("{text} is {error}"))?;
    Ok((TokenKind::Number(number), length))
}

fn quoted(rest: &str, quote: char) -> Result<(TokenKind, usize), String> {
    let mut text = String::new();
    let mut signs = rest.char_indices().skip(1);
    while let Some((place, sign)) = signs.next() {
        if sign == quote {
            return Ok((TokenKind::Text(text), place + 1));
        }
        if sign != '\\' {
            text.push(sign);
            continue;
        }
        match signs.next().map(|(_, escaped)| escaped) {
            Some(escaped @ ('\\' | '\'' | '"')) => text.push(escaped),
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let hex: String = signs.by_ref().take(4).map(|(_, digit)| digit).collect();
                let sign = u32::from_str_radix(&hex, 16)
                    .ok()
                    .filter(|_| hex.len() == 4);
                match sign.and_then(char::from_u32) {
                    Some(sign) => text.push(sign),
                    None => return Err(format!("\\u{hex} is no character")),
                }
            }
            other => {
                return Err(format!(
                    "the escape \\{} does not exist",
                    other.unwrap_or(' ')
                ));
            }
        }
    }
    Err("the text is not closed".to_owned())
}
