//! A token that the platform gets by itself: cached, renewed shortly before it ends and once after
//! a 401, by one at a time.
//!
//! Invariants: a renewal runs to its end even if the request that wanted it is given up, because a
//! refresh token that the server replaced must be kept; refused credentials are not tried again for
//! [`REFUSED_FOR`], so that no account is locked; a 401 that a new token does not cure makes one
//! renewal per [`FORCED_EVERY`], not one per request; what a request for a token carries is known to the
//! redactor before it goes out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tributary_model::clock::Clock;
use tributary_model::document::HttpAuth;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::login::LoginGrant;
use super::oauth2_client::ClientGrant;
use super::oauth2_code::{CodeGrant, ConsentAsked, ConsentGiven, Consented};
use super::{KeptTokens, Redactor, Surroundings, TokenKeeper, Used};

const REFUSED_FOR: Duration = Duration::from_secs(30);
const FORCED_EVERY: Duration = Duration::from_secs(10);
/// A token is renewed this long before its end, or a tenth of its life if that is less.
const MARGIN_S: u64 = 60;
/// One token request, connecting included.
const RENEWAL_TIMEOUT: Duration = Duration::from_secs(30);

/// How a token is got.
pub(crate) enum Grant {
    Client(ClientGrant),
    Code(CodeGrant),
    Login(LoginGrant),
}

/// What a grant got.
pub(super) struct Fetched {
    /// what the header carries
    pub(super) value: SecretString,
    pub(super) lifetime_s: Option<u64>,
    /// replaces the refresh token that was used
    pub(super) refresh_token: Option<SecretString>,
}

/// See the module.
pub(crate) struct TokenSource {
    shared: Arc<Shared>,
    state: Arc<Mutex<State>>,
}

struct Shared {
    grant: Grant,
    header: HeaderName,
    /// digest of the settings
    settings: String,
    keeper: Option<Arc<dyn TokenKeeper>>,
    clock: Arc<dyn Clock>,
    redactor: Arc<Redactor>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    number: u64,
    /// the value that was refused last
    spurned: Option<SecretString>,
    forced_at: Option<Instant>,
    refusal: Option<(Problem, Instant)>,
    /// tokens that the keeper has not, or not yet
    own: Option<KeptTokens>,
}

struct Held {
    value: HeaderValue,
    text: SecretString,
    fresh_until_ms: Option<i64>,
}

impl TokenSource {
    pub(super) fn new(grant: Grant, auth: &HttpAuth, surroundings: &Surroundings<'_>) -> Self {
        let header = match &grant {
            Grant::Login(login) => login.header().clone(),
            Grant::Client(_) | Grant::Code(_) => AUTHORIZATION,
        };
        // Settings hold no secrets, and they have one JSON text.
        let settings = serde_json::to_vec(auth).unwrap_or_default();
        let shared = Shared {
            grant,
            header,
            settings: blake3::hash(&settings).to_hex().to_string(),
            keeper: surroundings.ports.keeper.clone(),
            clock: Arc::clone(&surroundings.ports.clock),
            redactor: Arc::clone(surroundings.redactor),
        };
        Self {
            shared: Arc::new(shared),
            state: Arc::default(),
        }
    }

    pub(super) fn header(&self) -> &HeaderName {
        &self.shared.header
    }

    /// The header's value, renewed if need be.
    pub(crate) async fn value(&self) -> Result<(HeaderValue, Used), Problem> {
        let state = Arc::clone(&self.state).lock_owned().await;
        let now = self.shared.clock.now_ms();
        if let Some(held) = &state.held
            && held.fresh_until_ms.is_none_or(|until| now < until)
        {
            return Ok((held.value.clone(), Used(state.number)));
        }
        if let Some((problem, at)) = &state.refusal
            && at.elapsed() < REFUSED_FOR
        {
            return Err(problem.clone());
        }
        let shared = Arc::clone(&self.shared);
        let renewal = tokio::spawn(async move { shared.renew(state).await });
        renewal.await.unwrap_or_else(|_| {
            let detail = "getting a token was stopped";
            Err(Problem::new(ErrorCode::Internal, detail))
        })
    }

