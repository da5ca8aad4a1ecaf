//! Names of files that customers send: what a person's computer calls them, kept as they are. A name
//! is shown and looked up; it never becomes part of a path or an object's key.

use std::fmt;

/// Longest name, bytes: what file systems take.
const MOST_BYTES: usize = 255;

/// A file's name, without a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

/// Why a text is no [`FileName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FileNameError(&'static str);

impl FileName {
    /// Checks and wraps `text`.
    ///
    /// # Errors
    /// [`FileNameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, FileNameError> {
        let wrong = |what| Err(FileNameError(what));
        if text.is_empty() || text.len() > MOST_BYTES {
            return wrong("the name of a file has 1 to 255 bytes");
        }
        if text.contains(['/', '\\']) {
            return wrong("the name of a file has no folder: / and \\ are not allowed");
        }
        if text.chars().any(char::is_control) {
            return wrong("the name of a file has no control characters");
        }
        if text.starts_with('.') {
            return wrong("a name that begins with a point is hidden and would never be read");
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_and_nothing_else() {
        for good in [
            "a",
            "Aufträge 2026-11 (final).csv",
            "a%2Fb",
            "注文.xlsx",
            "x.tar.gz",
        ] {
            assert_eq!(FileName::parse(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(256);
        for bad in [
            "", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a\0", "a\nb", &long,
        ] {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
