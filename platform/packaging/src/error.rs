//! What can go wrong between a folder and a component.

use std::path::{Path, PathBuf};

/// An error for the person at the terminal: what, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum PackagingError {
    /// A file or folder.
    #[error("could not {what} {}", .path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A program that is needed.
    #[error("{what}\n  hint: {hint}")]
    Tool { what: String, hint: String },
    /// Something that does not fit.
    #[error("{0}")]
    Invalid(String),
}

impl PackagingError {
    pub(crate) fn io(
        what: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> PackagingError {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }
}
