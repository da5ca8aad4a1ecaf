//! What is wrong with a mapping document, where, and what to do. The codes are stable: editors and
//! tests may depend on them; a number is never used for something else.

use serde::Serialize;
pub use tributary_model::issue::Severity;

/// One finding about a mapping document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// stable code, `M1001` …
    pub code: &'static str,
    pub severity: Severity,
    /// place in the document, RFC 6901; `""` is the whole document
    pub pointer: String,
    /// what is wrong, with names and values
    pub message: String,
    /// what to do
    pub hint: String,
}

impl Diagnostic {
    /// A finding that keeps the document from being compiled.
    #[must_use]
    pub fn error(
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            pointer: pointer.into(),
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// A finding that is worth a look.
    #[must_use]
    pub fn warning(
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, pointer, message, hint)
        }
    }

    /// Whether it keeps the document from being compiled.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.pointer.is_empty() {
            "document"
        } else {
            &self.pointer
        };
        write!(
            f,
            "{} at {place}: {} ({})",
            self.code, self.message, self.hint
        )
    }
}

/// The codes, by group: 10 document, 11 structure, 12 paths and names, 13 functions, 14 types,
/// 15 parameters, lookups and functions of code, 16 formulas, 17 rows and rules, 18 binding to a stream,
/// 19 the schemas of source and target, 20 what has no effect, 21 samples,
/// 22 templates.
pub mod code {
    /// the text is no JSON
    pub const NOT_JSON: &str = "M1001";
    /// the published schema is broken
    pub const SCHEMA: &str = "M1002";
    /// a member that the format does not have
    pub const UNKNOWN_MEMBER: &str = "M1003";
    /// an id is used twice
    pub const DUPLICATE_ID: &str = "M1101";
    /// a field has no value source, or more than one
    pub const ONE_SOURCE: &str = "M1102";
    /// a field's `type` is missing or not one
    pub const TYPE_MISSING: &str = "M1103";
    /// two fields write the same name
    pub const DUPLICATE_TARGET: &str = "M1104";
    /// a member that has no effect or is not allowed together with another
    pub const MISPLACED: &str = "M1105";
    /// a target pointer names no field, or none of the needed kind
    pub const TARGET_POINTER: &str = "M1106";
    /// the record has no key
    pub const KEY_MISSING: &str = "M1107";
    /// no RFC 9535 query
    pub const PATH_INVALID: &str = "M1201";
    /// a query that this version cannot compile
    pub const PATH_UNSUPPORTED: &str = "M1202";
    /// a column that the source does not have
    pub const COLUMN_UNKNOWN: &str = "M1203";
    /// a name that nothing defines here
    pub const NAME_UNKNOWN: &str = "M1204";
    /// a name that stands for two things
    pub const NAME_AMBIGUOUS: &str = "M1205";
    /// a scope that nothing opens here
    pub const SCOPE_UNKNOWN: &str = "M1206";
    /// no such function
    pub const FUNCTION_UNKNOWN: &str = "M1301";
    /// an argument is missing
    pub const ARGUMENT_MISSING: &str = "M1302";
    /// an argument has the wrong form
    pub const ARGUMENT_INVALID: &str = "M1303";
    /// an argument that the function does not have
    pub const ARGUMENT_UNKNOWN: &str = "M1304";
    /// a value of one type where another is needed
    pub const TYPE_MISMATCH: &str = "M1401";
    /// a constant that does not fit its type
    pub const CONSTANT: &str = "M1402";
    /// a lookup that is not declared, or not in the tenant
    pub const LOOKUP_UNKNOWN: &str = "M1501";
    /// a lookup table without a needed column, or with a double key
    pub const LOOKUP_TABLE: &str = "M1502";
    /// a function of code that is not declared
    pub const EXTERNAL_UNKNOWN: &str = "M1503";
    /// a component that is not at hand, or does not have the function
    pub const EXTERNAL_COMPONENT: &str = "M1504";
    /// a function of code whose component says other types than the document
    pub const EXTERNAL_TYPES: &str = "M1505";
    /// a parameter that is not declared
    pub const PARAM_UNKNOWN: &str = "M1510";
    /// a required parameter without a value
    pub const PARAM_MISSING: &str = "M1511";
    /// a parameter's value of the wrong type
    pub const PARAM_TYPE: &str = "M1512";
    /// a formula that cannot be read
    pub const FORMULA_SYNTAX: &str = "M1601";
    /// row operators in an order or number that cannot work
    pub const ROW_STEPS: &str = "M1701";
    /// a quality rule that contradicts itself or names no field
    pub const RULE: &str = "M1702";
    /// a quality rule's `schema` is no JSON Schema
    pub const RULE_SCHEMA: &str = "M1703";
    /// the stream is of another format than the document's source
    pub const FORMAT_MISMATCH: &str = "M1801";
    /// a path that the source's schema does not have
    pub const SOURCE_ABSENT: &str = "M1901";
    /// an object or array of the source where one value is needed
    pub const SOURCE_NESTED: &str = "M1902";
    /// a loop over what is no array in the source's schema
    pub const EACH_OVER_VALUE: &str = "M1903";
    /// by the source's schema a value is of another type than needed
    pub const SOURCE_KIND: &str = "M1904";
    /// a field that the target's schema does not have
    pub const TARGET_ABSENT: &str = "M1911";
    /// a required field of the target that nothing writes
    pub const TARGET_UNMAPPED: &str = "M1912";
    /// a field of another type than the target's schema has
    pub const TARGET_KIND: &str = "M1913";
    /// null, or nothing, where the target's schema needs a value
    pub const NULL_INTO_REQUIRED: &str = "M1914";
    /// a value that the target's schema does not list
    pub const TARGET_VALUE: &str = "M1915";
    /// a text that is or may be longer or shorter than the target's schema allows
    pub const TARGET_LENGTH: &str = "M1916";
    /// a number that may have more decimals than the target's schema allows
    pub const TARGET_SCALE: &str = "M1917";
    /// a number that is or may be outside of the range of the target's schema
    pub const TARGET_RANGE: &str = "M1918";
    /// a constant that does not match the pattern of the target's schema
    pub const TARGET_PATTERN: &str = "M1919";
    /// a condition that is always true or always false
    pub const CONSTANT_CONDITION: &str = "M2001";
    /// a comparison with a value that never occurs
    pub const NEVER_EQUAL: &str = "M2002";
    /// a lookup that nothing uses
    pub const LOOKUP_UNUSED: &str = "M2003";
    /// a parameter that nothing uses
    pub const PARAM_UNUSED: &str = "M2004";
    /// a name that hides another one further out, where a formula uses it
    pub const SHADOWED: &str = "M2005";
    /// a case of a switch that is never reached
    pub const UNREACHABLE_CASE: &str = "M2006";
    /// a default for a value that is never null
    pub const DEAD_DEFAULT: &str = "M2007";
    /// an error policy for a value that cannot fail
    pub const DEAD_ON_ERROR: &str = "M2008";
    /// a required value that has a default
    pub const REQUIRED_WITH_DEFAULT: &str = "M2009";
    /// a function of code that nothing calls
    pub const EXTERNAL_UNUSED: &str = "M2010";
    /// a field or rule that fails on sample rows
    pub const COUNTER_EXAMPLE: &str = "M2101";
    /// a template that is not at hand, or is derived itself
    pub const TEMPLATE: &str = "M2201";
    /// an override of a node that is not there, or not any more
    pub const OVERRIDE_NODE: &str = "M2202";
    /// an override that does not fit its node
    pub const OVERRIDE_MISFIT: &str = "M2203";
    /// a new node whose id is there already
    pub const OVERRIDE_EXISTS: &str = "M2204";
    /// a value for a parameter that the template does not have
    pub const OVERRIDE_PARAM: &str = "M2205";
    /// an override that says what the template says
    pub const OVERRIDE_WITHOUT_EFFECT: &str = "M2206";
    /// an override of what has changed in the template since
    pub const OVERRIDE_HIDES: &str = "M2207";
}
