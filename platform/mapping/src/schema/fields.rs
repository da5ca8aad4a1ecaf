//! What samples showed, field by field, for a person who is to write a mapping: how often a field is
//! empty, what its values look like, a few of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Looks, Schema};
use crate::document::LocaleName;

/// One field of a stream as samples showed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldSeen {
    /// RFC 9535 path with `[*]` for elements
    pub path: String,
    /// the kinds that were declared or seen, in the words of the mapping document; empty: unknown
    pub kinds: Vec<String>,
    /// share of the places without a value (missing, null or empty text), 0 to 1
    pub empty_share: f64,
    /// different values, at most [`super::Observed::MAX_DISTINCT`]
    pub distinct: u64,
    /// the first different values
    pub examples: Vec<Value>,
    /// what all its texts can be read as, the likeliest first; several: only a person knows
    pub looks: Vec<LooksLike>,
    /// characters of the shortest and of the longest text
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lengths: Option<(u64, u64)>,
    /// the smallest and the largest number
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<(String, String)>,
}

/// A way to read all texts of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LooksLike {
    /// whole numbers
    Int,
    /// numbers, with the locales in which all of them can be read
    Decimal { locales: Vec<LocaleName> },
    /// dates, with the forms that fit all of them
    Date { formats: Vec<String> },
    /// RFC 3339 instants
    Instant,
    /// words for true and false
    Bool { truthy: String, falsy: String },
    /// digits whose leading zeros belong to them
    Digits,
}

impl Schema {
    /// The fields that were sampled, in the order of the schema.
    #[must_use]
    pub fn fields_seen(&self) -> Vec<FieldSeen> {
        let mut fields = Vec::new();
        for leaf in self.leaves() {
            let Some(observed) = &leaf.node.observed else {
                continue;
            };
            let kinds = leaf.node.kinds.iter();
            fields.push(FieldSeen {
                kinds: kinds.map(|kind| kind.word().to_owned()).collect(),
                // four digits say enough
                empty_share: (observed.empty_share() * 10_000.0).round() / 10_000.0,
                distinct: observed.distinct,
                examples: leaf.node.examples.clone(),
                looks: observed.looks.iter().map(LooksLike::from).collect(),
                lengths: observed.lengths,
                numbers: observed
                    .numbers
                    .map(|(low, high)| (low.to_string(), high.to_string())),
                path: leaf.path,
            });
        }
        fields
    }
}

impl From<&Looks> for LooksLike {
    fn from(looks: &Looks) -> Self {
        match looks {
            Looks::Int => Self::Int,
            Looks::Decimal { locales } => Self::Decimal {
                locales: locales.clone(),
            },
            Looks::Date { formats } => Self::Date {
                formats: formats.clone(),
            },
            Looks::Instant => Self::Instant,
            Looks::Bool { truthy, falsy } => Self::Bool {
                truthy: (*truthy).to_owned(),
                falsy: (*falsy).to_owned(),
            },
            Looks::Digits => Self::Digits,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_tells_its_locale_and_how_often_it_is_empty() {
        let rows = [
            json!({"nr": "007", "amount": "1.234,50", "day": "24.12.2026", "note": ""}),
            json!({"nr": "012", "amount": "3,10", "day": "01.01.2027", "note": "x"}),
            json!({"nr": "100", "amount": "-7,00", "day": "31.01.2027", "note": null}),
            json!({"nr": "101", "amount": "0,01", "day": "28.02.2027"}),
        ];
        let fields = Schema::infer(&rows).fields_seen();
        let field = |path: &str| fields.iter().find(|field| field.path == path).unwrap();
        assert_eq!(field("$.nr").looks[0], LooksLike::Digits);
        let amount = field("$.amount");
        assert_eq!(
            amount.looks[0],
            LooksLike::Decimal {
                locales: vec![LocaleName::GermanGermany]
            }
        );
        assert_eq!(
            amount.numbers,
            Some(("-7.00".to_owned(), "1234.50".to_owned()))
        );
        assert_eq!(
            field("$.day").looks[0],
            LooksLike::Date {
                formats: vec!["dd.MM.yyyy".to_owned(), "d.M.yyyy".to_owned()]
            }
        );
        let note = field("$.note");
        assert_eq!((note.empty_share, note.distinct), (0.75, 1));
        assert_eq!(note.examples, [json!("x")]);
    }
}
