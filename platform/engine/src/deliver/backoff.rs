//! How long to wait before the next try: exponential with full jitter ("Exponential Backoff And
//! Jitter", AWS architecture blog), so that workers which failed together do not return together.

/// First ceiling, doubled with every attempt.
const FIRST_MS: u64 = 200;

/// Between 1 ms and the attempt's ceiling, spread by a hash of `seed`, so no random source is
/// needed and a test sees the same figure every time.
pub(crate) fn jittered_ms(seed: &str, attempt: u32, longest_ms: u64) -> u64 {
    let doubled = FIRST_MS.saturating_mul(1_u64 << attempt.saturating_sub(1).min(20));
    let ceiling = doubled.min(longest_ms).max(1);
    let mut hasher = blake3::Hasher::new();
    hasher.update(seed.as_bytes());
    hasher.update(&attempt.to_le_bytes());
    let mut low = [0_u8; 8];
    for (to, from) in low.iter_mut().zip(hasher.finalize().as_bytes()) {
        *to = *from;
    }
    1 + u64::from_le_bytes(low) % ceiling
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_below_a_ceiling_that_doubles_and_spreads() {
        for attempt in 1..=12 {
            let ceiling = (200_u64 << (attempt - 1)).min(30_000);
            let waits: Vec<u64> = (0..200)
                .map(|n| jittered_ms(&format!("key-{n}"), attempt, 30_000))
                .collect();
            assert!(waits.iter().all(|ms| (1..=ceiling).contains(ms)));
            let low = waits.iter().filter(|ms| **ms <= ceiling / 2).count();
            assert!((60..140).contains(&low), "{low} of 200 in the lower half");
        }
    }
}
