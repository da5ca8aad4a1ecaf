//! WASM host: load, limit and link granted capabilities.
