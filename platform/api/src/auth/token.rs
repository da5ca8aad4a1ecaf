//! The platform's own access tokens: Ed25519 JWTs (RFC 9068 profile), at most 15 minutes long.
//!
//! [`TokenKeys::verify`] is the only way from a text to a [`Caller`], and it is strict, because
//! the JWT library is not: a missing or numeric `aud`, a future `nbf`, an unknown `crit`, a year
//! 300000 `exp` all pass its defaults. Here everything is required, typed and bounded; what is
//! not understood is refused. Tenant and role come from the token alone, never from a header or
//! body. Deliberately absent: a choice of algorithm, keys named by the token, and leeway beyond
//! 30 s.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tributary_model::clock::{Clock, UnixMillis};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::{IdSource, TenantId};
use tributary_model::problem::Problem;
use tributary_model::role::Role;
use tributary_vault::TokenSigner;

/// Longest life of a token, s.
pub const TOKEN_LIFE_S: u64 = 900;
/// Difference of clocks that is forgiven, s.
const LEEWAY_S: u64 = 30;
/// A longer text is not looked at. Ours are below 500 bytes.
const MOST_BYTES: usize = 4096;
const ISSUER: &str = "tributary";
const AUDIENCE: &str = "tributary-api";
const TYPE: &str = "at+jwt";

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// the API client
    pub client_id: String,
    pub role: Role,
    /// `None` for operators only
    pub tenant: Option<TenantId>,
}

/// Every claim; a duplicate, missing, unknown or wrongly typed one is an error.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    jti: String,
    iat: u64,
    nbf: u64,
    exp: u64,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
}

/// The key that signs and the keys that are believed.
pub struct TokenKeys {
    kid: String,
    signing: EncodingKey,
    /// two at most while keys are changed: (kid, key)
    believed: Vec<(String, DecodingKey)>,
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kids: Vec<&str> = self.believed.iter().map(|(kid, _)| kid.as_str()).collect();
        write!(f, "TokenKeys({kids:?})")
    }
}

impl TokenKeys {
    /// Signs with `current`; believes `current` and, while keys are changed, `previous`.
    #[must_use]
    pub fn new(current: &TokenSigner, previous: Option<&TokenSigner>) -> Self {
        let believed = std::iter::once(current)
            .chain(previous)
            .map(|signer| {
                let key = DecodingKey::from_ed_der(signer.public_key());
                (signer.kid().to_owned(), key)
            })
            .collect();
        Self {
            kid: current.kid().to_owned(),
            signing: EncodingKey::from_ed_der(current.pkcs8_der().expose_secret()),
            believed,
        }
    }

    /// A token for `caller`, good for [`TOKEN_LIFE_S`] from now.
    ///
    /// # Errors
    /// `internal` if the crypto library fails.
    pub fn issue(
        &self,
        clock: &dyn Clock,
        ids: &dyn IdSource,
        caller: &Caller,
    ) -> Result<String, Problem> {
        let now = seconds(clock.now_ms());
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: caller.client_id.clone(),
            jti: ids.next_id(),
            iat: now,
            nbf: now,
            exp: now + TOKEN_LIFE_S,
            role: caller.role,
            tenant: caller.tenant.clone(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, &claims, &self.signing)
            .map_err(|_| Problem::new(ErrorCode::Internal, "the token could not be signed"))
    }

    /// The one check of a token.
    ///
    /// # Errors
    /// `token_expired` for a token that was ours and good, `token_invalid` for everything else,
    /// without saying why: the bearer of a forged token is told nothing.
    pub fn verify(&self, clock: &dyn Clock, token: &str) -> Result<Caller, Problem> {
        let invalid = || Problem::new(ErrorCode::TokenInvalid, "the token is not valid here");
        let claims = self.claims(token).ok_or_else(invalid)?;
        let now = seconds(clock.now_ms());
        if claims.iss != ISSUER || claims.aud != AUDIENCE || claims.sub.is_empty() {
            return Err(invalid());
        }
        let begun = claims.iat <= now + LEEWAY_S && claims.nbf <= now + LEEWAY_S;
        let life = claims.exp.checked_sub(claims.iat);
        if !begun || !life.is_some_and(|life| life > 0 && life <= TOKEN_LIFE_S) {
            return Err(invalid());
        }
        if (claims.role == Role::Operator) != claims.tenant.is_none() {
            return Err(invalid());
        }
        if claims.exp + LEEWAY_S <= now {
            let detail = "the token has expired";
            return Err(Problem::new(ErrorCode::TokenExpired, detail));
        }
        Ok(Caller {
            client_id: claims.sub,
            role: claims.role,
            tenant: claims.tenant,
        })
    }

    /// Form, header and signature; the claims are typed but not judged yet.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one strict check that the ban points to"
    )]
    fn claims(&self, token: &str) -> Option<Claims> {
        if token.len() > MOST_BYTES {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        let kid = header.kid.clone()?;
        let (_, key) = self.believed.iter().find(|(known, _)| *known == kid)?;
        // exactly the header that `issue` writes: no crit, jku, jwk, x5u, x5c, cty, or anything else
        let mut expected = Header::new(Algorithm::EdDSA);
        expected.typ = Some(TYPE.to_owned());
        expected.kid = Some(kid);
        if header != expected {
            return None;
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        // the times are judged in `verify`, by our own clock
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let data = jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?;
        Some(data.claims)
    }
}

fn seconds(now_ms: UnixMillis) -> u64 {
    u64::try_from(now_ms / 1000).unwrap_or(0)
}