    /// The address that a browser is sent to for a person's consent.
    pub(crate) fn consent_address(&self, asked: &ConsentAsked) -> Result<String, Problem> {
        match &self.shared.grant {
            Grant::Code(grant) => grant.address(asked),
            Grant::Client(_) | Grant::Login(_) => Err(no_consent()),
        }
    }

    /// Gets tokens for what a browser brought back, and keeps them in place of all that were there.
    pub(crate) async fn consented(&self, given: ConsentGiven) -> Result<Consented, Problem> {
        let state = Arc::clone(&self.state).lock_owned().await;
        let shared = Arc::clone(&self.shared);
        // A code is used up by its first use: what comes of it is kept even if nobody waits any more.
        let exchange = tokio::spawn(async move { shared.exchange(state, &given).await });
        exchange.await.unwrap_or_else(|_| {
            let detail = "getting a token was stopped";
            Err(Problem::new(ErrorCode::Internal, detail))
        })
    }

    /// Whether another value is worth a try.
    pub(super) async fn refused(&self, used: Used) -> bool {
        let mut state = self.state.lock().await;
        if state.number != used.0 {
            return true; // somebody renewed it meanwhile
        }
        let lately = |at: &Instant| at.elapsed() < FORCED_EVERY;
        if state.forced_at.as_ref().is_some_and(lately) {
            return false;
        }
        state.forced_at = Some(Instant::now());
        state.spurned = state.held.take().map(|held| held.text);
        true
    }
}

impl Shared {
    async fn renew(
        &self,
        mut state: OwnedMutexGuard<State>,
    ) -> Result<(HeaderValue, Used), Problem> {
        let kept = match &self.keeper {
            Some(keeper) => keeper.lock().await?,
            None => None,
        };
        // What the keeper refused to take is newer than what it has.
        let kept = state.own.clone().or(kept);
        if let Some(kept) = kept.as_ref().filter(|kept| self.usable(kept, &state)) {
            self.unlock(&mut state, None).await;
            return self.hold(&mut state, kept);
        }
        let refresh_token = kept.and_then(|kept| kept.refresh_token);
        let refresh_token = refresh_token.map(SecretString::from);
        if let Some(token) = &refresh_token {
            self.redactor.add(token); // a server that refuses it may repeat it
        }
        match self.fetch(refresh_token.as_ref()).await {
            Ok(fetched) => {
                let refresh_token = fetched.refresh_token.or(refresh_token);
                let tokens = self.tokens(&fetched.value, fetched.lifetime_s, refresh_token);
                let held = self.hold(&mut state, &tokens);
                self.unlock(&mut state, Some(tokens)).await;
                held
            }
            Err(problem) => {
                self.unlock(&mut state, None).await;
                if problem.code == ErrorCode::ConnectionAuth {
                    state.refusal = Some((problem.clone(), Instant::now()));
                }
                Err(problem)
            }
        }
    }

    /// Under the same lock as a renewal, so that neither writes over the other's tokens.
    async fn exchange(
        &self,
        mut state: OwnedMutexGuard<State>,
        given: &ConsentGiven,
    ) -> Result<Consented, Problem> {
        let Grant::Code(grant) = &self.grant else {
            return Err(no_consent());
        };
        let keeper = self.keeper.as_ref().ok_or_else(|| {
            let detail = "there is nowhere to keep what a consent gives";
            Problem::new(ErrorCode::Internal, detail)
        })?;
        keeper.lock().await?;
        self.redactor.add(&given.code);
        self.redactor.add(&given.verifier);
        let fetched = match in_time(grant.exchange(given)).await {
            Ok(fetched) => fetched,
            Err(problem) => {
                self.unlock(&mut state, None).await;
                return Err(problem);
            }
        };
        let lifetime_s = fetched.lifetime_s;
        let renewable = fetched.refresh_token.is_some();
        let tokens = self.tokens(&fetched.value, lifetime_s, fetched.refresh_token);
        let held = self.hold(&mut state, &tokens);
        keeper.unlock(Some(&tokens)).await?;
        held?;
        Ok(Consented {
            renewable,
            lifetime_s,
        })
    }

