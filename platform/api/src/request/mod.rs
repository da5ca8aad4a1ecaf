//! What a request brings and how it is read: its id and frame, JSON bodies, names in the path,
//! query parameters. Each reader answers a bad input with a problem that says where.

pub(crate) mod download;
pub(crate) mod format;
pub(crate) mod frame;
pub(crate) mod idempotency;
pub(crate) mod json;
pub(crate) mod page;
pub(crate) mod parts;
pub(crate) mod room;
pub(crate) mod slots;
