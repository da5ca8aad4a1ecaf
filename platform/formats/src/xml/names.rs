//! Names without the accidents of prefixes, and the path to the records.
//!
//! Without declared namespaces a name is its local part: `<ns1:order>` is `order` whatever `ns1`
//! stands for. With them, names of a declared namespace have the prefix that the configuration
//! gives it, whatever prefix the document uses; all others are local still.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::pull::{MAX_DEPTH, local};

/// Namespace declarations that may be in force at one place.
const MAX_DECLARATIONS: usize = 256;

/// Follows the namespace declarations of a document.
#[derive(Debug)]
pub(super) struct Names {
    /// address to prefix
    declared: BTreeMap<String, String>,
    /// in force: depth, prefix in the document, prefix of the configuration
    scope: Vec<(usize, String, Option<String>)>,
}

impl Names {
    /// `namespaces`: prefix to address.
    pub(super) fn new(namespaces: &BTreeMap<String, String>) -> Self {
        let swap = |(prefix, address): (&String, &String)| (address.clone(), prefix.clone());
        Self {
            declared: namespaces.iter().map(swap).collect(),
            scope: Vec::new(),
        }
    }

    /// An element starts at `depth`: takes note of its declarations.
    ///
    /// # Errors
    /// A text for a person when there are too many.
    pub(super) fn enter(
        &mut self,
        depth: usize,
        attributes: &[(&str, Cow<'_, str>)],
    ) -> Result<(), String> {
        if self.declared.is_empty() {
            return Ok(());
        }
        for (name, value) in attributes {
            let Some(prefix) = declaration(name) else {
                continue;
            };
            if self.scope.len() == MAX_DECLARATIONS {
                return Err(format!(
                    "more than {MAX_DECLARATIONS} namespaces are in force"
                ));
            }
            let ours = self.declared.get(value.as_ref()).cloned();
            self.scope.push((depth, prefix.to_owned(), ours));
        }
        Ok(())
    }

    /// The element at `depth` ends.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.scope.last().is_some_and(|(at, ..)| *at >= depth) {
            self.scope.pop();
        }
    }

    /// The name of an element as the configuration knows it.
    pub(super) fn element<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        self.with_prefix(prefix, local)
    }

    /// The name of an attribute; `None` for a namespace declaration.
    pub(super) fn attribute<'n>(&self, name: &'n str) -> Option<Cow<'n, str>> {
        if declaration(name).is_some() {
            return None;
        }
        // An attribute without a prefix is in no namespace, not even the default one.
        Some(match name.split_once(':') {
            Some((prefix, local)) => self.with_prefix(prefix, local),
            None => Cow::Borrowed(name),
        })
    }

    fn with_prefix<'n>(&self, prefix: &str, local: &'n str) -> Cow<'n, str> {
        let found = self
            .scope
            .iter()
            .rev()
            .find(|(_, known, _)| known == prefix);
        match found.and_then(|(.., ours)| ours.as_ref()) {
            Some(ours) => Cow::Owned(format!("{ours}:{local}")),
            None => Cow::Borrowed(local),
        }
    }
}

/// The prefix that an attribute declares, `""` for the default namespace.
fn declaration(name: &str) -> Option<&str> {
    match name.strip_prefix("xmlns") {
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix(':'),
        None => None,
    }
}

/// Which elements are records: `/orders/order` from the root, `//order` anywhere, `*` any name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecordPath {
    steps: Vec<String>,
    from_root: bool,
}

impl RecordPath {
    /// Reads a path.
    ///
    /// # Errors
    /// A text for a person.
    pub(super) fn parse(text: &str, namespaces: &BTreeMap<String, String>) -> Result<Self, String> {
        let (from_root, steps) = match (text.strip_prefix("//"), text.strip_prefix('/')) {
            (Some(steps), _) => (false, steps),
            (None, Some(steps)) => (true, steps),
            (None, None) => {
                return Err(format!("the record path {text:?} must start with / or //"));
            }
        };
        let steps: Vec<String> = steps.split('/').map(str::to_owned).collect();
        if steps.len() > MAX_DEPTH {
            return Err(format!("the record path has more than {MAX_DEPTH} steps"));
        }
        for step in &steps {
            let name = local(step);
            let known = step.len() == name.len()
                || step
                    .split_once(':')
                    .is_some_and(|(prefix, _)| namespaces.contains_key(prefix));
            if !known {
                return Err(format!(
                    "the prefix of {step:?} in the record path is not in namespaces"
                ));
            }
            let plain = !name.contains(|c: char| c.is_whitespace() || "[]()@*:".contains(c));
            if name.is_empty() || !(plain || step == "*") {
                return Err(format!(
                    "the record path {text:?} may have names and * between its slashes, nothing else"
                ));
            }
        }
        Ok(Self { steps, from_root })
    }

    /// Whether the innermost of the open elements `names` is a record.
    pub(super) fn matches(&self, names: &[String]) -> bool {
        let Some(before) = names.len().checked_sub(self.steps.len()) else {
            return false;
        };
        if self.from_root && before > 0 {
            return false;
        }
        let inner = names.get(before..).unwrap_or_default();
        inner
            .iter()
            .zip(&self.steps)
            .all(|(name, step)| step == "*" || name == step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_from_the_root_or_anywhere() {
        let none = BTreeMap::new();
        for (path, names, expected) in [
            ("/orders/order", "orders order", true),
            ("/orders/order", "orders", false),
            ("/orders/order", "x orders order", false),
            ("//order", "orders order", true),
            ("//order", "order", true),
            ("//a/order", "a b order", false),
            ("//a/order", "x a order", true),
            ("/*/order", "orders order", true),
            ("/*/*", "a b", true),
            ("/order", "order", true),
        ] {
            let path = RecordPath::parse(path, &none).unwrap();
            let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
            assert_eq!(path.matches(&names), expected, "{path:?} {names:?}");
        }
        for bad in [
            "order", "", "/", "//", "/a//b", "/a[1]", "/a/@b", "/x:a", "/a b",
        ] {
            assert!(RecordPath::parse(bad, &none).is_err(), "{bad}");
        }
        let declared = BTreeMap::from([("x".to_owned(), "urn:x".to_owned())]);
        assert!(RecordPath::parse("/x:a", &declared).is_ok());
        assert!(RecordPath::parse("/y:a", &declared).is_err());
    }
}
