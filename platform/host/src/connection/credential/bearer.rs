//! `Authorization: Bearer` with a token that was given out once.

use reqwest::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use tributary_model::problem::Problem;

use super::{Credential, Secrets, sensitive};

pub(super) fn credential(secrets: &Secrets) -> Result<Credential, Problem> {
    let token = secrets.required("token")?;
    let value = format!("Bearer {}", token.expose_secret());
    Ok(Credential::Header(
        AUTHORIZATION,
        sensitive(&value, "token")?,
    ))
}
