//! Absolute source paths (`$.lines[*].sku`) and the scopes of nested `each`.

/// A scope that fields can read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// its name in the document
    pub(crate) name: String,
    /// absolute path of its element: `$` for the row, `$.lines[*]` for an element
    pub(crate) path: String,
}

/// Where to read an absolute path: the path on a scope, and the scope's name unless it is the
/// nearest. `None`: the path goes through an array that no scope goes over.
pub(crate) fn relative(path: &str, scopes: &[Scope]) -> Option<(String, Option<String>)> {
    for (distance, scope) in scopes.iter().rev().enumerate() {
        let Some(rest) = path.strip_prefix(&scope.path) else {
            continue;
        };
        let whole_step = rest.is_empty() || rest.starts_with(['.', '[']);
        if !whole_step || rest.contains("[*]") {
            continue;
        }
        let name = (distance > 0).then(|| scope.name.clone());
        return Some((format!("${rest}"), name));
    }
    None
}

/// The innermost array that a path goes through: `$.a[*].b[*].c` gives `$.a[*].b`.
pub(super) fn array_of(path: &str) -> Option<&str> {
    path.rsplit_once("[*]").map(|(array, _)| array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_the_nearest_scope_that_has_them() {
        let scope = |name: &str, path: &str| Scope {
            name: name.to_owned(),
            path: path.to_owned(),
        };
        let scopes = [scope("row", "$"), scope("line", "$.lines[*]")];
        let cases = [
            ("$.lines[*].sku", Some(("$.sku", None))),
            ("$.currency", Some(("$.currency", Some("row")))),
            ("$.lines[*].taxes[*].rate", None),
            ("$.other[*].x", None),
            ("$.lines[*]", Some(("$", None))),
        ];
        for (path, expected) in cases {
            let expected = expected.map(|(p, s)| (p.to_owned(), s.map(str::to_owned)));
            assert_eq!(relative(path, &scopes), expected, "{path}");
        }
        assert_eq!(array_of("$.a[*].b[*].c"), Some("$.a[*].b"));
        assert_eq!(array_of("$.a"), None);
    }
}
