//! `Authorization: Basic` (RFC 7617) with user and password as UTF-8.

use data_encoding::BASE64;
use reqwest::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use tributary_model::problem::Problem;

use super::{Credential, Redactor, Secrets, sensitive};
use crate::connection::config_problem;

pub(super) fn credential(
    user: &str,
    secrets: &Secrets,
    redactor: &Redactor,
) -> Result<Credential, Problem> {
    if user.contains(':') {
        let detail = "a user's name with a colon can't be sent: the password begins behind it";
        return Err(config_problem("/endpoint/auth/user", detail));
    }
    let password = secrets.required("password")?;
    let pair = BASE64.encode(format!("{user}:{}", password.expose_secret()).as_bytes());
    let value = sensitive(&format!("Basic {pair}"), "password")?;
    redactor.add(&SecretString::from(pair));
    Ok(Credential::Header(AUTHORIZATION, value))
}
