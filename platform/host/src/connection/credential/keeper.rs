//! Where tokens are kept between runs and shared by processes. The store does it in the product,
//! memory in tests.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tributary_model::problem::Problem;

/// Keeps one connection's tokens, sealed, and lets one renew them at a time.
#[async_trait]
pub trait TokenKeeper: Send + Sync {
    /// Waits until nobody else renews, in whatever process; what was kept last.
    ///
    /// # Errors
    /// The store, or that another one takes too long.
    async fn lock(&self) -> Result<Option<KeptTokens>, Problem>;

    /// Keeps new tokens (`None`: the old ones stay) and lets the others go on.
    ///
    /// # Errors
    /// The store. The tokens are not kept then.
    async fn unlock(&self, tokens: Option<&KeptTokens>) -> Result<(), Problem>;
}

/// Tokens as JSON for a vault to seal. Nothing of it may be shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptTokens {
    /// digest of the settings that the value was made with; another one makes it stale
    pub(super) settings: String,
    /// what the header carries
    pub(super) value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fresh_until_ms: Option<i64>,
    /// the refresh token to use next, if the server handed out a new one
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
}

impl std::fmt::Debug for KeptTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptTokens(..)")
    }
}
