//! Makes or changes a connection. The document is checked against the connector's manifest;
//! secrets are sealed by the tenant's vault before they reach the store.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde_json::Value;
use tributary_model::connection_form::{self, Form};
use tributary_model::document::{ConnectionDocument, Endpoint, HttpAuth};
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::Manifest;
use tributary_model::problem::{Place, Problem};
use tributary_store::{NewConnection, SealedSecrets};
use tributary_vault::TenantVault;

use super::opened;
use crate::auth::Scope;
use crate::problem::ApiError;
use crate::request::json::Document;
use crate::request::parts::Names;
use crate::routes::connectors::chosen::chosen;
use crate::state::ApiState;
use crate::wire::document::{NamePath, Save, SaveQuery, Saved, check_name, saved, stored};

/// `kind` under which the vault seals a connection's secrets; the object is the connection's name,
/// the plain text a JSON object of names and values.
pub(crate) use tributary_model::document::SECRETS_KIND;

/// Makes or changes the connection. Without `secrets` the stored ones stay, as long as the endpoint does.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{tenant}/connections/{name}",
    params(
        ("tenant" = String, Path, description = "name of the tenant"),
        ("name" = String, Path, description = "name of the connection"),
        SaveQuery
    ),
    request_body(content = Object, description = "connections/<name>.json; `secrets` are write-only"),
    responses(
        (status = 200, description = "changed, or as it was", body = Saved),
        (status = 201, description = "made", body = Saved)
    )
)]
pub(crate) async fn put_connection(
    State(state): State<ApiState>,
    scope: Scope,
    Names(path): Names<NamePath>,
    Save(mut options): Save,
    Document(mut document): Document<ConnectionDocument>,
) -> Result<Response, ApiError> {
    check_name(&path.name, &document.name)?;
    let connector = chosen(&state, &document).await?;
    if let Some(digest) = &mut document.connector_digest {
        // whichever of its digests was given: runs load by this one
        digest.clone_from(&connector.digest);
    }
    let manifest: Manifest = stored(&connector.manifest)?;
    check_against(&document, &manifest)?;
    check_form(&document, &manifest)?;
    let secrets = std::mem::take(&mut document.secrets);
    let vault = scope.vault(&state)?;
    let found = scope.store.connection(&document.name).await?;
    let version = found.as_ref().map(|found| found.version);
    let before = found.map(|found| opened(&vault, found)).transpose()?;
    let change = secret_change(before.as_ref(), &document, secrets)?;
    if change == SecretChange::Stay {
        // nobody may come between this look and the change
        options.expected_version = options.expected_version.or(version);
    }
    let new = NewConnection {
        name: document.name.clone(),
        content: serde_json::to_string(&document)
            .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?,
        secrets: match change {
            SecretChange::Stay => None,
            SecretChange::Put(secrets) => Some(sealed(&vault, document.name.as_str(), &secrets)?),
        },
    };
    let put = scope.store.connection_put(&new, options).await?;
    saved(&new.name, put)
}

/// The endpoint is of the kind that the connector needs, and `config` fits its schema.
pub(super) fn check_against(
    document: &ConnectionDocument,
    manifest: &Manifest,
) -> Result<(), ApiError> {
    let kind = document.endpoint.kind();
    let Some(connection) = &manifest.connection else {
        let detail = format!(
            "{} holds functions for mappings and is no connector",
            manifest.name
        );
        return Err(ApiError::new(ErrorCode::ConfigInvalid, detail).at("/connector"));
    };
    if !connection.kind.accepts(kind) {
        let (name, needs) = (&manifest.name, &connection.kind);
        let detail = format!("the connector {name} needs an endpoint of kind {needs}");
        let error = ApiError::new(ErrorCode::ConfigInvalid, detail);
        return Err(error.at("/endpoint/kind"));
    }
    let validator = jsonschema::validator_for(&manifest.config_schema)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let places: Vec<Place> = validator
        .iter_errors(&document.config)
        .map(|error| Place {
            pointer: format!("/config{}", error.instance_path()),
            detail: error.to_string(),
        })
        .collect();
    let Some(first) = places.first() else {
        return Ok(());
    };
    let detail = format!(
        "the configuration does not fit the connector {}: {}",
        manifest.name, first.detail
    );
    let mut problem = Problem::new(ErrorCode::ConfigInvalid, detail).at(first.pointer.clone());
    problem.errors = places;
    Err(problem.into())
}

