//! Objects: local directory, encrypted, immutable, manifests.
