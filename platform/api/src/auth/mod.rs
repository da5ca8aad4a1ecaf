//! Who may do what: the layer that stands before every handler, and what it hands to them.
//!
//! The layer is built from the route's policy by the router, so no handler can be reached past
//! it. It verifies the token, finds the tenant of the path, and checks the role. Invariants: a
//! tenant that is not the caller's and a tenant that does not exist get the same 404, before the
//! role is looked at; tenant and role come from the token alone; a handler gets a [`Scope`] and
//! with it a store handle of this one tenant, never a tenant id to filter by.

pub(crate) mod token;

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;
use tributary_model::plan::Plan;
use tributary_model::problem::Problem;
use tributary_model::role::{Action, Role};
use tributary_store::TenantStore;
use tributary_vault::{TenantVault, WrappedKey};

use crate::problem::ApiError;
use crate::registry::Policy;
use crate::state::ApiState;

pub use token::Caller;

/// A request that may go on, to one tenant. The way to that tenant's rows and objects.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) tenant: TenantId,
    pub(crate) store: TenantStore,
    /// the caller's
    pub(crate) role: Role,
    /// the API client that asks
    pub(crate) client_id: String,
    /// what the tenant may use
    pub(crate) plan: Arc<Plan>,
    key: WrappedKey,
}

impl Scope {
    /// Opens and seals what belongs to the tenant.
    pub(crate) fn vault(&self, state: &ApiState) -> Result<TenantVault, ApiError> {
        Ok(state.vault.tenant(&self.tenant, &self.key)?)
    }
}

/// Stands before the handler of a route.
pub(crate) async fn authorize(
    State((state, policy)): State<(ApiState, Policy)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (action, may_be_new) = match policy {
        Policy::Public { .. } => return Ok(next.run(request).await),
        Policy::Needs(action) => (action, false),
        Policy::Makes(action) => (action, true),
    };
    let (mut parts, body) = request.into_parts();
    let caller = caller(&state, &parts)?;
    let named = path_tenant(&mut parts, &state).await;
    tracing::Span::current().record("client.id", caller.client_id.as_str());
    match named {
        PathTenant::None => check_role(&caller, action)?,
        PathTenant::Wrong => return Err(ApiError::not_found()),
        PathTenant::Named(tenant) if may_be_new => {
            check_tenant(&caller, &tenant)?;
            check_role(&caller, action)?;
        }
        PathTenant::Named(tenant) => {
            let scope = scope(&state, &caller, tenant, action).await?;
            parts.extensions.insert(scope);
        }
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

fn caller(state: &ApiState, parts: &Parts) -> Result<Caller, ApiError> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let missing = || Problem::new(ErrorCode::TokenMissing, "the request carries no token");
    let invalid = || Problem::new(ErrorCode::TokenInvalid, "the token is not valid here");
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(invalid().into());
    }
    let text = value.to_str().map_err(|_| invalid())?;
    // RFC 9110 §11.1: the scheme is compared without case
    let (scheme, token) = text.split_once(' ').ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(invalid().into());
    }
    Ok(state.tokens.verify(state.clock.as_ref(), token)?)
}

enum PathTenant {
    /// the route is not about one tenant
    None,
    /// no tenant can have this name
    Wrong,
    Named(TenantId),
}

async fn path_tenant(parts: &mut Parts, state: &ApiState) -> PathTenant {
    let Ok(params) = RawPathParams::from_request_parts(parts, state).await else {
        return PathTenant::Wrong;
    };
    match params.iter().find(|(name, _)| *name == "tenant") {
        None => PathTenant::None,
        Some((_, text)) => TenantId::parse(text).map_or(PathTenant::Wrong, PathTenant::Named),
    }
}

/// The caller's own tenant, or for an operator any that exists; and then the role.
async fn scope(
    state: &ApiState,
    caller: &Caller,
    tenant: TenantId,
    action: Action,
) -> Result<Scope, ApiError> {
    check_tenant(caller, &tenant)?;
    let store = state.store.tenant(&tenant);
    let owner = store.owner().await?.ok_or_else(ApiError::not_found)?;
    check_role(caller, action)?;
    let role = caller.role;
    Ok(Scope {
        tenant,
        store,
        role,
        client_id: caller.client_id.clone(),
        plan: state.plans.of(owner.plan.as_ref()),
        key: owner.wrapped_key,
    })
}

/// Operators may name any tenant, everyone else only the one in the token.
fn check_tenant(caller: &Caller, tenant: &TenantId) -> Result<(), ApiError> {
    if caller.tenant.as_ref().is_none_or(|own| own == tenant) {
        return Ok(());
    }
    Err(ApiError::not_found())
}

fn check_role(caller: &Caller, action: Action) -> Result<(), ApiError> {
    if caller.role.may(action) {
        return Ok(());
    }
    let role = caller.role.as_str();
    let detail = format!("the role {role} may not do this");
    Err(ApiError::new(ErrorCode::Forbidden, detail))
}

impl<S: Sync> FromRequestParts<S> for Scope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // absent only if a route without `{tenant}` asks for a scope: a mistake of ours
        let scope = parts.extensions.get::<Self>().cloned();
        scope.ok_or_else(|| ApiError::new(ErrorCode::Internal, "the route has no tenant"))
    }
}