/// Endpoint and credential fit their form, and the secrets are those that it asks for; what a connection
/// leaves to its connector, `manifest` describes. No value of a secret is in what this answers.
pub(super) fn check_form(
    document: &ConnectionDocument,
    manifest: &Manifest,
) -> Result<(), ApiError> {
    let forms = connection_form::forms()
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let Some(form) = Form::of(&forms, &document.endpoint) else {
        return Ok(());
    };
    let mut endpoint = document.endpoint.clone();
    if let Endpoint::Http { auth, .. } = &mut endpoint {
        **auth = auth.described(manifest.recipe())?;
    }
    let endpoint = serde_json::to_value(&endpoint)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let auth = endpoint.get("auth").unwrap_or(&Value::Null);
    let mut places = faults(form.settings, &endpoint, "/endpoint")?;
    places.extend(faults(form.auth, auth, "/endpoint/auth")?);
    places.extend(form.secret_faults(document));
    let Some(first) = places.first() else {
        return Ok(());
    };
    let detail = format!("{}: {}", first.pointer, first.detail);
    let mut problem = Problem::new(ErrorCode::ConfigInvalid, detail).at(first.pointer.clone());
    problem.errors = places;
    Err(problem.into())
}

fn faults(schema: &Value, value: &Value, at: &str) -> Result<Vec<Place>, ApiError> {
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    let place = |error: jsonschema::ValidationError<'_>| Place {
        pointer: format!("{at}{}", error.instance_path()),
        detail: error.to_string(),
    };
    Ok(validator.iter_errors(value).map(place).collect())
}

/// What becomes of the stored secrets, and with them of the tokens that came of them.
#[derive(PartialEq, Eq)]
enum SecretChange {
    Stay,
    /// these take their place, and tokens go
    Put(BTreeMap<String, String>),
}

/// Stored secrets stay only where they go to the same place as before, in the same way and with the same
/// trust. Otherwise whoever may change a connection could have its secrets sent to a host of theirs. The
/// same secrets once more are no change, so that a consent outlives a file that is applied again.
fn secret_change(
    before: Option<&ConnectionDocument>,
    document: &ConnectionDocument,
    secrets: BTreeMap<String, String>,
) -> Result<SecretChange, ApiError> {
    // who describes what is done with a secret is a part of the place
    let same_teller = |before: &ConnectionDocument| {
        !document.asks_recipe() || before.connector == document.connector
    };
    let same_place =
        before.is_some_and(|before| before.endpoint == document.endpoint && same_teller(before));
    let stored = before.map(|before| &before.secrets);
    if same_place && stored == Some(&secrets) && !secrets.is_empty() {
        return Ok(SecretChange::Stay);
    }
    if !secrets.is_empty() {
        return Ok(SecretChange::Put(secrets));
    }
    let none_stored = stored.is_none_or(BTreeMap::is_empty);
    if none_stored && takes_consent(&document.endpoint) {
        // room for the tokens that consent gives; those of another endpoint go
        let kept = same_place && before.is_some_and(|before| takes_consent(&before.endpoint));
        return Ok(match kept {
            true => SecretChange::Stay,
            false => SecretChange::Put(secrets),
        });
    }
    let sends_none =
        matches!(&document.endpoint, Endpoint::Http { auth, .. } if **auth == HttpAuth::None);
    if none_stored || sends_none || same_place {
        return Ok(SecretChange::Stay);
    }
    let detail = "the endpoint, or the connector that describes its credentials, has changed, so the secrets must be given again";
    Err(ApiError::new(ErrorCode::ConfigInvalid, detail)
        .hint("put the secrets into the document; stored ones are never sent to another place")
        .at("/secrets"))
}

/// Whether a person's consent can be all that the endpoint needs.
fn takes_consent(endpoint: &Endpoint) -> bool {
    match endpoint {
        Endpoint::Http { auth, .. } => match auth.as_ref() {
            HttpAuth::Oauth2Code(code) => code.authorize_url.is_some(),
            _ => false,
        },
        _ => false,
    }
}

fn sealed(
    vault: &TenantVault,
    name: &str,
    secrets: &BTreeMap<String, String>,
) -> Result<SealedSecrets, ApiError> {
    let plain = serde_json::to_vec(secrets)
        .map_err(|error| ApiError::internal(ErrorCode::Internal, &error))?;
    Ok(SealedSecrets {
        sealed: vault.seal(SECRETS_KIND, name, &plain)?,
        fingerprint: vault.fingerprint(SECRETS_KIND, name, &plain),
    })
}