    async fn fetch(&self, refresh_token: Option<&SecretString>) -> Result<Fetched, Problem> {
        in_time(async {
            match &self.grant {
                Grant::Client(grant) => grant.fetch().await,
                Grant::Code(grant) => grant.fetch(refresh_token).await,
                Grant::Login(grant) => grant.fetch().await,
            }
        })
        .await
    }

    fn tokens(
        &self,
        value: &SecretString,
        lifetime_s: Option<u64>,
        refresh_token: Option<SecretString>,
    ) -> KeptTokens {
        let fresh_s = lifetime_s.map(|life| life.saturating_sub(MARGIN_S.min(life / 10)));
        let until = |seconds: u64| {
            let ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
            self.clock.now_ms().saturating_add(ms)
        };
        KeptTokens {
            settings: self.settings.clone(),
            value: value.expose_secret().to_owned(),
            fresh_until_ms: fresh_s.map(until),
            refresh_token: refresh_token.map(|token| token.expose_secret().to_owned()),
        }
    }

    fn usable(&self, kept: &KeptTokens, state: &State) -> bool {
        let spurned = state.spurned.as_ref();
        kept.settings == self.settings
            && !kept.value.is_empty()
            && spurned.is_none_or(|spurned| spurned.expose_secret() != kept.value)
            && kept
                .fresh_until_ms
                .is_none_or(|until| self.clock.now_ms() < until)
    }

    fn hold(&self, state: &mut State, tokens: &KeptTokens) -> Result<(HeaderValue, Used), Problem> {
        let text = SecretString::from(tokens.value.clone());
        let mut value = HeaderValue::from_str(&tokens.value).map_err(|_| {
            let detail = "the token has characters that a header can't carry";
            Problem::new(ErrorCode::SourceProtocol, detail)
        })?;
        value.set_sensitive(true);
        for part in tokens.value.split_whitespace() {
            self.redactor.add(&SecretString::from(part.to_owned()));
        }
        if let Some(token) = &tokens.refresh_token {
            self.redactor.add(&SecretString::from(token.clone()));
        }
        state.number += 1;
        state.refusal = None;
        state.held = Some(Held {
            value: value.clone(),
            text,
            fresh_until_ms: tokens.fresh_until_ms,
        });
        Ok((value, Used(state.number)))
    }

    /// Gives new tokens to the keeper. If it cannot take them they stay here, and are offered again
    /// at the next renewal.
    async fn unlock(&self, state: &mut State, tokens: Option<KeptTokens>) {
        let tokens = tokens.or_else(|| state.own.take());
        let Some(keeper) = &self.keeper else {
            state.own = tokens;
            return;
        };
        match keeper.unlock(tokens.as_ref()).await {
            Ok(()) => state.own = None,
            Err(problem) => {
                tracing::error!(error.code = %problem.code, "new tokens could not be kept");
                state.own = tokens;
            }
        }
    }
}

/// A token request that does not end is given up.
async fn in_time(
    fetching: impl Future<Output = Result<Fetched, Problem>>,
) -> Result<Fetched, Problem> {
    tokio::time::timeout(RENEWAL_TIMEOUT, fetching)
        .await
        .unwrap_or_else(|_| {
            let seconds = RENEWAL_TIMEOUT.as_secs();
            let detail = format!("no token came within {seconds} s");
            Err(Problem::new(ErrorCode::ConnectionTimeout, detail))
        })
}

/// For connections that nobody consents to.
pub(crate) fn no_consent() -> Problem {
    let detail = "this connection's credential is not one that a person consents to";
    Problem::new(ErrorCode::ConfigInvalid, detail)
        .at("/endpoint/auth/kind")
        .hint("consent is for the kind oauth2_code")
}
