//! Types on the wire that more than one route uses; the others stand beside their handler.
//! They are twins of `model`'s types where a schema is needed, so that `model` knows nothing of HTTP.

pub(crate) mod document;
pub(crate) mod record;
pub(crate) mod run;
pub(crate) mod time;

use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Every schema that a route refers to.
pub(crate) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    use crate::routes;
    let mut all = Vec::new();
    add::<document::Saved>(&mut all);
    add::<document::DocumentList>(&mut all);
    add::<record::RecordLife>(&mut all);
    add::<record::IssuePage>(&mut all);
    add::<run::RunView>(&mut all);
    add::<run::RunPage>(&mut all);
    add::<routes::token::TokenRequest>(&mut all);
    add::<routes::token::TokenAnswer>(&mut all);
    add::<routes::tenants::get::TenantView>(&mut all);
    add::<routes::tenants::limits::LimitsView>(&mut all);
    add::<routes::clients::create::ClientRequest>(&mut all);
    add::<routes::clients::create::NewClientBody>(&mut all);
    add::<routes::clients::list::ClientList>(&mut all);
    add::<routes::connectors::list::ConnectorList>(&mut all);
    add::<routes::connectors::put::InstalledConnector>(&mut all);
    add::<routes::connections::check::CheckAnswer>(&mut all);
    add::<routes::connections::discover::DiscoverAnswer>(&mut all);
    add::<routes::consents::create::ConsentAsked>(&mut all);
    add::<routes::consents::get::ConsentView>(&mut all);
    add::<routes::consents::leave::LeaveForm>(&mut all);
    add::<record::RecordIssueView>(&mut all);
    add::<routes::runs::start::StartRequest>(&mut all);
    add::<routes::uploads::put::UploadAnswer>(&mut all);
    add::<routes::uploads::list::UploadPage>(&mut all);
    add::<routes::pushes::PushReceipt>(&mut all);
    add::<routes::pushes::list::PushPage>(&mut all);
    add::<routes::records::settle::SettleRequest>(&mut all);
    add::<routes::health::Health>(&mut all);
    add::<routes::mapping_language::functions::MappingFunctionList>(&mut all);
    all.sort_by(|(left, _), (right, _)| left.cmp(right));
    all.dedup_by(|(left, _), (right, _)| left == right);
    all
}

fn add<T: ToSchema>(all: &mut Vec<(String, RefOr<Schema>)>) {
    all.push((T::name().into_owned(), <T as PartialSchema>::schema()));
    T::schemas(all);
}
