//! The mapping language itself, for editors: what a document may hold and which functions there are.
//! The same for everybody, so no tenant is in the path.

pub(crate) mod functions;
pub(crate) mod schema;
