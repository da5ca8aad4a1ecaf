//! The functions of the mapping language, as their signatures say.

use axum::Json;
use serde::Serialize;
use tributary_mapping::functions::signature::{ExampleResult, Output, Signature};
use tributary_mapping::functions::topics;
use utoipa::ToSchema;

/// All functions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingFunctionList {
    items: Vec<MappingFunction>,
}

/// A function of the mapping language.
#[derive(Debug, Serialize, ToSchema)]
struct MappingFunction {
    name: &'static str,
    topic: &'static str,
    summary: &'static str,
    /// what it takes
    input: &'static str,
    takes_null: bool,
    /// what it gives
    output: &'static str,
    arguments: Vec<FunctionArgument>,
    /// codes of the issues that it may leave
    fails_with: Vec<&'static str>,
    examples: Vec<FunctionExample>,
}

/// A named argument.
#[derive(Debug, Serialize, ToSchema)]
struct FunctionArgument {
    name: &'static str,
    form: &'static str,
    required: bool,
    summary: &'static str,
}

/// A worked example; every one is tested.
#[derive(Debug, Serialize, ToSchema)]
struct FunctionExample {
    /// the value, as JSON text
    input: &'static str,
    /// the arguments, as JSON text
    arguments: &'static str,
    /// the result, as JSON text
    #[serde(skip_serializing_if = "Option::is_none")]
    gives: Option<&'static str>,
    /// the code of the issue
    #[serde(skip_serializing_if = "Option::is_none")]
    fails: Option<&'static str>,
}

/// The functions of the mapping language, by topic, for editors.
#[utoipa::path(
    get,
    path = "/api/v1/mapping-language/functions",
    responses((status = 200, description = "every function", body = MappingFunctionList))
)]
pub(crate) async fn list_mapping_functions() -> Json<MappingFunctionList> {
    let mut items = Vec::new();
    for (topic, signatures) in topics() {
        items.extend(signatures.map(|signature| function(topic, signature)));
    }
    Json(MappingFunctionList { items })
}

fn function(topic: &'static str, signature: &'static Signature) -> MappingFunction {
    let arguments = signature.arguments.iter().map(|argument| FunctionArgument {
        name: argument.name,
        form: argument.kind.words(),
        required: argument.required,
        summary: argument.summary,
    });
    let examples = signature.examples.iter().map(|example| {
        let (gives, fails) = match example.result {
            ExampleResult::Gives(output) => (Some(output), None),
            ExampleResult::Fails(code) => (None, Some(code.as_str())),
        };
        FunctionExample {
            input: example.input,
            arguments: example.arguments,
            gives,
            fails,
        }
    });
    MappingFunction {
        name: signature.name,
        topic,
        summary: signature.summary,
        input: signature.input.word(),
        takes_null: signature.takes_null,
        output: match signature.output {
            Output::Is(kind) => kind.word(),
            Output::Same => "the same",
            Output::SameOr => "the same, or what its argument is",
        },
        arguments: arguments.collect(),
        fails_with: signature
            .fails_with
            .iter()
            .map(|code| code.as_str())
            .collect(),
        examples: examples.collect(),
    }
}
