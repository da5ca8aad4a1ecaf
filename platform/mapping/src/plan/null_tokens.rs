//! Texts of the source that mean "no value".

/// The texts, and how long the longest is: most values are longer and need no comparison.
#[derive(Debug)]
pub(crate) struct NullTokens {
    tokens: Box<[Box<str>]>,
    longest: usize,
}

impl NullTokens {
    pub(crate) fn new(tokens: impl IntoIterator<Item = Box<str>>) -> Self {
        let tokens: Box<[Box<str>]> = tokens.into_iter().collect();
        Self {
            longest: tokens.iter().map(|token| token.len()).max().unwrap_or(0),
            tokens,
        }
    }

    #[inline]
    pub(crate) fn contains(&self, text: &str) -> bool {
        text.len() <= self.longest && self.tokens.iter().any(|token| **token == *text)
    }
}
