//! What TAXMAN remembers. One effect per idempotency key, ever; a code that comes again under a new
//! key is adjusted. Memory is bounded on request: `forget` keeps a key's hash and its answer's
//! version only, and computes the answer again when it is asked for.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::check::Taxed;
use crate::decimal::Cents;

/// A 128-bit hash: enough that two keys never meet.
pub(super) type Hash = u128;

/// Hashes `parts`, which must not contain a zero byte.
#[must_use]
pub(super) fn hash(parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
        hasher.update(&[0]);
    }
    let mut bytes = [0_u8; 16];
    hasher.finalize_xof().fill(&mut bytes);
    u128::from_le_bytes(bytes)
}

/// A key that was there before. Neither has an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// with the same body; the answer is kept unless TAXMAN forgets
    Replayed {
        version: u32,
        answer: Option<Box<str>>,
    },
    /// with another body
    Reused,
}

#[derive(Debug)]
struct KeyEntry {
    body: Hash,
    version: u32,
    answer: Option<Box<str>>,
}

/// The latest version of a transaction.
#[derive(Debug, Clone)]
pub(super) struct CodeEntry {
    pub version: u32,
    pub total_amount: Cents,
    pub total_tax: Cents,
    pub answer: Option<Box<str>>,
}

/// Sums per company, of the latest versions.
#[derive(Debug, Clone, Copy, Default)]
struct Company {
    effects: u64,
    transactions: u64,
    total_amount: Cents,
    total_tax: Cents,
}

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    keys: HashMap<Hash, KeyEntry>,
    codes: HashMap<Hash, CodeEntry>,
    companies: BTreeMap<String, Company>,
    effects: u64,
    replays: u64,
    reused: u64,
    adjustments: u64,
}

/// `GET /_control/effects`.
#[derive(Debug, Serialize)]
pub struct Effects {
    /// transactions committed or adjusted
    pub effects: u64,
    /// idempotency keys that had an effect
    pub keys: u64,
    /// effects beyond one per key; anything but 0 is a mistake of TAXMAN
    pub duplicates: u64,
    /// requests answered from memory
    pub replays: u64,
    /// keys that came again with another body
    pub keys_reused: u64,
    /// different transaction codes
    pub transactions: u64,
    /// effects that changed a transaction that was there
    pub adjustments: u64,
    /// of the latest versions
    pub total_amount: String,
    pub total_tax: String,
    /// faults played
    pub faults: u64,
    pub companies: BTreeMap<String, CompanyEffects>,
}

/// The same for one company.
#[derive(Debug, Serialize)]
pub struct CompanyEffects {
    pub effects: u64,
    pub transactions: u64,
    pub total_amount: String,
    pub total_tax: String,
}

impl Ledger {
    /// What is known of `key`; `None` for a new one.
    pub(super) fn replay(&mut self, key: Hash, body: Hash) -> Option<Known> {
        let entry = self.keys.get(&key)?;
        if entry.body != body {
            self.reused += 1;
            return Some(Known::Reused);
        }
        self.replays += 1;
        Some(Known::Replayed {
            version: entry.version,
            answer: entry.answer.clone(),
        })
    }

    /// Records an effect under a key that [`Self::replay`] does not know. Answers the version.
    pub(super) fn commit(
        &mut self,
        key: Hash,
        body: Hash,
        company: &str,
        code: Hash,
        taxed: &Taxed,
    ) -> u32 {
        self.effects += 1;
        if !self.companies.contains_key(company) {
            self.companies
                .insert(company.to_owned(), Company::default());
        }
        let mut version = 1;
        if let Some(sums) = self.companies.get_mut(company) {
            sums.effects += 1;
            if let Some(before) = self.codes.get(&code) {
                version = before.version + 1;
                self.adjustments += 1;
                sums.total_amount -= before.total_amount;
                sums.total_tax -= before.total_tax;
            } else {
                sums.transactions += 1;
            }
            sums.total_amount += taxed.total_amount;
            sums.total_tax += taxed.total_tax;
        }
        let entry = CodeEntry {
            version,
            total_amount: taxed.total_amount,
            total_tax: taxed.total_tax,
            answer: None,
        };
        self.codes.insert(code, entry);
        let entry = KeyEntry {
            body,
            version,
            answer: None,
        };
        self.keys.insert(key, entry);
        version
    }

    /// Keeps the answer to a committed key for replays and look-ups.
    pub(super) fn keep_answer(&mut self, key: Hash, code: Hash, answer: &str) {
        if let Some(entry) = self.keys.get_mut(&key) {
            entry.answer = Some(answer.into());
        }
        if let Some(entry) = self.codes.get_mut(&code) {
            entry.answer = Some(answer.into());
        }
    }

    /// The latest version of a transaction, by [`hash`] of company and code.
    #[must_use]
    pub(super) fn find(&self, code: Hash) -> Option<&CodeEntry> {
        self.codes.get(&code)
    }

    /// The companies that had an effect.
    pub(super) fn companies(&self) -> impl Iterator<Item = &str> {
        self.companies.keys().map(String::as_str)
    }

    /// The counters.
    #[must_use]
    pub(super) fn effects(&self, faults: u64) -> Effects {
        let mut amount = Cents(0);
        let mut tax = Cents(0);
        let mut companies = BTreeMap::new();
        for (name, sums) in &self.companies {
            amount += sums.total_amount;
            tax += sums.total_tax;
            let sums = CompanyEffects {
                effects: sums.effects,
                transactions: sums.transactions,
                total_amount: sums.total_amount.to_string(),
                total_tax: sums.total_tax.to_string(),
            };
            companies.insert(name.clone(), sums);
        }
        Effects {
            effects: self.effects,
            keys: self.keys.len() as u64,
            duplicates: self.effects.saturating_sub(self.keys.len() as u64),
            replays: self.replays,
            keys_reused: self.reused,
            transactions: self.codes.len() as u64,
            adjustments: self.adjustments,
            total_amount: amount.to_string(),
            total_tax: tax.to_string(),
            faults,
            companies,
        }
    }
}
