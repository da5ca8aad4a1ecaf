//! SFTP servers for tests, without SSH around them.

use std::sync::Arc;

use russh_sftp::client::RawSftpSession;
use russh_sftp::protocol::{Status, StatusCode};
use russh_sftp::server::Handler;

/// A session with a server that answers as `handler` does.
pub(super) async fn session(handler: impl Handler + Send + 'static) -> Arc<RawSftpSession> {
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    russh_sftp::server::run(theirs, handler).await;
    let raw = RawSftpSession::new(ours);
    raw.init().await.unwrap();
    Arc::new(raw)
}

/// A request was done.
pub(super) fn done(id: u32) -> Status {
    Status {
        id,
        status_code: StatusCode::Ok,
        error_message: "Ok".to_owned(),
        language_tag: "en-US".to_owned(),
    }
}
