//! The mapping document as its author writes it: serde types, one struct per part, in the words
//! of `platform/docs/mapping/document.md`.
//!
//! Invariants: the document is the truth (the editor edits it, the engine compiles it, nothing is
//! generated from it and read back); an unknown member is an error; [`SCHEMA`] and these types
//! say the same, which a test holds. Deliberately absent: any meaning. Names, paths, functions and
//! formulas are resolved by `compile`.

mod canonical;
mod exact;
mod external;
mod quality;
mod read;
pub mod template;
mod test_case;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tributary_model::id::Slug;

pub use canonical::{MAX_WIDTH, canonical, canonical_derived};
pub use exact::Exact;
pub use external::External;
pub use quality::{QualityRule, RuleAction, RuleScope, RuleSeverity};
pub use read::parse;
pub(crate) use read::{escape_pointer, nearest};
pub use test_case::{ExpectedIssue, TestCase};

/// The published JSON Schema (2020-12) of a mapping document, version 1.
pub const SCHEMA: &str = include_str!("../../schema/mapping-1.json");

/// A mapping document, format version 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// address of the schema, for editors; not used
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// version of the document format: 1
    pub version: u32,
    pub name: Slug,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub source: Source,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Param>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lookups: BTreeMap<String, Lookup>,
    /// functions of code, for the function `external`
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external: BTreeMap<String, External>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowStep>,
    pub fields: Vec<Field>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<QualityRule>,
    /// target pointers of number fields whose sums are reconciled
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<String>,
    /// target pointers of date fields whose newest value rules over a run may ask for
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<String>,
    /// target pointers that do not count for the content hash
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_from_hash: Vec<String>,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestCase>,
}

impl Document {
    /// Names of the tenant's lookup tables that it uses, each once.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        let names: BTreeSet<&str> = self
            .lookups
            .values()
            .filter_map(|lookup| lookup.table.as_deref())
            .collect();
        names.into_iter()
    }
}

/// What the rows look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub format: SourceFormat,
    /// name of the schema of the rows, for the check
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// how numbers are written in texts
    #[serde(default)]
    pub locale: LocaleName,
    /// zone of local dates (IANA name); needed to turn instants into dates
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// texts that mean "no value"; default `[""]` for CSV and `[]` for JSON
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_tokens: Option<Vec<String>>,
    /// paths of the record's key; with a group the key is the group's `by`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
}

/// What the target documents look like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// name of their schema, for the check
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

/// How a row is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceFormat {
    Csv,
    Json,
}

/// How numbers are written in texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocaleName {
    /// `1234.5`, no grouping
    #[default]
    #[serde(rename = "plain")]
    Plain,
    /// `1.234,5`
    #[serde(rename = "de-DE")]
    GermanGermany,
    /// `1.234,5`
    #[serde(rename = "de-AT")]
    GermanAustria,
    /// `1'234.5`
    #[serde(rename = "de-CH")]
    GermanSwitzerland,
    /// `1,234.5`
    #[serde(rename = "en-US")]
    EnglishUnitedStates,
    /// `1,234.5`
    #[serde(rename = "en-GB")]
    EnglishUnitedKingdom,
    /// `1 234,5`
    #[serde(rename = "fr-FR")]
    FrenchFrance,
}

/// A value that the integration supplies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    #[serde(rename = "type")]
    pub kind: ParamKind,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// Type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamKind {
    String,
    Int,
    Decimal,
    Bool,
    Date,
}

/// A table to look values up in: written here, or a table of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<BTreeMap<String, String>>,
    /// name of the tenant's lookup document
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// columns that make the key; default: the table's own key
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// column that holds the value
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// An operator that sees more than one field: over rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum RowStep {
    /// drops rows for which `keep` is false
    Filter {
        id: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        keep: String,
    },
    /// of the rows of a record that agree in `by` only one is kept
    Dedupe {
        id: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        by: Vec<String>,
        #[serde(default)]
        keep: Keep,
    },
    /// makes one record of all rows with the same key
    Group(Group),
}

