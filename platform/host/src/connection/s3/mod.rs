//! A bucket of Amazon S3 or of a store that speaks its protocol: the vendor's client signs and
//! parses, every byte goes through our own transport (see [`door`]).
//!
//! Invariants: one host per connection, dialled through `egress`; no name leaves the connection's
//! prefix; the client reads no configuration file, no environment and no metadata service, follows
//! no redirect and never tries twice: the platform decides about that.
//!
//! The client's calls are boxed: their futures are too deep to be laid out inside of ours.
//!
//! Deliberately absent: buckets named by ARN, transfer acceleration, S3 Express sessions.

mod door;
mod errors;
mod read;
mod write;

use std::sync::Arc;
use std::time::Instant;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_sdk_s3::primitives::DateTime;
use futures_util::FutureExt as _;
use secrecy::ExposeSecret;
use tributary_model::document::{S3Auth, Tls};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::credential::{ClientTls, Secrets};
use super::files::Entry;
use super::http::address::{Base, percent_but};
use super::http::transport::Transport;
use super::{ConnectionPorts, Probe, config_problem};
use crate::call::CheckStep;

pub(crate) use read::S3Reader;
pub(crate) use write::S3Writer;

/// Objects of one page of a listing, the protocol's most.
const LISTING_PAGE: i32 = 1_000;
/// Larger objects can't be copied by one request.
const MAX_COPY_BYTES: u64 = 5 << 30;

/// What a connection document says about a bucket.
pub(crate) struct Settings<'a> {
    pub(crate) endpoint: Option<&'a str>,
    pub(crate) region: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) prefix: &'a str,
    pub(crate) path_style: Option<bool>,
    pub(crate) auth: &'a S3Auth,
}

pub(crate) struct S3Endpoint {
    client: Client,
    bucket: String,
    /// empty, or ends with a slash
    prefix: String,
    /// `host:port`, for messages
    place: String,
    /// the way to the store, for [`S3Endpoint::probe`]
    transport: Arc<Transport>,
    dialled: Base,
}

