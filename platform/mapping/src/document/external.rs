//! Functions of code that a document declares: where the language itself ends.

use serde::{Deserialize, Serialize};
use tributary_model::external::ValueType;

/// A function of an installed component. The types stand here too, so that the document can be checked
/// and read without the component; the check compares the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// name and version: `tax-ids@0.1.0`
    pub component: String,
    /// the function's name in the component
    pub function: String,
    pub takes: ValueType,
    pub gives: ValueType,
    /// what it says of a value is kept out of issues, and fields that call it are masked
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}
