//! The link to a database server: a socket that egress dialled, and TLS over it.
//!
//! Invariants: the address that was checked is the one that is dialled; TLS, once asked for, is never
//! given up; in clear only where the operator granted this very host and port.

use secrecy::SecretString;
use tokio::net::TcpStream;
use tributary_model::document::{SqlAuth, SqlTls, TlsMode};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use crate::connection::credential::Secrets;
use crate::connection::tls::{Trust, check_in_clear};
use crate::connection::{CONNECT_TIMEOUT, check_host, config_problem};
use crate::egress::EgressPolicy;

/// A server and who we are to it.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: SecretString,
    /// `None`: in clear
    pub(crate) tls: Option<Trust>,
    pub(crate) egress: EgressPolicy,
}

impl Server {
    pub(crate) fn new(
        (host, port, database): (&str, u16, &str),
        tls: &SqlTls,
        auth: &SqlAuth,
        secrets: &Secrets,
        egress: &EgressPolicy,
    ) -> Result<Self, Problem> {
        check_host(host)?;
        let SqlAuth::Password { user } = auth else {
            let detail = "a server needs an account: auth of kind \"password\"";
            return Err(config_problem("/endpoint/auth", detail));
        };
        let tls = match tls.mode {
            TlsMode::VerifyFull => {
                let name = tls.server_name.as_deref().unwrap_or(host);
                Some(Trust::new(&tls.trust, name)?)
            }
            TlsMode::Off => {
                check_in_clear(egress, host, port)?;
                None
            }
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            database: database.to_owned(),
            user: user.clone(),
            password: secrets.required("password")?,
            tls,
            egress: egress.clone(),
        })
    }

    /// `host:port`, as messages call it.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(crate) async fn dial(&self) -> Result<TcpStream, Problem> {
        let dialled = self.egress.dial(&self.host, self.port, CONNECT_TIMEOUT);
        let stream = dialled.await.map_err(|error| error.problem())?;
        // The socket has no useful failure here: without nodelay it is only slower.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    pub(crate) fn broken(&self, cause: &dyn std::fmt::Display) -> Problem {
        let detail = format!("the connection to {} broke: {cause}", self.place());
        Problem::new(ErrorCode::ConnectionUnreachable, detail)
    }

    pub(crate) fn late(&self, what: &str) -> Problem {
        let detail = format!("{} {what} in time", self.place());
        Problem::new(ErrorCode::ConnectionTimeout, detail)
    }

    /// A certificate that was not believed, or a server without TLS: for a person to mend.
    pub(crate) fn distrusted(&self, cause: &dyn std::fmt::Display) -> Problem {
        let detail = format!("{} could not be believed: {cause}", self.place());
        Problem::new(ErrorCode::ConnectionAuth, detail)
            .at("/endpoint/tls")
            .hint("put the certificate of the server's authority into tls.trust, and the name in its certificate into tls.server_name if that is not the host")
    }
}
