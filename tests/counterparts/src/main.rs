//! The other side.
fn main() {}
