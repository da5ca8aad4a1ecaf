//! What the API asks of host and jobs, since it imports neither.

use std::sync::Arc;

use bytes::Bytes;
use tributary_api::{
    CheckFn, ConnectorInfo, ConnectorPort, ConsentAddressFn, Consented, ConsentedFn, Digests,
    DigestsFn, DiscoverFn, ExplainFn, InstallFn, IsolationFn, Signer, SignerFn,
};
use tributary_host::{ConsentAsked, ConsentGiven};
use tributary_jobs::Services;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

/// Everything about connectors and connections.
pub(super) fn connectors(services: &Arc<Services>) -> ConnectorPort {
    ConnectorPort {
        install: install(Arc::clone(services)),
        check: check(Arc::clone(services)),
        discover: discover(Arc::clone(services)),
        consent_address: consent_address(Arc::clone(services)),
        consented: consented(Arc::clone(services)),
        signer: signer(Arc::clone(services)),
        isolation: isolation(Arc::clone(services)),
        digests: digests(Arc::clone(services)),
    }
}

/// How a record came to be.
pub(super) fn explain(services: &Arc<Services>) -> Arc<ExplainFn> {
    let services = Arc::clone(services);
    Arc::new(move |tenant, run, key| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let explained = tributary_jobs::explain_record(&services, &tenant, &run, &key).await?;
            explained
                .map(serde_json::to_value)
                .transpose()
                .map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))
        })
    })
}

fn install(services: Arc<Services>) -> Arc<InstallFn> {
    Arc::new(move |bytes: Bytes| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            tributary_jobs::admit(&services, &bytes).await?;
            let manifest = services.host.install(&bytes).await?;
            let digest = services.components.keep(bytes).await?;
            Ok(ConnectorInfo {
                manifest,
                component: digest.clone(),
                digest,
            })
        })
    })
}

fn check(services: Arc<Services>) -> Arc<CheckFn> {
    Arc::new(move |tenant, document| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let steps = tributary_jobs::check_connection(&services, &tenant, &document).await;
            as_wire(&steps)
        })
    })
}

fn discover(services: Arc<Services>) -> Arc<DiscoverFn> {
    Arc::new(move |tenant, document, wanted| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let wanted = tributary_jobs::Wanted {
                stream: wanted.stream,
                rows: wanted.rows,
            };
            let streams =
                tributary_jobs::discover_streams(&services, &tenant, &document, &wanted).await?;
            as_wire(&streams)
        })
    })
}

fn consent_address(services: Arc<Services>) -> Arc<ConsentAddressFn> {
    Arc::new(move |tenant, document, request| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let asked = ConsentAsked {
                redirect_uri: request.redirect_uri,
                state: request.state,
                verifier: request.verifier,
            };
            let connection = tributary_jobs::stored_connection(&services, &tenant, &document);
            connection.await?.consent_address(&asked)
        })
    })
}

fn consented(services: Arc<Services>) -> Arc<ConsentedFn> {
    Arc::new(move |tenant, document, answer| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let given = ConsentGiven {
                code: answer.code,
                verifier: answer.verifier,
                redirect_uri: answer.redirect_uri,
                issuer: answer.issuer,
            };
            let connection = tributary_jobs::stored_connection(&services, &tenant, &document);
            let kept = connection.await?.consented(given).await?;
            Ok(Consented {
                renewable: kept.renewable,
                lifetime_s: kept.lifetime_s,
            })
        })
    })
}

fn signer(services: Arc<Services>) -> Arc<SignerFn> {
    Arc::new(move |digest| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let signer = tributary_jobs::signer(&services, &digest).await;
            Ok(signer.map(|(publisher, key)| Signer { publisher, key }))
        })
    })
}

fn isolation(services: Arc<Services>) -> Arc<IsolationFn> {
    Arc::new(move |digest| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let isolation = tributary_jobs::isolation(&services, &digest).await;
            Ok(isolation.map(|isolation| isolation.as_str().to_owned()))
        })
    })
}

fn digests(services: Arc<Services>) -> Arc<DigestsFn> {
    Arc::new(move |digest| {
        let services = Arc::clone(&services);
        Box::pin(async move {
            let found = tributary_jobs::digests(&services, &digest).await;
            Ok(found.map(|(file_digest, content_digest)| Digests {
                file_digest,
                content_digest,
            }))
        })
    })
}

/// The same as the API calls it: both sides write the same JSON.
fn as_wire<T: serde::Serialize, W: serde::de::DeserializeOwned>(value: &T) -> Result<W, Problem> {
    let value = serde_json::to_value(value).and_then(serde_json::from_value);
    value.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))
}
