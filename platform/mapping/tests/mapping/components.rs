//! Components with functions for tests: what they answer is said by the value that they are asked.
//!
//! `echo` answers its input as a text, `answer` the first value read as JSON; the value `refused` is
//! refused, `broken` breaks the function, and `counted` answers how often this instance was asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use tributary_model::external::{
    FunctionCalls, FunctionCode, FunctionComponent, FunctionFault, FunctionFaultKind, FunctionSpec,
    ValueType,
};

#[derive(Debug)]
struct Echo;

#[derive(Debug, Default)]
struct Instance(u32);

impl FunctionCode for Echo {
    fn open(&self) -> Box<dyn FunctionCalls> {
        Box::new(Instance::default())
    }
}

impl FunctionCalls for Instance {
    fn call(
        &mut self,
        function: &str,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionFault> {
        self.0 += 1;
        let values: Vec<serde_json::Value> = serde_json::from_slice(input).unwrap();
        let fault = |kind, text: &str| Err(FunctionFault::new(kind, text));
        let text = std::str::from_utf8(input).unwrap();
        match (values[0].as_str(), function) {
            (Some("refused"), _) => {
                fault(FunctionFaultKind::Refused, "that is \u{7} no value for me")
            }
            (Some("broken"), _) => fault(FunctionFaultKind::Failed, "unreachable"),
            (Some("counted"), _) => {
                out.extend_from_slice(format!("\"{}\"", self.0).as_bytes());
                Ok(())
            }
            (Some(answer), name) if name.starts_with("answer") => {
                out.extend_from_slice(answer.as_bytes());
                Ok(())
            }
            _ => {
                out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
                Ok(())
            }
        }
    }
}

/// A component that can be run.
pub(crate) fn component(functions: &[(&str, ValueType, ValueType)]) -> FunctionComponent {
    FunctionComponent {
        digest: "sha256:00ff".to_owned(),
        functions: functions
            .iter()
            .map(|(name, takes, gives)| FunctionSpec {
                name: (*name).to_owned(),
                takes: *takes,
                gives: *gives,
                summary: String::new(),
            })
            .collect(),
        code: Some(Arc::new(Echo)),
    }
}

/// `codes@1.0.0` with `echo`, and `answer_<type>` for every type.
pub(crate) fn components() -> BTreeMap<String, FunctionComponent> {
    use ValueType::{Any, Bool, Date, Datetime, Json, List, Number, Text};
    let functions = [
        ("echo", Text, Text),
        ("echo_number", Number, Text),
        ("answer_text", Text, Text),
        ("answer_number", Text, Number),
        ("answer_bool", Text, Bool),
        ("answer_date", Text, Date),
        ("answer_datetime", Text, Datetime),
        ("answer_list", Text, List),
        ("answer_json", Text, Json),
        ("answer_any", Text, Any),
    ];
    BTreeMap::from([("codes@1.0.0".to_owned(), component(&functions))])
}
