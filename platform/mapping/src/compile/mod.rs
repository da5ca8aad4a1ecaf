//! Document to plan: resolves every name, path, table, function and formula, and says with place and
//! hint what cannot be resolved. All findings come at once.
//!
//! Deliberately absent: running anything. A draft may fail on data in as many places as it likes;
//! what happens then is the document's error policy.

mod calls;
pub(crate) mod compiler;
mod external;
pub(crate) mod failures;
mod fields;
mod flow;
mod formulas;
mod rows;
mod rules;
mod tables;
mod types;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use tributary_model::document::LookupDocument;
use tributary_model::external::FunctionComponent;

pub(crate) use types::conversion;

use crate::diagnostic::Diagnostic;
use crate::plan::{Body, Hidden, Node, NullTokens};
use crate::schema::Schema;
use crate::{Document, Plan, Sensitive};
use compiler::Compiler;

/// Part of the plan's digest: raise it when the same plan would give other bytes.
const ENGINE_VERSION: u32 = 1;

/// What a document is checked and compiled with.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a> {
    /// the tenant's lookup documents, by name
    pub lookups: &'a BTreeMap<String, LookupDocument>,
    /// the integration's values for the parameters
    pub params: &'a BTreeMap<String, Value>,
    /// components with functions by `name@version`; none: it is not known which there are, and a
    /// document that declares some can be checked but not compiled
    pub components: Option<&'a BTreeMap<String, FunctionComponent>>,
    /// columns of the source, if they are known
    pub source_columns: Option<&'a [String]>,
    /// shape of the source's rows, if it is known
    pub source_schema: Option<&'a Schema>,
    /// shape that the target documents must have, if it is known
    pub target_schema: Option<&'a Schema>,
    /// what another version of the document keeps from people, and this one shall keep too
    pub also_sensitive: Option<&'a Sensitive>,
}

impl<'a> Environment<'a> {
    /// An environment in which nothing is known of source and target.
    #[must_use]
    pub fn new(
        lookups: &'a BTreeMap<String, LookupDocument>,
        params: &'a BTreeMap<String, Value>,
    ) -> Self {
        Self {
            lookups,
            params,
            components: None,
            source_columns: None,
            source_schema: None,
            target_schema: None,
            also_sensitive: None,
        }
    }

    /// The same with the components that hold functions of code.
    #[must_use]
    pub fn with_components(
        self,
        components: Option<&'a BTreeMap<String, FunctionComponent>>,
    ) -> Self {
        Self { components, ..self }
    }

    /// The same with the columns of the source.
    #[must_use]
    pub fn with_columns(self, columns: Option<&'a [String]>) -> Self {
        Self {
            source_columns: columns,
            ..self
        }
    }

    /// The same with the shapes of source and target.
    #[must_use]
    pub fn with_schemas(self, source: Option<&'a Schema>, target: Option<&'a Schema>) -> Self {
        Self {
            source_schema: source,
            target_schema: target,
            ..self
        }
    }

    /// The same with what another version of the document keeps from people.
    #[must_use]
    pub fn with_sensitive(self, other: Option<&'a Sensitive>) -> Self {
        Self {
            also_sensitive: other,
            ..self
        }
    }
}

/// All findings about a document, warnings included.
#[must_use]
pub fn check(document: &Document, environment: &Environment<'_>) -> Vec<Diagnostic> {
    let (_, diagnostics) = build(document, environment, Aim::Check);
    looked_at_twice(document, environment, diagnostics)
}

/// Adds the findings of the second look, except where the first has an error to tell of.
fn looked_at_twice(
    document: &Document,
    environment: &Environment<'_>,
    mut diagnostics: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let errors: BTreeSet<String> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .map(|diagnostic| diagnostic.pointer.clone())
        .collect();
    let more = flow::analyse(document, environment);
    diagnostics.extend(
        more.into_iter()
            .filter(|diagnostic| !errors.contains(&diagnostic.pointer)),
    );
    diagnostics
}

