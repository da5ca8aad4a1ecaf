//! Texts with `{fields}`. `{{` and `}}` are braces. A field that does not exist is found when the
//! connection is made, not when it is used.

use std::collections::BTreeMap;

use tributary_model::problem::Problem;

use crate::connection::config_problem;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(String),
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

/// The values of the fields; bytes, because a body may be one.
pub(super) type Fields<'a> = BTreeMap<&'a str, Vec<u8>>;

impl Template {
    /// Reads a text that may name `known` fields. `at` is its place in the connection document.
    pub(super) fn parse(text: &str, known: &[&str], at: &str) -> Result<Self, Problem> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(brace);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{") {
                plain.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                plain.push('}');
                rest = after;
            } else {
                let field = from.strip_prefix('{').and_then(|from| from.split_once('}'));
                let Some((name, after)) = field else {
                    let detail = format!(
                        "{text:?} has a brace without its other half; a brace itself is {{{{ or }}}}"
                    );
                    return Err(config_problem(at, detail));
                };
                if !known.contains(&name) {
                    let known = known.join("}, {");
                    let detail = format!("there is no field {{{name}}}; there are {{{known}}}");
                    return Err(config_problem(at, detail));
                }
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Field(name.to_owned()));
                rest = after;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// Whether the text names this field.
    pub(super) fn names(&self, field: &str) -> bool {
        self.0
            .iter()
            .any(|piece| matches!(piece, Piece::Field(name) if name == field))
    }

    pub(super) fn bytes(&self, fields: &Fields<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Field(name) => {
                    let value = fields.get(name.as_str());
                    out.extend_from_slice(value.map(Vec::as_slice).unwrap_or_default());
                }
            }
        }
        out
    }

    pub(super) fn text(&self, fields: &Fields<'_>) -> String {
        String::from_utf8_lossy(&self.bytes(fields)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_filled_and_braces_kept() {
        let known = ["a", "b"];
        let template = Template::parse("{a}\n{{{b}}}{a}", &known, "/x").unwrap();
        let fields = Fields::from([("a", b"1".to_vec()), ("b", b"2".to_vec())]);
        assert_eq!(template.text(&fields), "1\n{2}1");
        assert!(template.names("b") && !template.names("c"));
        for (text, word) in [
            ("{c}", "there are {a}, {b}"),
            ("{a", "other half"),
            ("a}", "other half"),
        ] {
            let problem = Template::parse(text, &known, "/x").unwrap_err();
            assert_eq!(problem.pointer.as_deref(), Some("/x"));
            assert!(problem.detail.contains(word), "{problem}");
        }
    }
}
