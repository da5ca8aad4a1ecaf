//! A key in a header or in a query parameter. In a query it is added to the finished request only,
//! so the addresses that people see (labels of pages, traces) never have it.

use secrecy::{ExposeSecret, SecretString};
use tributary_model::http_auth::ApiKey;
use tributary_model::problem::Problem;

use super::{Credential, Secrets, header_name, sensitive};
use crate::connection::config_problem;
use crate::connection::http::address::{encoded_query, query_pairs};

/// A key in the query.
pub(crate) struct QueryKey {
    parameter: String,
    key: SecretString,
}

pub(super) fn credential(settings: &ApiKey, secrets: &Secrets) -> Result<Credential, Problem> {
    let key = secrets.required("api_key")?;
    match (&settings.header, &settings.query) {
        (Some(header), None) => {
            let name = header_name(header, "/endpoint/auth/header")?;
            let text = format!("{}{}", settings.prefix, key.expose_secret().trim());
            Ok(Credential::Header(name, sensitive(&text, "api_key")?))
        }
        (None, Some(parameter)) => Ok(Credential::Query(QueryKey {
            parameter: parameter.clone(),
            key: SecretString::from(key.expose_secret().trim().to_owned()),
        })),
        _ => Err(config_problem(
            "/endpoint/auth",
            "an API key is either in a header or in a query parameter; give one of the two names",
        )),
    }
}

impl QueryKey {
    /// Puts the key in the place of whatever a link of the other side had there.
    pub(super) fn apply(&self, request: &mut reqwest::Request) {
        let mut pairs = query_pairs(request.url());
        pairs.retain(|(name, _)| *name != self.parameter);
        let key = self.key.expose_secret().to_owned();
        pairs.push((self.parameter.clone(), key));
        request.url_mut().set_query(Some(&encoded_query(&pairs)));
    }
}
