//! What TAXMAN remembers. One effect per idempotency key, ever; a code that comes again under a new
//! key is adjusted; a voided one counts in no sum until it is created again. Memory is bounded on
//! request: `forget` keeps a key's hash and its answer's version only, computes the answer again when
//! it is asked for, and cannot say which key a transaction's latest version has.

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

/// An effect that is about to be recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made<'a> {
    pub key: Hash,
    pub body: Hash,
    pub company: &'a str,
    /// [`hash`] of company and code
    pub code: Hash,
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
    pub voided: bool,
    /// 0 when it is voided
    pub total_amount: Cents,
    pub total_tax: Cents,
    pub kept: Option<Kept>,
}

/// What is not kept when TAXMAN forgets.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// of the latest version
    pub idempotency_key: Box<str>,
    pub answer: Box<str>,
}

/// Sums per company, of the latest versions.
#[derive(Debug, Clone, Copy, Default)]
struct Company {
    effects: u64,
    transactions: u64,
    voided: u64,
    total_amount: Cents,
    total_tax: Cents,
}

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    keys: HashMap<Hash, KeyEntry>,
    /// of `keys`, those that found everything done already
    idle_keys: u64,
    codes: HashMap<Hash, CodeEntry>,
    companies: BTreeMap<String, Company>,
    effects: u64,
    replays: u64,
    reused: u64,
    adjustments: u64,
    voids: u64,
    calculations: u64,
}

/// `GET /_control/effects`.
#[derive(Debug, Serialize)]
pub struct Effects {
    /// transactions committed, adjusted or voided
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
    /// effects that voided a transaction
    pub voids: u64,
    /// transactions whose latest version is voided
    pub voided: u64,
    /// taxes computed without an effect
    pub calculations: u64,
    /// of the latest versions that are not voided
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
    pub voided: u64,
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

    /// Records an effect under a key that [`Self::replay`] does not know: a new version that counts.
    /// Answers the version.
    pub(super) fn commit(&mut self, made: Made<'_>, taxed: &Taxed) -> u32 {
        let mut version = 1;
        let sums = self.company(made.company);
        sums.total_amount += taxed.total_amount;
        sums.total_tax += taxed.total_tax;
        match self.codes.get(&made.code).cloned() {
            None => self.company(made.company).transactions += 1,
            Some(before) => {
                version = before.version + 1;
                self.adjustments += 1;
                self.take_back(made.company, &before);
            }
        }
        self.enter(made, (version, false), taxed);
        version
    }

    /// Records that a transaction is voided, under a key that [`Self::replay`] does not know. Answers the
    /// version; `None` if there is no such transaction. Of one that is voided already only the key is new.
    pub(super) fn void(&mut self, made: Made<'_>) -> Option<u32> {
        let before = self.codes.get(&made.code).cloned()?;
        if before.voided {
            self.idle_keys += 1;
            self.know(made, before.version);
            return Some(before.version);
        }
        let version = before.version + 1;
        self.voids += 1;
        self.take_back(made.company, &before);
        self.company(made.company).voided += 1;
        self.enter(made, (version, true), &Taxed::default());
        Some(version)
    }

    /// Counts a tax that was computed only.
    pub(super) fn calculated(&mut self) {
        self.calculations += 1;
    }

    /// The company's sums no longer hold this version.
    fn take_back(&mut self, company: &str, before: &CodeEntry) {
        let sums = self.company(company);
        sums.total_amount -= before.total_amount;
        sums.total_tax -= before.total_tax;
        sums.voided -= u64::from(before.voided);
    }

    fn company(&mut self, name: &str) -> &mut Company {
        self.companies.entry(name.to_owned()).or_default()
    }

    fn enter(&mut self, made: Made<'_>, (version, voided): (u32, bool), taxed: &Taxed) {
        self.effects += 1;
        self.company(made.company).effects += 1;
        let entry = CodeEntry {
            version,
            voided,
            total_amount: taxed.total_amount,
            total_tax: taxed.total_tax,
            kept: None,
        };
        self.codes.insert(made.code, entry);
        self.know(made, version);
    }

    fn know(&mut self, made: Made<'_>, version: u32) {
        let entry = KeyEntry {
            body: made.body,
            version,
            answer: None,
        };
        self.keys.insert(made.key, entry);
    }

    /// Keeps the answer to a committed key for replays and look-ups.
    pub(super) fn keep(&mut self, key: Hash, code: Hash, kept: Kept) {
        if let Some(entry) = self.keys.get_mut(&key) {
            entry.answer = Some(kept.answer.clone());
        }
        if let Some(entry) = self.codes.get_mut(&code) {
            entry.kept = Some(kept);
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
        let mut voided = 0;
        let mut companies = BTreeMap::new();
        for (name, sums) in &self.companies {
            amount += sums.total_amount;
            tax += sums.total_tax;
            voided += sums.voided;
            let sums = CompanyEffects {
                effects: sums.effects,
                transactions: sums.transactions,
                voided: sums.voided,
                total_amount: sums.total_amount.to_string(),
                total_tax: sums.total_tax.to_string(),
            };
            companies.insert(name.clone(), sums);
        }
        let keys = self.keys.len() as u64 - self.idle_keys;
        Effects {
            effects: self.effects,
            keys,
            duplicates: self.effects.saturating_sub(keys),
            replays: self.replays,
            keys_reused: self.reused,
            transactions: self.codes.len() as u64,
            adjustments: self.adjustments,
            voids: self.voids,
            voided,
            calculations: self.calculations,
            total_amount: amount.to_string(),
            total_tax: tax.to_string(),
            faults,
            companies,
        }
    }
}
