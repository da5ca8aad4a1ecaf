//! How a connector describes the way its API is told who calls: in `connection.auth` of its manifest, for the
//! two kinds that are a description themselves. A connection then says `{"kind": "hmac"}` with the name of
//! its key, and the secret; the host does the rest. One with a description of its own keeps it.
//!
//! Invariants: a recipe holds nothing of a tenant; what it is made of goes below the connection's own base
//! address and nowhere else.

use serde::{Deserialize, Serialize};

use crate::document::{ConnectionDocument, Endpoint, HttpAuth};
use crate::error_code::ErrorCode;
use crate::http_auth::{HmacSigning, Login};
use crate::manifest::EndpointKind;
use crate::problem::Problem;

const AT: &str = "/endpoint/auth";

/// The description; see the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AuthRecipe {
    /// text, headers and forms; `key_id` is the connection's
    Hmac(HmacSigning),
    /// the call and what is taken of its answer; `user` is the connection's
    Login(Login),
}

impl AuthRecipe {
    /// The kind of credential that it describes.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "hmac",
            Self::Login(_) => "login",
        }
    }

    /// The member of `endpoint.auth` that the connection has to add: the public name of its key, or its
    /// user. `None`: nothing is done with it.
    #[must_use]
    pub fn asks(&self) -> Option<&'static str> {
        let (member, texts) = match self {
            Self::Hmac(hmac) => {
                let mut texts: Vec<&str> = hmac.headers.values().map(String::as_str).collect();
                texts.push(&hmac.template);
                ("key_id", texts.concat())
            }
            Self::Login(login) => ("user", format!("{}{}", login.body, login.value)),
        };
        texts.contains(&format!("{{{member}}}")).then_some(member)
    }

    /// The member that the connection may add besides: the path of a login that is not the same everywhere.
    #[must_use]
    pub fn leaves_open(&self) -> Option<&'static str> {
        match self {
            Self::Login(login) if login.path.is_empty() => Some("path"),
            _ => None,
        }
    }

    /// What is wrong with it apart from its texts, which the host reads.
    #[must_use]
    pub fn fault(&self, kinds: &[EndpointKind]) -> Option<String> {
        if !kinds.contains(&EndpointKind::Http) {
            return Some("only an endpoint of kind http has such credentials".to_owned());
        }
        let (whole, own) = match self {
            Self::Hmac(hmac) => (!hmac.asks_recipe(), ("key_id", &hmac.key_id)),
            Self::Login(login) => (!login.asks_recipe(), ("user", &login.user)),
        };
        if !own.1.is_empty() {
            return Some(format!("{} is the connection's", own.0));
        }
        (!whole).then(|| "it describes nothing".to_owned())
    }
}

impl HmacSigning {
    /// Whether text and headers are left to the connector.
    #[must_use]
    pub fn asks_recipe(&self) -> bool {
        self.template.is_empty() && self.headers.is_empty()
    }
}

impl Login {
    /// Whether the call is left to the connector, but for its path, which may be the tenant's.
    #[must_use]
    pub fn asks_recipe(&self) -> bool {
        self.header.is_empty()
            && self.value.is_empty()
            && self.take.is_empty()
            && self.body.is_null()
    }
}

impl HttpAuth {
    /// Whether it leaves its description to the connector.
    #[must_use]
    pub fn asks_recipe(&self) -> bool {
        match self {
            Self::Hmac(own) => own.asks_recipe(),
            Self::Login(own) => own.asks_recipe(),
            _ => false,
        }
    }

    /// The whole credential: as it is, or as `recipe` describes it.
    ///
    /// # Errors
    /// `config_invalid` where the connection leaves the description to a connector that has none of its
    /// kind, or gives a part of one.
    pub fn described(&self, recipe: Option<&AuthRecipe>) -> Result<Self, Problem> {
        if !self.asks_recipe() {
            return Ok(self.clone());
        }
        match (self, recipe) {
            (Self::Hmac(own), Some(AuthRecipe::Hmac(recipe))) => {
                let key_id = own.key_id.clone();
                let alone = HmacSigning {
                    key_id: key_id.clone(),
                    ..HmacSigning::default()
                };
                given_alone(*own == alone, "key_id", "template and headers")?;
                let recipe = recipe.clone();
                Ok(Self::Hmac(HmacSigning { key_id, ..recipe }))
            }
            (Self::Login(own), Some(AuthRecipe::Login(recipe))) => {
                let mut whole = recipe.clone();
                if recipe.path.is_empty() {
                    whole.path.clone_from(&own.path);
                }
                whole.user.clone_from(&own.user);
                let alone = Login {
                    user: own.user.clone(),
                    path: match recipe.path.is_empty() {
                        true => own.path.clone(),
                        false => String::new(),
                    },
                    ..Login::default()
                };
                given_alone(*own == alone, "user", "body, take, header and value")?;
                Ok(Self::Login(whole))
            }
            _ => {
                let what = match self {
                    Self::Hmac(_) => "HMAC signature; give template and headers",
                    _ => "login call; give body, take, header and value",
                };
                let detail = format!("the connector describes no {what}");
                Err(Problem::new(ErrorCode::ConfigInvalid, detail).at(AT))
            }
        }
    }
}

