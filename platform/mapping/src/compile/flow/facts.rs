//! What is known about a value before any data is there.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::decimal::Decimal;
use crate::plan::OutputType;
use crate::schema::{Node, NodeKind};
use crate::value::{Constant, Kind};

/// Whether a value can be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    Never,
    /// nothing is known
    Unknown,
    /// something says that null occurs
    Possible,
    Always,
}

impl Nulls {
    /// One or the other.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (same, again) if same == again => same,
            (Self::Possible | Self::Always, _) | (_, Self::Possible | Self::Always) => {
                Self::Possible
            }
            _ => Self::Unknown,
        }
    }

    pub(super) fn is_possible(self) -> bool {
        matches!(self, Self::Possible | Self::Always)
    }
}

/// What is known about a value. What is not known says nothing: a finding needs knowledge.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    pub(super) null: Nulls,
    /// the one value
    pub(super) constant: Option<Constant>,
    /// all texts that it can be, null excepted
    pub(super) texts: Option<BTreeSet<String>>,
    /// most characters of the text
    pub(super) max_length: Option<u64>,
    /// most decimals of the number
    pub(super) scale: Option<u8>,
    pub(super) minimum: Option<Decimal>,
    pub(super) maximum: Option<Decimal>,
    /// making it cannot fail, whatever the data
    pub(super) sure: bool,
}

impl Facts {
    /// A value of a kind, and nothing more.
    pub(super) fn of(kind: Kind, null: Nulls) -> Self {
        Self {
            kind,
            null,
            constant: None,
            texts: None,
            max_length: None,
            scale: None,
            minimum: None,
            maximum: None,
            sure: false,
        }
    }

    pub(super) fn unknown() -> Self {
        Self::of(Kind::Any, Nulls::Unknown)
    }

    pub(super) fn of_constant(constant: Constant) -> Self {
        let null = match constant {
            Constant::Null => Nulls::Always,
            _ => Nulls::Never,
        };
        let mut facts = Self::of(constant.kind(), null);
        facts.sure = true;
        match &constant {
            Constant::Text(text) => facts.limit_texts([text.to_string()].into()),
            Constant::Decimal(number) => {
                facts.scale = Some(number.normalize().scale());
                facts.minimum = Some(*number);
                facts.maximum = Some(*number);
            }
            _ => {}
        }
        facts.constant = Some(constant);
        facts
    }

    /// What a schema says about a source value. All values of a CSV row are texts.
    pub(super) fn of_node(node: &Node, null: Nulls, csv: bool) -> Self {
        let kind = if csv { Kind::Text } else { kind_of(node) };
        let mut facts = Self::of(kind, null);
        facts.max_length = node.max_length;
        let texts = |values: &[Json]| -> Option<BTreeSet<String>> {
            values
                .iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect()
        };
        let values = match &node.constant {
            Some(constant) => texts(std::slice::from_ref(constant)),
            None if node.values.is_empty() => None,
            None => texts(&node.values),
        };
        if let Some(values) = values {
            facts.limit_texts(values);
        }
        if kind == Kind::Number {
            let whole = node.kinds == [NodeKind::Int];
            facts.scale = if whole { Some(0) } else { node.decimals };
            facts.minimum = node.minimum.map(|bound| bound.value);
            facts.maximum = node.maximum.map(|bound| bound.value);
        }
        facts
    }

    /// Says that the value is one of these texts.
    pub(super) fn limit_texts(&mut self, texts: BTreeSet<String>) {
        let longest = texts.iter().map(|text| text.chars().count() as u64).max();
        self.max_length = longest;
        self.texts = Some(texts);
    }

