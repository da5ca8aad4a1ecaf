//! `${NAME}` in declarative documents: filled in when they are applied, so that files hold no
//! addresses of one environment and no secrets.
//!
//! Values come from `--var NAME=VALUE`, then from `--var-file`, then from the environment as `TRIBUTARY_VAR_NAME`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::{Place, Problem};

/// Named values.
#[derive(Clone, Default)]
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    /// From the lines of a file, then from `NAME=VALUE` texts. Empty lines and lines that begin with
    /// `#` say nothing. What has not this form is told without its text: it may be a secret.
    pub(crate) fn parse(texts: &[String], file: Option<&Path>) -> anyhow::Result<Self> {
        let mut values = BTreeMap::new();
        if let Some(path) = file {
            let lines = std::fs::read_to_string(path)
                .with_context(|| format!("could not read {}", path.display()))?;
            for (number, line) in (1..).zip(lines.lines()) {
                if line.trim().is_empty() || line.starts_with('#') {
                    continue;
                }
                let pair = line.split_once('=');
                let (name, value) = pair.with_context(|| {
                    format!(
                        "{}, line {number} is not of the form NAME=VALUE",
                        path.display()
                    )
                })?;
                values.insert(name.trim().to_owned(), value.to_owned());
            }
        }
        for text in texts {
            let Some((name, value)) = text.split_once('=') else {
                anyhow::bail!("a --var is not of the form NAME=VALUE");
            };
            values.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self(values))
    }

    /// Adds one value.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is cli: values for documents may come from the environment"
    )]
    fn value(&self, name: &str) -> Option<String> {
        let from_environment = || std::env::var(format!("TRIBUTARY_VAR_{name}")).ok();
        self.0.get(name).cloned().or_else(from_environment)
    }

    /// Fills in every `${NAME}` of `document`; all missing names are reported at once.
    pub(crate) fn fill(&self, document: &mut Value) -> Result<(), Problem> {
        let mut missing = Vec::new();
        self.fill_value(document, "", &mut missing);
        let Some(first) = missing.first() else {
            return Ok(());
        };
        let mut problem = Problem::new(ErrorCode::VariableMissing, first.detail.clone());
        problem.pointer = Some(first.pointer.clone());
        problem.errors = missing;
        Err(problem)
    }

    fn fill_value(&self, value: &mut Value, pointer: &str, missing: &mut Vec<Place>) {
        match value {
            Value::String(text) if text.contains("${") => match self.expand(text) {
                Ok(filled) => *text = filled,
                Err(detail) => missing.push(Place {
                    pointer: pointer.to_owned(),
                    detail,
                }),
            },
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.fill_value(item, &format!("{pointer}/{index}"), missing);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    let escaped = key.replace('~', "~0").replace('/', "~1");
                    self.fill_value(member, &format!("{pointer}/{escaped}"), missing);
                }
            }
            _ => {}
        }
    }

    fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, tail)) = after.split_once('}') else {
                return Err(format!(
                    "{text:?} opens a variable with ${{ and does not close it"
                ));
            };
            let value = self
                .value(name)
                .ok_or_else(|| format!("the variable {name} has no value"))?;
            out.push_str(before);
            out.push_str(&value);
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_missing_variable_is_named_with_its_place() {
        let mut variables = Variables::default();
        variables.set("HOST", "example.org");
        let mut document = json!({ "a": "x-${HOST}-${PORT}", "b/c": ["${PASSWORD}"] });
        let problem = variables.fill(&mut document).unwrap_err();
        let pointers: Vec<&str> = problem.errors.iter().map(|p| p.pointer.as_str()).collect();
        assert_eq!(pointers, ["/a", "/b~1c/0"]);

        variables.set("PORT", "22");
        variables.set("PASSWORD", "p$}");
        variables.fill(&mut document).unwrap();
        assert_eq!(document, json!({ "a": "x-example.org-22", "b/c": ["p$}"] }));
    }

    #[test]
    fn values_come_from_a_file_too_and_a_wrong_line_is_told_without_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.env");
        std::fs::write(&path, "# acme\n\nHOST=example.org\nPASSWORD=a=b \n").unwrap();
        let given = ["HOST=other".to_owned()];
        let variables = Variables::parse(&given, Some(&path)).unwrap();
        assert_eq!(variables.value("HOST").unwrap(), "other");
        assert_eq!(variables.value("PASSWORD").unwrap(), "a=b ");
        std::fs::write(&path, "HOST=x\nhunter2\n").unwrap();
        let error = Variables::parse(&[], Some(&path))
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("line 2") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
