//! The one binary.
use mimalloc as _;
fn main() {}
