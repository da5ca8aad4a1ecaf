//! Functions of code: declared in the document, found in a component.

use std::sync::Arc;

use tributary_model::external::{FunctionCode, FunctionComponent, FunctionSpec, ValueType};

use super::Aim;
use super::compiler::Compiler;
use crate::diagnostic::code;
use crate::document::{External, escape_pointer, nearest};
use crate::plan::ExternalFunction;
use crate::value::Kind;

impl Compiler<'_> {
    /// Finds the declared functions in the components that are at hand.
    pub(super) fn read_external(&mut self, aim: Aim) {
        let (document, environment) = (self.document, self.environment);
        // one instance per component, however many of its functions are declared
        let mut opened: Vec<&str> = Vec::new();
        for (name, external) in &document.external {
            let pointer = format!("/external/{}", escape_pointer(name));
            let found = match (environment.components, aim) {
                (None, Aim::Check) => None,
                (components, _) => {
                    let found = components.and_then(|all| all.get(&external.component));
                    if found.is_none() {
                        self.component_missing(external, &pointer);
                    }
                    found
                }
            };
            if let Some(component) = found {
                self.compare(external, component, &pointer);
            }
            let code = found.and_then(|component| component.code.as_ref());
            if let (Some(_), None, Aim::Run) = (found, code, aim) {
                self.error(
                    code::EXTERNAL_COMPONENT,
                    format!("{pointer}/component"),
                    format!("the component {:?} cannot be run here", external.component),
                    "run the mapping where components are loaded: in a run, or with the command line",
                );
            }
            let place = match code {
                Some(code) => self.place_of(&external.component, code, &mut opened),
                None => usize::MAX,
            };
            self.external.push(ExternalFunction {
                name: name.as_str().into(),
                component: external.component.as_str().into(),
                digest: found.map_or_else(Box::default, |found| found.digest.as_str().into()),
                function: external.function.as_str().into(),
                takes: external.takes,
                gives: external.gives,
                sensitive: external.sensitive,
                code: place,
            });
        }
    }

    /// The component's place in the plan.
    fn place_of<'n>(
        &mut self,
        name: &'n str,
        code: &Arc<dyn FunctionCode>,
        opened: &mut Vec<&'n str>,
    ) -> usize {
        opened
            .iter()
            .position(|known| *known == name)
            .unwrap_or_else(|| {
                opened.push(name);
                self.code.push(Arc::clone(code));
                opened.len() - 1
            })
    }

    fn component_missing(&mut self, external: &External, pointer: &str) {
        let known: Vec<String> = self
            .environment
            .components
            .into_iter()
            .flat_map(|all| all.keys().cloned())
            .collect();
        self.error(
            code::EXTERNAL_COMPONENT,
            format!("{pointer}/component"),
            format!("there is no component {:?}", external.component),
            match nearest(&external.component, &known) {
                Some(candidate) => format!("did you mean {candidate:?}?"),
                None => "install it, or give its file with --component".to_owned(),
            },
        );
    }

    /// What the document says and what the component says.
    fn compare(&mut self, external: &External, component: &FunctionComponent, pointer: &str) {
        let wanted = |spec: &&FunctionSpec| spec.name == external.function;
        let Some(spec) = component.functions.iter().find(wanted) else {
            let known: Vec<String> = component.functions.iter().map(|f| f.name.clone()).collect();
            let hint = match nearest(&external.function, &known) {
                Some(candidate) => format!("did you mean {candidate:?}?"),
                None => format!("it has {}", known.join(", ")),
            };
            return self.error(
                code::EXTERNAL_COMPONENT,
                format!("{pointer}/function"),
                format!(
                    "{} has no function {:?}",
                    external.component, external.function
                ),
                hint,
            );
        };
        let sides = [
            ("takes", external.takes, spec.takes),
            ("gives", external.gives, spec.gives),
        ];
        for (member, document, component) in sides {
            if document != component {
                self.error(
                    code::EXTERNAL_TYPES,
                    format!("{pointer}/{member}"),
                    format!(
                        "{} of {} {member} {}, the document says {}",
                        external.function,
                        external.component,
                        component.word(),
                        document.word()
                    ),
                    format!("write \"{member}\": \"{}\"", component.word()),
                );
            }
        }
    }

    /// A declared function's place, and what it takes and gives.
    pub(crate) fn external_function(
        &mut self,
        name: &str,
        pointer: &str,
    ) -> Option<(usize, Kind, Kind)> {
        let found = self
            .external
            .iter()
            .position(|external| *external.name == *name);
        let Some((place, external)) = found.and_then(|at| Some((at, self.external.get(at)?)))
        else {
            let known: Vec<String> = self.document.external.keys().cloned().collect();
            let hint = match nearest(name, &known) {
                Some(candidate) => format!("did you mean {candidate:?}?"),
                None => "declare it under external".to_owned(),
            };
            self.error(
                code::EXTERNAL_UNKNOWN,
                pointer,
                format!("there is no function of code {name:?}"),
                hint,
            );
            return None;
        };
        self.calls_sensitive |= external.sensitive;
        Some((place, kind(external.takes), kind(external.gives)))
    }
}

/// A type of functions of code as a kind of value.
pub(crate) fn kind(value_type: ValueType) -> Kind {
    match value_type {
        ValueType::Text => Kind::Text,
        ValueType::Number => Kind::Number,
        ValueType::Bool => Kind::Bool,
        ValueType::Date => Kind::Date,
        ValueType::Datetime => Kind::DateTime,
        ValueType::List => Kind::List,
        ValueType::Json => Kind::Json,
        ValueType::Any => Kind::Any,
    }
}