    /// A value that is one or the other.
    pub(super) fn or(self, other: Self) -> Self {
        if self.null == Nulls::Always {
            return Self {
                null: other.null.or(Nulls::Always),
                sure: self.sure && other.sure,
                constant: None,
                ..other
            };
        }
        if other.null == Nulls::Always {
            return other.or(self);
        }
        let both = |left: Option<Decimal>, right: Option<Decimal>, smaller: bool| {
            let (left, right) = (left?, right?);
            Some(if (left < right) == smaller {
                left
            } else {
                right
            })
        };
        let most = |left: Option<u64>, right: Option<u64>| Some(left?.max(right?));
        Self {
            kind: self.kind.or(other.kind),
            null: self.null.or(other.null),
            constant: None,
            max_length: most(self.max_length, other.max_length),
            scale: match (self.scale, other.scale) {
                (Some(left), Some(right)) => Some(left.max(right)),
                _ => None,
            },
            minimum: both(self.minimum, other.minimum, true),
            maximum: both(self.maximum, other.maximum, false),
            sure: self.sure && other.sure,
            texts: match (self.texts, other.texts) {
                (Some(mut left), Some(right)) => {
                    left.extend(right);
                    Some(left)
                }
                _ => None,
            },
        }
    }

    /// The other in place of null.
    pub(super) fn or_default(self, default: Self) -> Self {
        let null = match self.null {
            Nulls::Never => Nulls::Never,
            Nulls::Always => return default,
            // null stays possible only as far as the other can be null
            _ => default.null,
        };
        let present = Self {
            null: Nulls::Never,
            ..self
        };
        Self {
            null,
            ..present.or(default)
        }
    }

    /// The value in the form of a type: what does not fit has failed.
    pub(super) fn in_type(mut self, output: &OutputType) -> Self {
        let fits = match output {
            OutputType::Text { max: None } => self.kind == Kind::Text,
            OutputType::Text { max: Some(max) } => {
                let limit = u64::from(*max);
                let known = self.max_length.is_some_and(|length| length <= limit);
                self.max_length = Some(self.max_length.map_or(limit, |length| length.min(limit)));
                self.kind == Kind::Text && known
            }
            OutputType::Enum { values } if !values.is_empty() => {
                let allowed: BTreeSet<String> = values.iter().cloned().collect();
                let known = self.texts.clone();
                let left: BTreeSet<String> = match &known {
                    Some(texts) => texts.intersection(&allowed).cloned().collect(),
                    None => allowed,
                };
                let all = known.is_some_and(|texts| texts.len() == left.len());
                self.limit_texts(left);
                self.kind == Kind::Text && all
            }
            OutputType::Enum { .. } => self.kind == Kind::Text,
            OutputType::Int => {
                self.scale = Some(0);
                false
            }
            OutputType::Decimal {
                size: Some((_, scale)),
            } => {
                self.scale = Some(self.scale.map_or(*scale, |known| known.min(*scale)));
                false
            }
            OutputType::Bool => self.kind == Kind::Bool,
            OutputType::Date => self.kind == Kind::Date,
            OutputType::DateTime => self.kind == Kind::DateTime,
            OutputType::Json => true,
            OutputType::Decimal { size: None } | OutputType::Array(_) => false,
        };
        // a constant was compared with its type when the document was compiled
        self.sure &= fits || self.constant.is_some() || self.null == Nulls::Always;
        self.kind = output.kind();
        self
    }
}

/// The kind of value that a JSON source has at a node.
fn kind_of(node: &Node) -> Kind {
    let of = |kind: &NodeKind| match kind {
        NodeKind::String | NodeKind::Date | NodeKind::DateTime => Kind::Text,
        NodeKind::Int | NodeKind::Decimal => Kind::Number,
        NodeKind::Bool => Kind::Bool,
        NodeKind::Object => Kind::Json,
        NodeKind::Array => Kind::List,
        NodeKind::Any => Kind::Any,
    };
    let mut kinds = node.kinds.iter().map(of);
    match kinds.next() {
        Some(first) if kinds.all(|kind| kind == first) => first,
        _ => Kind::Any,
    }
}
