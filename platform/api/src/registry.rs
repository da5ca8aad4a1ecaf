//! Every route, in one flat list, each with its policy. Router, OpenAPI document and the
//! isolation tests are all built from it, so a route without a policy does not compile and a
//! route that is not tested does not exist.
//!
//! Method, path and operation id are those of the handler's `#[utoipa::path]`; the policy and
//! the body's limit stand here, where they can be reviewed side by side.

use axum::routing::{MethodFilter, MethodRouter, on};
use tributary_model::role::Action;
use utoipa::openapi::path::{HttpMethod, Operation};

use crate::routes::{
    clients, connection_forms, connections, connectors, consents, error_page, health, integrations,
    lookups, mapping_language, mappings, openapi, pushes, records, runs, schemas, tenants, token,
    trust, uploads,
};
use crate::state::ApiState;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// anyone, without a token
    Public {
        /// why that is right
        why: &'static str,
    },
    /// whoever may do it, in a tenant that exists and is theirs
    Needs(Action),
    /// the same, but the tenant in the path may not exist yet
    Makes(Action),
}

/// One route.
#[derive(Clone)]
pub struct Route {
    pub method: HttpMethod,
    /// in axum's and OpenAPI's common form, `/api/v1/tenants/{tenant}`
    pub path: String,
    /// `<verb>_<resource>`, the handler's name
    pub operation_id: String,
    pub policy: Policy,
    /// longest body, bytes
    pub body_limit: usize,
    /// how long its answer may take
    pub pace: Pace,
    /// what OpenAPI says about it
    pub operation: Operation,
    handler: fn(MethodFilter) -> MethodRouter<ApiState>,
}

/// What an answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// the ledger
    Usual,
    /// a component that is compiled, or the other side of a connection
    Compiling,
    /// a body that comes as a stream and has a limit of its own
    Receiving,
}

/// Small requests.
const KIB_64: usize = 64 << 10;
/// Documents.
const MIB_2: usize = 2 << 20;
/// A batch of records.
const MIB_8: usize = 8 << 20;
/// Tables and components.
const MIB_32: usize = 32 << 20;

macro_rules! route {
    ($policy:expr, $limit:expr, $documented:path, $handler:path) => {
        Route::new::<$documented>($policy, $limit, |filter| on(filter, $handler))
    };
}

