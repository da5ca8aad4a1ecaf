//! The OpenAPI document, built from the registry: what is not routed is not described, and the
//! other way round. A copy is committed as `platform/docs/openapi.json`; a test compares the two.

use std::collections::BTreeMap;

use utoipa::openapi::path::{HttpMethod, Operation, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, Content, Info, OpenApi, Paths, Ref, RefOr, Response};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{PlaceBody, ProblemBody};
use crate::registry::{Policy, Route, routes};
use crate::wire;

/// OpenAPI 3.1 of every route.
#[must_use]
pub fn openapi() -> OpenApi {
    let mut paths: BTreeMap<String, PathItem> = BTreeMap::new();
    for route in routes() {
        let item = paths.entry(route.path.clone()).or_default();
        let operation = described(&route);
        *slot(item, &route.method) = Some(operation);
    }
    let mut info = Info::new("Tributary", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Pulls ERP and file data, maps it, calls target APIs, and answers for every record. \
         Get a token from POST /api/v1/token and send it as `Authorization: Bearer`. Every answer \
         from 400 up is problem+json."
            .to_owned(),
    );
    let mut document = OpenApi::new(info, Paths::new());
    document.paths.paths = paths.into_iter().collect();
    document.components = Some(components());
    document
}

fn components() -> utoipa::openapi::Components {
    let mut schemas = wire::schemas();
    schemas.push((
        ProblemBody::name().into_owned(),
        <ProblemBody<'_> as PartialSchema>::schema(),
    ));
    schemas.push((
        PlaceBody::name().into_owned(),
        <PlaceBody as PartialSchema>::schema(),
    ));
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("token", SecurityScheme::Http(bearer))
        .build()
}

/// The handler's description with what every route has in common.
fn described(route: &Route) -> Operation {
    let mut operation = route.operation.clone();
    let tag = route.path.trim_start_matches("/api/v1/");
    let tag = tag.trim_start_matches('/');
    let tag = tag.trim_start_matches("tenants/{tenant}/");
    let tag = tag.split('/').next().unwrap_or_default();
    operation.tags = Some(vec![tag.to_owned()]);
    match route.policy {
        Policy::Public { .. } => operation.security = Some(Vec::new()),
        Policy::Needs(_) | Policy::Makes(_) => {
            let scopes: [&str; 0] = [];
            operation.security = Some(vec![SecurityRequirement::new("token", scopes)]);
        }
    }
    let mut problem = Response::new("a problem; see its code");
    problem.content.insert(
        "application/problem+json".to_owned(),
        RefOr::T(Content::new(Some(RefOr::Ref(Ref::from_schema_name(
            "Problem",
        ))))),
    );
    let answers = &mut operation.responses.responses;
    answers.insert("default".to_owned(), RefOr::T(problem));
    operation
}

fn slot<'a>(item: &'a mut PathItem, method: &HttpMethod) -> &'a mut Option<Operation> {
    match method {
        HttpMethod::Get => &mut item.get,
        HttpMethod::Put => &mut item.put,
        HttpMethod::Post => &mut item.post,
        HttpMethod::Delete => &mut item.delete,
        HttpMethod::Options => &mut item.options,
        HttpMethod::Head => &mut item.head,
        HttpMethod::Patch => &mut item.patch,
        HttpMethod::Trace => &mut item.trace,
    }
}
