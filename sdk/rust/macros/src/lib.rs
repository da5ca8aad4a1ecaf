//! `#[config]`, for the types of a connector's configuration: serde reads them, and outside of WebAssembly they
//! know their JSON Schema.
//!
//! Invariant: nothing of a schema goes into a component. The type is written down twice, and the one for
//! WebAssembly has neither the derive nor its `#[schemars(…)]`.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

const GUEST: &str = r#"
    #[cfg(target_family = "wasm")]
    #[derive(::tributary_sdk::serde::Deserialize)]
    #[serde(crate = "::tributary_sdk::serde", deny_unknown_fields)]
"#;
const NATIVE: &str = r#"
    #[cfg(not(target_family = "wasm"))]
    #[derive(::tributary_sdk::serde::Deserialize, ::tributary_sdk::schemars::JsonSchema)]
    #[serde(crate = "::tributary_sdk::serde", deny_unknown_fields)]
    #[schemars(crate = "::tributary_sdk::schemars")]
"#;
const NO_ARGUMENTS: &str = r##"::core::compile_error!("#[config] takes no arguments: use #[serde(…)] and #[schemars(…)]");"##;

/// Makes a struct or enum a part of the configuration: `Deserialize`, unknown members refused, and, for
/// `config_schema!`, `JsonSchema`. `#[serde(…)]` and `#[schemars(…)]` say more, at the type and at its members.
#[proc_macro_attribute]
pub fn config(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        return tokens(NO_ARGUMENTS);
    }
    let mut out = tokens(GUEST);
    out.extend(without_schemars(item.clone()));
    out.extend(tokens(NATIVE));
    out.extend(item);
    out
}

/// Text of this file; that it is Rust shows at the first use.
fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap_or_default()
}

/// The same without `#[schemars(…)]` anywhere.
fn without_schemars(item: TokenStream) -> TokenStream {
    let mut out = Vec::new();
    let mut rest = item.into_iter().peekable();
    while let Some(token) = rest.next() {
        let opens = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == '#');
        if opens && rest.peek().is_some_and(is_schemars) {
            rest.next();
            continue;
        }
        out.push(match token {
            TokenTree::Group(group) => TokenTree::Group(inside(&group)),
            other => other,
        });
    }
    out.into_iter().collect()
}

fn inside(group: &Group) -> Group {
    let mut cleaned = Group::new(group.delimiter(), without_schemars(group.stream()));
    cleaned.set_span(group.span());
    cleaned
}

/// `[schemars(…)]`
fn is_schemars(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if name.to_string() == "schemars")
}