impl S3Endpoint {
    /// Checks the settings. Opens nothing yet.
    pub(crate) fn new(
        settings: &Settings<'_>,
        secrets: &Secrets,
        ports: &ConnectionPorts,
    ) -> Result<Self, Problem> {
        let address = address(settings)?;
        let tls = ClientTls::new(&Tls::default(), secrets)?;
        let transport =
            Transport::new(&address.dialled, "/endpoint/endpoint", &tls, &ports.egress)?;
        let transport = Arc::new(transport);
        let S3Auth::AccessKey { access_key_id } = settings.auth;
        let secret = secrets.required("secret_access_key")?;
        let token = secrets.optional("session_token");
        let credentials = Credentials::new(
            access_key_id,
            secret.expose_secret(),
            token.map(|token| token.expose_secret().to_owned()),
            None,
            "connection",
        );
        let place = transport.place();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(settings.region.to_owned()))
            .endpoint_url(address.endpoint)
            .force_path_style(address.path_style)
            .credentials_provider(credentials)
            .http_client(door::Door::new(Arc::clone(&transport), &address.dialled))
            .time_source(door::Time(Arc::clone(&ports.clock)))
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .disable_s3_express_session_auth(true)
            .disable_multi_region_access_points(true)
            // What is signed is checked by the store; the checksums beyond are not known by all.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        Ok(Self {
            client: Client::from_conf(config),
            bucket: settings.bucket.to_owned(),
            prefix: prefix(settings.prefix)?,
            place,
            transport,
            dialled: address.dialled,
        })
    }

    /// Name, socket, TLS; then one listing, which shows account, bucket and rights.
    pub(crate) async fn probe(&self, probe: &mut Probe) {
        if self.transport.reach(probe, &self.dialled).await.is_none() {
            return;
        }
        let started = Instant::now();
        let listed = self.list("", false, None).await;
        let took_ms = u64::try_from(started.elapsed().as_millis()).ok();
        let known = || CheckStep::worked("auth", format!("{} knows the access key", self.place));
        let mut last = match &listed {
            Ok(_) => {
                let bucket = format!("the bucket {:?} is there and may be listed", self.bucket);
                probe.note(known());
                CheckStep::worked("bucket", bucket)
            }
            Err(problem) => match problem.code {
                ErrorCode::SourcePermission => {
                    probe.note(known());
                    CheckStep::failed("permission", problem)
                }
                ErrorCode::SourceNotFound | ErrorCode::ConfigInvalid => {
                    probe.note(known());
                    CheckStep::failed("bucket", problem)
                }
                _ => CheckStep::of(problem),
            },
        };
        last.took_ms = took_ms;
        probe.note(last);
    }

    /// The object that a connector calls `path`.
    fn key(&self, path: &str) -> Result<String, Problem> {
        let path = path.trim_start_matches('/');
        // Between here and the store, a URL may not lose a step: `a/../b` names two objects.
        if path.split('/').any(|step| matches!(step, "." | "..")) {
            let detail =
                format!("{path:?} has a step that leads elsewhere; no such object is read");
            return Err(Problem::new(ErrorCode::SourceNotFound, detail));
        }
        Ok(format!("{}{path}", self.prefix))
    }

    /// One page of the objects in `folder`, by name; with `recursive` of those below it too.
    pub(crate) async fn list(
        &self,
        folder: &str,
        recursive: bool,
        page: Option<&str>,
    ) -> Result<(Vec<Entry>, Option<String>), Problem> {
        let mut start = self.key(folder)?;
        if !start.is_empty() && !start.ends_with('/') {
            start.push('/');
        }
        let answer = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(start)
            .set_delimiter((!recursive).then(|| "/".to_owned()))
            .set_continuation_token(page.map(str::to_owned))
            .max_keys(LISTING_PAGE)
            .send()
            .boxed()
            .await
            .map_err(|error| self.problem(folder, &error))?;
        let objects = answer.contents().iter();
        let entries = objects.filter_map(|object| {
            let key = object.key()?;
            // Consoles make an empty object to show a folder.
            let path = key
                .strip_prefix(&self.prefix)
                .filter(|path| !path.ends_with('/'))?;
            Some(Entry {
                path: path.to_owned(),
                size: size(object.size()),
                modified_ms: modified_ms(object.last_modified()),
                version: object.e_tag().map(str::to_owned),
            })
        });
        let next = answer
            .next_continuation_token()
            .filter(|_| answer.is_truncated() == Some(true));
        Ok((entries.collect(), next.map(str::to_owned)))
    }

    pub(crate) async fn stat(&self, path: &str) -> Result<Entry, Problem> {
        let answer = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(self.key(path)?)
            .send()
            .boxed()
            .await
            .map_err(|error| self.problem(path, &error))?;
        Ok(Entry {
            path: path.to_owned(),
            size: size(answer.content_length()),
            modified_ms: modified_ms(answer.last_modified()),
            version: answer.e_tag().map(str::to_owned),
        })
    }

    /// Copies and then deletes. What was copied is the version that was asked for.
    pub(crate) async fn rename(
        &self,
        from: &str,
        to: &str,
        version: Option<&str>,
    ) -> Result<(), Problem> {
        let there = self.stat(from).await?;
        if there.size > MAX_COPY_BYTES {
            let detail = format!(
                "{from:?} has {} bytes; S3 copies at most {MAX_COPY_BYTES}",
                there.size
            );
            let hint = "let the files be deleted, or kept, after reading";
            return Err(Problem::new(ErrorCode::ConfigInvalid, detail).hint(hint));
        }
        match self.stat(to).await {
            Ok(_) => return Err(taken(to)),
            Err(problem) if problem.code == ErrorCode::SourceNotFound => {}
            Err(problem) => return Err(problem),
        }
        let source = format!("{}/{}", self.bucket, self.key(from)?);
        self.client
            .copy_object()
            .bucket(&self.bucket)
            .key(self.key(to)?)
            .copy_source(percent_but(source.as_bytes(), b"/"))
            .set_copy_source_if_match(version.map(str::to_owned))
            .send()
            .boxed()
            .await
            .map_err(|error| self.problem(from, &error))?;
        self.remove(from, version).await
    }

    /// Deletes, if the object still is `version`. A store has no conditional delete, so one that
    /// is written between the look and the delete is lost.
    pub(crate) async fn remove(&self, path: &str, version: Option<&str>) -> Result<(), Problem> {
        if version.is_some() && self.stat(path).await?.version.as_deref() != version {
            return Err(errors::changed(path, &self.place));
        }
        self.client
            .delete_object()
            .bucket(&self.bucket)
            .key(self.key(path)?)
            .send()
            .boxed()
            .await
            .map_err(|error| self.problem(path, &error))?;
        Ok(())
    }
}