/// Which of several rows is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    #[default]
    First,
    Last,
}

/// Rows with the same key become one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// name of the group's scope
    #[serde(rename = "as")]
    pub scope: String,
    pub by: Vec<String>,
    #[serde(default)]
    pub input: GroupInput,
    /// name of the rows of a group, used as `each: "<as>.<members>"`
    pub members: String,
    /// paths that must have the same value in all rows of a group
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agree: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<Sort>,
    /// most rows of one group
    #[serde(default = "default_max_members")]
    pub max_members: u32,
}

fn default_max_members() -> u32 {
    10_000
}

/// Whether the rows of a group stand together in the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupInput {
    /// anywhere in the source
    #[default]
    Any,
    /// one after the other
    Adjacent,
}

/// One criterion of the order of a group's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sort {
    pub by: String,
    #[serde(rename = "type", default)]
    pub kind: SortKind,
    #[serde(default)]
    pub order: SortOrder,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKind {
    #[default]
    Text,
    Int,
    Decimal,
}

/// Direction of a sort.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    #[default]
    Ascending,
    Descending,
}

/// One or several paths; of several the first that is not null counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Paths {
    One(String),
    FirstOf(Vec<String>),
}

impl Paths {
    /// The paths in order.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::FirstOf(paths) => paths,
        }
    }
}

/// One node of the target tree. Exactly one of `from`, `const`, `param`, `formula`, `switch`,
/// `object`, `each` is set; the check says so where it is not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Field {
    /// stable name of the node: issues, rules and the editor's layout refer to it
    pub id: String,
    /// name in the target object; none for a helper value
    pub to: Option<String>,
    /// name for formulas; for `each` the name of the element's scope
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// allowed texts of an `enum`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// name of the outer scope on which `from` is evaluated; default: the nearest
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Paths>,
    #[serde(
        rename = "const",
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub constant: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<Vec<Case>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Vec<Field>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// the fields of an element of `each`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// drops elements of `each` for which it is false
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
    #[serde(rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// how the values of all rows of the group become one; default: that of the first row
    #[serde(skip_serializing_if = "Option::is_none")]
    pub combine: Option<Combine>,
    /// between the texts of `combine: join`; default `", "`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(rename = "null")]
    pub on_null: OnNull,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    pub on_error: OnError,
    /// the value for `on_error: default`
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub on_error_value: Option<Value>,
    /// the value is masked in issues
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// How the values of all rows of a group become one. Nulls do not count, except for `same`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// the first that is not null
    First,
    /// the last that is not null
    Last,
    /// all rows must have the same value
    Same,
    Sum,
    Min,
    Max,
    /// the different texts, in the order of the rows
    Join,
}

/// One alternative of a `switch`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    #[serde(rename = "else", skip_serializing_if = "std::ops::Not::not")]
    pub otherwise: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Paths>,
    #[serde(
        rename = "const",
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub constant: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    #[serde(rename = "do", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// One function call in a `do` chain: the function's name and its named arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    #[serde(rename = "fn")]
    pub function: String,
    #[serde(flatten)]
    pub arguments: Map<String, Value>,
}

/// What is written when the value is null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNull {
    #[default]
    Emit,
    Omit,
}

/// What happens when a value cannot be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// the record goes to quarantine
    #[default]
    Reject,
    /// null, with a warning
    Null,
    /// `on_error_value`, with a warning
    Default,
    /// the element of the nearest `each` is left out, with a warning
    DropLine,
}

/// Bounds of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// bytes of one source row
    pub max_row_bytes: u32,
    /// bytes of one target document
    pub max_output_bytes: u32,
    /// issues kept per record; one more says that there were more
    pub max_issues: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_row_bytes: 4 << 20,
            max_output_bytes: 16 << 20,
            max_issues: 50,
        }
    }
}

/// Tells a written `null` from a member that is not there.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
