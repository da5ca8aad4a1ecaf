//! Keys, envelope encryption, signatures.