/// Where requests go.
struct Address {
    /// what the client is told
    endpoint: String,
    path_style: bool,
    /// the one host that may be dialled
    dialled: Base,
}

fn address(settings: &Settings<'_>) -> Result<Address, Problem> {
    let at = "/endpoint/endpoint";
    let plain = |text: &str| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !plain(settings.region) {
        let detail = format!("{:?} is no region", settings.region);
        return Err(config_problem("/endpoint/region", detail));
    }
    let bucket = settings.bucket;
    if bucket.len() < 3 || bucket.len() > 63 || !bucket.split('.').all(plain) {
        let detail = format!("{bucket:?} is no name of a bucket");
        return Err(config_problem("/endpoint/bucket", detail));
    }
    let endpoint = match settings.endpoint {
        Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
        None => {
            let china = settings.region.starts_with("cn-");
            let end = if china {
                "amazonaws.com.cn"
            } else {
                "amazonaws.com"
            };
            format!("https://s3.{}.{end}", settings.region)
        }
    };
    let base = Base::parse(&endpoint, at)?;
    if base.url.path() != "/" {
        return Err(config_problem(at, "the address must have no path"));
    }
    // As the parser reads it: the client and the check must not read a host in two ways.
    let endpoint = base.url.origin().ascii_serialization();
    let literal = base
        .host
        .trim_matches(['[', ']'])
        .parse::<std::net::IpAddr>()
        .is_ok();
    let path_style = settings.path_style.unwrap_or(settings.endpoint.is_some());
    if path_style || literal {
        return Ok(Address {
            endpoint,
            path_style: true,
            dialled: base,
        });
    }
    if bucket.contains('.') {
        let detail = format!("the bucket {bucket:?} can't be part of a host name; set path_style");
        return Err(config_problem("/endpoint/path_style", detail));
    }
    let scheme = base.url.scheme();
    let text = format!("{scheme}://{bucket}.{}:{}", base.host, base.port);
    Ok(Address {
        endpoint,
        path_style,
        dialled: Base::parse(&text, at)?,
    })
}

fn prefix(text: &str) -> Result<String, Problem> {
    let text = text.trim_matches('/');
    if text.split('/').any(|step| matches!(step, "." | "..")) || text.chars().any(char::is_control)
    {
        let detail = format!("{text:?} is no prefix");
        return Err(config_problem("/endpoint/prefix", detail));
    }
    Ok(match text {
        "" => String::new(),
        text => format!("{text}/"),
    })
}

fn taken(path: &str) -> Problem {
    let detail = format!("{path:?} is there already and is not replaced");
    Problem::new(ErrorCode::Conflict, detail)
}

fn size(length: Option<i64>) -> u64 {
    u64::try_from(length.unwrap_or(0)).unwrap_or(0)
}

/// In whole seconds: a listing tells more of them than a look at one object.
fn modified_ms(time: Option<&DateTime>) -> u64 {
    let seconds = time.map_or(0, DateTime::secs);
    u64::try_from(seconds).unwrap_or(0) * 1_000
}
