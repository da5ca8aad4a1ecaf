//! The `type` of a field that fits a node of the target's schema.

use serde_json::Value;
use tributary_mapping::schema::{Node, NodeKind};

/// Digits of a decimal whose schema names only its decimals.
const DIGITS: u8 = 18;

/// The type of a field, in the words of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldType {
    pub(crate) text: String,
    /// of an enum
    pub(crate) values: Vec<String>,
}

/// The type for a leaf.
pub(crate) fn field_type(node: &Node) -> FieldType {
    let texts: Option<Vec<String>> = node
        .values
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect();
    let text = match (node.kind(), texts) {
        (NodeKind::String, Some(values)) if !values.is_empty() => {
            return FieldType {
                text: "enum".to_owned(),
                values,
            };
        }
        (NodeKind::String, _) => match node.max_length {
            Some(length) if length > 0 && length < u64::from(u32::MAX) => {
                format!("string({length})")
            }
            _ => "string".to_owned(),
        },
        // there is no type for instants: they are texts
        (NodeKind::DateTime, _) => "string".to_owned(),
        (NodeKind::Int, _) => "int".to_owned(),
        (NodeKind::Decimal, _) => match node.decimals {
            Some(decimals) if decimals <= DIGITS => format!("decimal({DIGITS},{decimals})"),
            _ => "decimal".to_owned(),
        },
        (NodeKind::Bool, _) => "bool".to_owned(),
        (NodeKind::Date, _) => "date".to_owned(),
        (NodeKind::Object | NodeKind::Array | NodeKind::Any, _) => "json".to_owned(),
    };
    FieldType {
        text,
        values: Vec::new(),
    }
}

/// The one value that a leaf can have, if the schema leaves no choice and a field can write it.
pub(super) fn only_value(node: &Node) -> Option<Value> {
    let value = match (&node.constant, node.values.as_slice()) {
        (Some(value), _) => value,
        (None, [value]) => value,
        _ => return None,
    };
    (value.is_string() || value.is_number() || value.is_boolean()).then(|| value.clone())
}