/// A part of a description would be forgotten without a word.
fn given_alone(alone: bool, own: &str, whole: &str) -> Result<(), Problem> {
    if alone {
        return Ok(());
    }
    let detail = format!(
        "where the connector describes how it is done, the connection gives {own} alone; a description of its own has {whole}"
    );
    Err(Problem::new(ErrorCode::ConfigInvalid, detail).at(AT))
}

impl ConnectionDocument {
    /// Whether its secrets are used as its connector describes.
    #[must_use]
    pub fn asks_recipe(&self) -> bool {
        matches!(&self.endpoint, Endpoint::Http { auth, .. } if auth.asks_recipe())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn recipe(value: Value) -> AuthRecipe {
        serde_json::from_value(value).unwrap()
    }

    fn auth(value: Value) -> HttpAuth {
        serde_json::from_value(value).unwrap()
    }

    fn hmac() -> AuthRecipe {
        recipe(json!({
            "kind": "hmac", "template": "{method}\n{path}", "encoding": "base64",
            "headers": {"X-Key": "{key_id}", "X-Signature": "{signature}"},
        }))
    }

    #[test]
    fn a_connection_adds_its_key_and_no_more() {
        let whole = auth(json!({"kind": "hmac", "key_id": "k1"}));
        let whole = whole.described(Some(&hmac())).unwrap();
        let HttpAuth::Hmac(whole) = whole else {
            panic!("another kind")
        };
        assert_eq!((whole.key_id.as_str(), whole.headers.len()), ("k1", 2));
        assert_eq!(hmac().asks(), Some("key_id"));
        // its own description stays, whatever the connector says
        let own = json!({"kind": "hmac", "template": "{path}", "headers": {"a": "{signature}"}});
        assert_eq!(
            auth(own.clone()).described(Some(&hmac())).unwrap(),
            auth(own)
        );
        let half = auth(json!({"kind": "hmac", "key_id": "k1", "algorithm": "sha1"}));
        let problem = half.described(Some(&hmac())).unwrap_err();
        assert!(problem.detail.contains("key_id alone"), "{problem}");
        for other in [None, Some(recipe(json!({"kind": "login", "header": "a"})))] {
            let problem = auth(json!({"kind": "hmac"})).described(other.as_ref());
            let problem = problem.unwrap_err();
            assert_eq!(problem.code, ErrorCode::ConfigInvalid);
            assert_eq!(problem.pointer.as_deref(), Some("/endpoint/auth"));
        }
        let bearer = auth(json!({"kind": "bearer"}));
        assert_eq!(bearer.described(None).unwrap(), bearer);
    }

    #[test]
    fn a_login_is_described_but_for_its_user() {
        let tryton = recipe(json!({
            "kind": "login", "body": {"params": ["{user}", "{password}"]},
            "take": {"key": "/result"}, "header": "Authorization", "value": "{key}",
        }));
        assert_eq!(tryton.asks(), Some("user"));
        let whole = auth(json!({"kind": "login", "user": "u"})).described(Some(&tryton));
        let HttpAuth::Login(whole) = whole.unwrap() else {
            panic!("another kind")
        };
        let named = (whole.user.as_str(), whole.header.as_str());
        assert_eq!(named, ("u", "Authorization"));
        // the database of a Tryton is in its path, so that is the connection's
        assert_eq!(tryton.leaves_open(), Some("path"));
        let there = auth(json!({"kind": "login", "user": "u", "path": "erp/"}));
        let HttpAuth::Login(there) = there.described(Some(&tryton)).unwrap() else {
            panic!("another kind")
        };
        assert_eq!(there.path, "erp/");
        let AuthRecipe::Login(fixed) = tryton else {
            panic!("another kind")
        };
        let fixed = AuthRecipe::Login(Login {
            path: "login".to_owned(),
            ..fixed
        });
        let elsewhere = auth(json!({"kind": "login", "path": "erp/"}));
        assert!(elsewhere.described(Some(&fixed)).is_err());
    }

    #[test]
    fn a_recipe_holds_nothing_of_a_tenant() {
        let http = [EndpointKind::Http];
        assert_eq!(hmac().fault(&http), None);
        assert!(hmac().fault(&[EndpointKind::Sql]).is_some());
        for (wrong, word) in [
            (json!({"kind": "hmac"}), "nothing"),
            (
                json!({"kind": "hmac", "template": "{path}", "headers": {"a": "{signature}"}, "key_id": "k"}),
                "key_id",
            ),
            (json!({"kind": "login", "header": "a", "user": "u"}), "user"),
        ] {
            let fault = recipe(wrong).fault(&http).unwrap();
            assert!(fault.contains(word), "{fault}");
        }
        let unknown = json!({"kind": "hmac", "template": "{path}", "secret": "s"});
        assert!(serde_json::from_value::<AuthRecipe>(unknown).is_err());
    }
}