/// Every route, in the order of the OpenAPI document.
#[must_use]
#[rustfmt::skip]
pub fn routes() -> Vec<Route> {
    use Action as A;
    use Policy::{Makes, Needs, Public};
    vec![
        route!(Public { why: "it is where a token comes from" }, KIB_64, token::__path_create_token, token::create_token),
        route!(Public { why: "load balancers have no token" }, 0, health::live::__path_get_live, health::live::get_live),
        route!(Public { why: "load balancers have no token" }, 0, health::ready::__path_get_ready, health::ready::get_ready),
        route!(Public { why: "it describes the API and holds no data" }, 0, openapi::__path_get_openapi, openapi::get_openapi),
        route!(Public { why: "it explains error codes and holds no data" }, 0, error_page::__path_get_error_page, error_page::get_error_page),

        route!(Public { why: "it is the language's description and holds no data" }, 0, mapping_language::schema::__path_get_mapping_schema, mapping_language::schema::get_mapping_schema),
        route!(Public { why: "it is the language's description and holds no data" }, 0, mapping_language::functions::__path_list_mapping_functions, mapping_language::functions::list_mapping_functions),

        route!(Public { why: "it describes what can be entered and holds no data" }, 0, connection_forms::__path_get_connection_forms, connection_forms::get_connection_forms),

        route!(Needs(A::TenantView), 0, tenants::get::__path_get_tenant, tenants::get::get_tenant),
        route!(Needs(A::TenantView), 0, tenants::limits::__path_get_limits, tenants::limits::get_limits),
        route!(Makes(A::TenantManage), KIB_64, tenants::put::__path_put_tenant, tenants::put::put_tenant),

        route!(Needs(A::ClientManage), 0, clients::list::__path_list_clients, clients::list::list_clients),
        route!(Needs(A::ClientManage), KIB_64, clients::create::__path_create_client, clients::create::create_client),
        route!(Needs(A::ClientManage), 0, clients::delete::__path_delete_client, clients::delete::delete_client),

        route!(Needs(A::ConnectorView), 0, connectors::list::__path_list_connectors, connectors::list::list_connectors),
        route!(Needs(A::ConnectorManage), MIB_32, connectors::put::__path_put_connector, connectors::put::put_connector).at(Pace::Compiling),

        route!(Needs(A::ConnectorManage), 0, trust::get::__path_get_trust, trust::get::get_trust),
        route!(Needs(A::ConnectorManage), MIB_2, trust::put::__path_put_trust, trust::put::put_trust),

        route!(Needs(A::ConnectionView), 0, connections::list::__path_list_connections, connections::list::list_connections),
        route!(Needs(A::ConnectionView), 0, connections::get::__path_get_connection, connections::get::get_connection),
        route!(Needs(A::ConnectionManage), MIB_2, connections::put::__path_put_connection, connections::put::put_connection),
        route!(Needs(A::ConnectionManage), 0, connections::check::__path_check_connection, connections::check::check_connection).at(Pace::Compiling),
        route!(Needs(A::ConnectionManage), MIB_2, connections::check::__path_try_connection, connections::check::try_connection).at(Pace::Compiling),
        route!(Needs(A::ConnectionManage), 0, connections::discover::__path_discover_connection, connections::discover::discover_connection).at(Pace::Compiling),

        route!(Needs(A::ConnectionManage), 0, consents::create::__path_create_consent, consents::create::create_consent),
        route!(Needs(A::ConnectionView), 0, consents::get::__path_get_consent, consents::get::get_consent),
        route!(Public { why: "a person's browser has no token; the ticket in the address stands for it" }, 0, consents::page::__path_show_consent, consents::page::show_consent),
        route!(Public { why: "a person's browser has no token; ticket, cookie and form stand for it" }, KIB_64, consents::leave::__path_leave_for_consent, consents::leave::leave_for_consent),
        route!(Public { why: "another side sends the browser here; state and cookie stand for it" }, 0, consents::receive::__path_receive_consent, consents::receive::receive_consent).at(Pace::Compiling),

        route!(Needs(A::MappingView), 0, mappings::list::__path_list_mappings, mappings::list::list_mappings),
        route!(Needs(A::MappingView), 0, mappings::get::__path_get_mapping, mappings::get::get_mapping),
        route!(Needs(A::MappingManage), MIB_2, mappings::put::__path_put_mapping, mappings::put::put_mapping),

        route!(Needs(A::MappingView), 0, lookups::list::__path_list_lookups, lookups::list::list_lookups),
        route!(Needs(A::MappingView), 0, lookups::get::__path_get_lookup, lookups::get::get_lookup),
        route!(Needs(A::MappingManage), MIB_32, lookups::put::__path_put_lookup, lookups::put::put_lookup),

        route!(Needs(A::MappingView), 0, schemas::list::__path_list_schemas, schemas::list::list_schemas),
        route!(Needs(A::MappingView), 0, schemas::get::__path_get_schema, schemas::get::get_schema),
        route!(Needs(A::MappingManage), MIB_2, schemas::put::__path_put_schema, schemas::put::put_schema),

        route!(Needs(A::IntegrationView), 0, integrations::list::__path_list_integrations, integrations::list::list_integrations),
        route!(Needs(A::IntegrationView), 0, integrations::get::__path_get_integration, integrations::get::get_integration),
        route!(Needs(A::IntegrationManage), MIB_2, integrations::put::__path_put_integration, integrations::put::put_integration),
        route!(Needs(A::RunView), 0, records::get::__path_get_record, records::get::get_record),
        route!(Needs(A::RunStart), KIB_64, records::settle::__path_settle_record, records::settle::settle_record),

        route!(Needs(A::RecordPush), MIB_8, pushes::create::__path_push_records, pushes::create::push_records),
        route!(Needs(A::IntakeView), 0, pushes::list::__path_list_pushes, pushes::list::list_pushes),
        route!(Needs(A::IntakeView), 0, pushes::get::__path_get_push, pushes::get::get_push),

        route!(Needs(A::IntakeView), 0, uploads::list::__path_list_uploads, uploads::list::list_uploads),
        // as a stream, with the limit of `Limits::upload_bytes`
        route!(Needs(A::UploadSend), 0, uploads::put::__path_put_upload, uploads::put::put_upload).at(Pace::Receiving),
        route!(Needs(A::UploadManage), 0, uploads::delete::__path_delete_upload, uploads::delete::delete_upload),

        route!(Needs(A::RunView), 0, runs::list::__path_list_runs, runs::list::list_runs),
        route!(Needs(A::RunStart), KIB_64, runs::start::__path_start_run, runs::start::start_run),
        route!(Needs(A::RunView), 0, runs::get::__path_get_run, runs::get::get_run),
        route!(Needs(A::RunView), 0, runs::events::__path_watch_run, runs::events::watch_run),
        route!(Needs(A::RunStart), 0, runs::cancel::__path_cancel_run, runs::cancel::cancel_run),
        route!(Needs(A::RunStart), 0, runs::redrive::__path_redrive_run, runs::redrive::redrive_run),
        route!(Needs(A::RunStart), 0, runs::resume::__path_resume_run, runs::resume::resume_run),
        route!(Needs(A::ResultView), 0, runs::logs::__path_download_logs, runs::logs::download_logs),
        route!(Needs(A::ResultView), 0, runs::explain::__path_explain_record, runs::explain::explain_record),
        route!(Needs(A::RunView), 0, runs::issues::__path_list_issues, runs::issues::list_issues),
        route!(Needs(A::ResultView), 0, runs::results::__path_download_results, runs::results::download_results),
    ]
}

impl Route {
    fn new<P: utoipa::Path>(
        policy: Policy,
        body_limit: usize,
        handler: fn(MethodFilter) -> MethodRouter<ApiState>,
    ) -> Self {
        let operation = P::operation();
        Self {
            method: P::methods().into_iter().next().unwrap_or(HttpMethod::Get),
            path: P::path(),
            operation_id: operation.operation_id.clone().unwrap_or_default(),
            policy,
            body_limit,
            pace: Pace::Usual,
            operation,
            handler,
        }
    }

    /// The route with another time for its answer.
    fn at(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Whether it reads or changes something of the tenant in its path.
    #[must_use]
    pub fn tenant_scoped(&self) -> bool {
        self.path.contains("{tenant}")
    }

    /// The handler, for its method.
    pub(crate) fn method_router(&self) -> MethodRouter<ApiState> {
        let filter = match self.method {
            HttpMethod::Get => MethodFilter::GET,
            HttpMethod::Put => MethodFilter::PUT,
            HttpMethod::Post => MethodFilter::POST,
            HttpMethod::Delete => MethodFilter::DELETE,
            HttpMethod::Patch => MethodFilter::PATCH,
            HttpMethod::Head => MethodFilter::HEAD,
            HttpMethod::Options => MethodFilter::OPTIONS,
            HttpMethod::Trace => MethodFilter::TRACE,
        };
        (self.handler)(filter)
    }
}
