//! Keys that make a resend harmless.
//!
//! Invariant: a key depends only on what is sent and for whom, so a crash cannot mint a new one
//! (reference: execution §5.5).

use tributary_model::id::{Slug, TenantId};

/// Whose record it is; the same for all records of a run.
#[derive(Debug, Clone)]
pub struct KeyScope {
    pub tenant: TenantId,
    pub integration: Slug,
    pub stream: String,
    /// grows when the source was recreated and its keys mean other records
    pub generation: u32,
}

impl KeyScope {
    /// The key sent to the target: 52 characters of base32 (RFC 4648, no padding, lower case).
    /// `resend` grows when a record that the target refused is sent again with the same content (decision 0011).
    #[must_use]
    pub fn idempotency_key(
        &self,
        record_key: &str,
        content_hash: &[u8; 32],
        resend: u32,
    ) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [
            self.tenant.as_str(),
            self.integration.as_str(),
            &self.stream,
        ] {
            field(&mut hasher, part.as_bytes());
        }
        field(&mut hasher, &self.generation.to_le_bytes());
        field(&mut hasher, record_key.as_bytes());
        field(&mut hasher, content_hash);
        field(&mut hasher, &resend.to_le_bytes());
        data_encoding::BASE32_NOPAD
            .encode(hasher.finalize().as_bytes())
            .to_ascii_lowercase()
    }
}

/// Length-prefixed, so that ("ab", "c") and ("a", "bc") differ.
fn field(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(tenant: &str, stream: &str) -> KeyScope {
        KeyScope {
            tenant: Slug::parse(tenant).unwrap(),
            integration: Slug::parse("orders").unwrap(),
            stream: stream.to_owned(),
            generation: 0,
        }
    }

    #[test]
    fn a_key_changes_with_each_part_and_only_then() {
        let base = scope("acme", "lines").idempotency_key("4711", &[1; 32], 0);
        assert_eq!(base.len(), 52);
        assert_eq!(
            base,
            scope("acme", "lines").idempotency_key("4711", &[1; 32], 0)
        );
        let others = [
            scope("globex", "lines").idempotency_key("4711", &[1; 32], 0),
            scope("acme", "line").idempotency_key("4711", &[1; 32], 0),
            scope("acme", "lines").idempotency_key("4712", &[1; 32], 0),
            scope("acme", "lines").idempotency_key("4711", &[2; 32], 0),
            scope("acme", "lines").idempotency_key("4711", &[1; 32], 1),
        ];
        for other in others {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let left = scope("acme", "ab").idempotency_key("c", &[1; 32], 0);
        let right = scope("acme", "a").idempotency_key("bc", &[1; 32], 0);
        assert_ne!(left, right);
    }
}
