//! What a connector may say about the credentials of its API: read when its component comes, so that no
//! connection meets a description that cannot be used.

use tributary_model::auth_recipe::AuthRecipe;

use super::{hmac, login};
use crate::connection::http::RESERVED_HEADERS;
use crate::connection::http::address::Base;

/// Headers that carry credentials by their nature, though no guest may set them.
const OWN: [&str; 2] = ["authorization", "cookie"];

/// Reads a description.
///
/// # Errors
/// What is wrong with it, for its author.
pub(crate) fn check_recipe(recipe: &AuthRecipe) -> Result<(), String> {
    // stands for the address that each connection has of its own
    let base = Base::parse("https://api.example.com/", "/endpoint/base_url");
    let headers = match recipe {
        AuthRecipe::Hmac(settings) => hmac::headers_of(settings),
        AuthRecipe::Login(settings) => {
            let header = base.and_then(|base| login::header_of(settings, &base));
            header.map(|header| vec![header])
        }
    };
    let headers = headers.map_err(|problem| {
        let pointer = problem.pointer.as_deref().unwrap_or_default();
        match pointer.strip_prefix("/endpoint/auth/") {
            Some(member) => format!("{member}: {}", problem.detail),
            None => problem.detail,
        }
    })?;
    for header in headers {
        let name = header.as_str();
        if RESERVED_HEADERS.contains(&name) && !OWN.contains(&name) {
            return Err(format!("the header {name:?} is set by the platform alone"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fault(recipe: Value) -> Option<String> {
        let recipe: AuthRecipe = serde_json::from_value(recipe).unwrap();
        check_recipe(&recipe).err()
    }

    fn hmac(change: Value) -> Option<String> {
        let mut recipe = json!({
            "kind": "hmac", "template": "{method}\n{path}\n{timestamp}\n{body_sha256}",
            "headers": {"X-Key": "{key_id}", "Authorization": "HMAC {signature}"},
        });
        for (name, value) in change.as_object().unwrap() {
            recipe[name] = value.clone();
        }
        fault(recipe)
    }

    fn login(change: Value) -> Option<String> {
        let mut recipe = json!({
            "kind": "login", "path": "login", "body": {"user": "{user}", "password": "{password}"},
            "take": {"token": "/token"}, "header": "Cookie", "value": "s={token}",
        });
        for (name, value) in change.as_object().unwrap() {
            recipe[name] = value.clone();
        }
        fault(recipe)
    }

    #[test]
    fn a_description_that_cannot_be_used_is_named() {
        assert_eq!(hmac(json!({})), None);
        assert_eq!(login(json!({})), None);
        for (change, word) in [
            (json!({"template": "{pth}"}), "there is no field {pth}"),
            (json!({"template": "{path"}), "other half"),
            (json!({"template": ""}), "empty"),
            (
                json!({"headers": {"X-Key": "{key_id}"}}),
                "no header carries",
            ),
            (
                json!({"headers": {"X": "{signature} {body}"}}),
                "there is no field {body}",
            ),
            (json!({"headers": {"a b": "{signature}"}}), "no header name"),
            (
                json!({"headers": {"Host": "{signature}"}}),
                "by the platform alone",
            ),
            (
                json!({"headers": {"Content-Length": "{signature}"}}),
                "by the platform alone",
            ),
        ] {
            let fault = hmac(change.clone()).unwrap_or_default();
            assert!(fault.contains(word), "{change}: {fault}");
        }
        for (change, word) in [
            (
                json!({"body": {"user": "{usr}"}}),
                "there is no field {usr}",
            ),
            (
                json!({"body": ["{user}"], "body_format": "form"}),
                "object of texts",
            ),
            (
                json!({"take": {"token": "token"}}),
                "no place in the answer",
            ),
            (
                json!({"value": "{password}"}),
                "there is no field {password}",
            ),
            (json!({"value": "constant"}), "nothing that is taken"),
            (json!({"header": "a b"}), "no header name"),
            (
                json!({"header": "Transfer-Encoding"}),
                "by the platform alone",
            ),
            (json!({"path": "../up"}), "path"),
        ] {
            let fault = login(change.clone()).unwrap_or_default();
            assert!(fault.contains(word), "{change}: {fault}");
        }
    }
}