/// Compiles a document.
///
/// # Errors
/// All findings, if one of them is an error.
pub fn compile(
    document: &Document,
    environment: &Environment<'_>,
) -> Result<Arc<Plan>, Vec<Diagnostic>> {
    let (plan, mut diagnostics) = build(document, environment, Aim::Run);
    // without schemas the second look has nothing that keeps a document from being compiled
    if environment.source_schema.is_some() || environment.target_schema.is_some() {
        diagnostics = looked_at_twice(document, environment, diagnostics);
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    Ok(Arc::new(plan))
}

/// What a document is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Check,
    /// functions of code must be at hand
    Run,
}

fn build(document: &Document, environment: &Environment<'_>, aim: Aim) -> (Plan, Vec<Diagnostic>) {
    let mut compiler = Compiler::new(document, environment);
    compiler.read_params();
    compiler.read_lookups();
    compiler.read_external(aim);
    let (filters, dedupes, group) = compiler.row_steps();
    let key = compiler.key();
    let mut nodes = compiler.fields(&document.fields, &fields::Place::top());
    let rules = compiler.rules();
    compiler.unused_pointers();
    mark_read(&mut nodes, &compiler.read);
    let null_tokens = match &document.source.null_tokens {
        Some(tokens) => NullTokens::new(tokens.iter().map(|token| token.as_str().into())),
        None => match document.source.format {
            crate::document::SourceFormat::Csv => NullTokens::new([Box::from("")]),
            crate::document::SourceFormat::Json => NullTokens::new([]),
        },
    };
    let digest = digest(document, &compiler);
    let loops = compiler.eaches.iter().map(|each| &each.extra);
    let also = environment.also_sensitive;
    let hidden = Hidden::of(&nodes, loops, &compiler.slots, &compiler.scopes, also);
    let masked = hidden.targets(&nodes);
    for rule in &mut compiler.document_rules {
        rule.mask(&masked);
    }
    let plan = Plan {
        digest,
        amount_names: document.amounts.clone(),
        date_names: document.dates.clone(),
        format: document.source.format,
        null_tokens,
        limits: document.limits,
        tries: compiler.tries,
        slots: compiler.slots,
        scopes: compiler.scopes,
        variables: compiler.variables,
        variable_names: compiler.variable_names,
        lookups: compiler.lookups,
        external: compiler.external,
        code: compiler.code,
        filters,
        dedupes,
        group,
        key,
        nodes,
        document_rules: compiler.document_rules,
        run_rules: compiler.run_rules,
        figures: compiler.figures,
        hidden,
        eaches: compiler.eaches.into_iter().map(|each| each.extra).collect(),
        rules,
    };
    (plan, compiler.diagnostics)
}

/// Marks the values that something reads: only those are kept.
fn mark_read(nodes: &mut [Node], read: &BTreeSet<u32>) {
    for node in nodes {
        match &mut node.body {
            Body::Value(value) => value.read = read.contains(&value.variable),
            Body::Object { nodes, .. } => mark_read(nodes, read),
            Body::Each(each) => mark_read(&mut each.nodes, read),
        }
    }
}

/// BLAKE3 of everything the output depends on.
fn digest(document: &Document, compiler: &Compiler<'_>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(&ENGINE_VERSION.to_le_bytes());
    part(&serde_json::to_vec(document).unwrap_or_default());
    part(&serde_json::to_vec(compiler.environment.params).unwrap_or_default());
    for table in &compiler.lookups {
        part(table.name.as_bytes());
        let mut rows: Vec<_> = table.rows.iter().collect();
        rows.sort_unstable();
        for (key, value) in rows {
            part(key.as_bytes());
            part(value.as_bytes());
        }
    }
    for external in &compiler.external {
        part(external.digest.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// What to add when data has another kind than the type that is written.
pub(crate) fn conversion_hint(
    value: crate::value::Value<'_>,
    output: &crate::plan::OutputType,
) -> String {
    let kind = match value {
        crate::value::Value::Text(_) => crate::value::Kind::Text,
        _ => crate::value::Kind::Any,
    };
    conversion(kind, output.kind())
}
