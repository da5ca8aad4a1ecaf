//! Clients of the API: who may sign in for a tenant, and as what. A secret is shown once, when its
//! client is made; what is stored is its hash.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;

use tributary_model::id::{Slug, TenantId};
use tributary_model::role::Role;

use crate::problem::ApiError;
use tributary_model::error_code::ErrorCode;

/// What a client signs in with: no other tenant can have it, since a tenant's name has no point.
fn client_id(tenant: &TenantId, name: &Slug) -> String {
    format!("{tenant}.{name}")
}

/// Nobody hands out more than they have, and no tenant's client is an operator.
fn check_grant(giver: Role, given: Role) -> Result<(), ApiError> {
    let may = match giver {
        Role::Operator => given != Role::Operator,
        Role::CustomerAdmin => matches!(
            given,
            Role::CustomerAdmin | Role::CustomerViewer | Role::Ingest
        ),
        Role::Engineer | Role::CustomerViewer | Role::Ingest => false,
    };
    if may {
        return Ok(());
    }
    let detail = format!(
        "a client with the role {} may not make one with the role {}",
        giver.as_str(),
        given.as_str()
    );
    Err(ApiError::new(ErrorCode::Forbidden, detail).at("/role"))
}
