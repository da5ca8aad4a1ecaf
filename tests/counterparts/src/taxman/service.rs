//! TAXMAN's work behind its endpoints: read, check and tax outside of the lock, then commit under it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::value::RawValue;

use super::answer;
use super::check::{Taxed, tax};
use super::journal::{Effect, Journal};
use super::ledger::{Effects, Hash, Known, Ledger, hash};
use super::rates::Rates;
use super::wire::{Batch, ItemResult, Refusal, Results, Transaction};
use crate::faults::Switchboard;

/// Most transactions in one batch.
pub(super) const MAX_ITEMS: usize = 100;

/// The service.
#[derive(Debug)]
pub(super) struct Service {
    pub token: String,
    pub faults: Arc<Switchboard>,
    rates: Rates,
    forget: bool,
    memory: Mutex<Memory>,
}

#[derive(Debug)]
struct Memory {
    ledger: Ledger,
    journal: Option<Journal>,
}

/// A transaction that is ready to be committed.
struct Prepared<'a> {
    key: Hash,
    body: Hash,
    code: Hash,
    transaction: Transaction<'a>,
    taxed: Taxed,
}

/// Why a whole request is refused.
#[derive(Debug)]
pub(super) enum RequestFault {
    /// 400 with this refusal
    Refused(Refusal),
    /// 500 on purpose: it holds a poison code
    Poisoned,
    /// 500: the journal cannot be written
    Journal(std::io::Error),
}

impl Service {
    /// A service with the effects of `journal`, if there is one.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub(super) fn new(
        token: String,
        forget: bool,
        journal: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let mut ledger = Ledger::default();
        let journal = journal
            .map(|path| Journal::open(&path, &mut ledger))
            .transpose()?;
        Ok(Self {
            token,
            faults: Arc::default(),
            rates: Rates::load()?,
            forget,
            memory: Mutex::new(Memory { ledger, journal }),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The counters.
    #[must_use]
    pub(super) fn effects(&self) -> Effects {
        self.memory().ledger.effects(self.faults.played())
    }

    /// One transaction; answers its document.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn single(&self, key: &str, body: &[u8]) -> Result<String, RequestFault> {
        if key.is_empty() {
            let refusal = Refusal::new(
                "ValueRequiredError",
                "Idempotency-Key",
                "header Idempotency-Key is required",
            );
            return Err(RequestFault::Refused(refusal));
        }
        let text =
            std::str::from_utf8(body).map_err(|error| RequestFault::Refused(malformed(&error)))?;
        let switches = self.faults.get();
        let prepared = self.prepare(key, text, &switches.refuse_codes);
        let prepared = prepared.map_err(RequestFault::Refused)?;
        if switches
            .poison_codes
            .iter()
            .any(|code| *code == prepared.transaction.code)
        {
            return Err(RequestFault::Poisoned);
        }
        let mut memory = self.memory();
        let result = self.commit(&mut memory, &prepared)?;
        flush(&mut memory)?;
        result.map_err(RequestFault::Refused)
    }

    /// A batch; each item has its own result.
    ///
    /// # Errors
    /// When the batch as a whole is no batch.
    pub(super) fn batch(&self, body: &[u8]) -> Result<Results, RequestFault> {
        let batch: Batch<'_> = serde_json::from_slice(body)
            .map_err(|error| RequestFault::Refused(malformed(&error)))?;
        if batch.items.is_empty() || batch.items.len() > MAX_ITEMS {
            let message = format!("{} items, 1 to {MAX_ITEMS} are allowed", batch.items.len());
            let refusal = Refusal::new("BatchSizeError", "items", message);
            return Err(RequestFault::Refused(refusal));
        }
        let switches = self.faults.get();
        let mut prepared = Vec::with_capacity(batch.items.len());
        for item in &batch.items {
            let ready = if item.idempotency_key.is_empty() {
                let place = "idempotency_key";
                Err(Refusal::new(
                    "ValueRequiredError",
                    place,
                    "field idempotency_key is required",
                ))
            } else {
                self.prepare(
                    &item.idempotency_key,
                    item.transaction.get(),
                    &switches.refuse_codes,
                )
            };
            if let Ok(ready) = &ready
                && switches
                    .poison_codes
                    .iter()
                    .any(|code| *code == ready.transaction.code)
            {
                return Err(RequestFault::Poisoned);
            }
            prepared.push((item.idempotency_key.as_ref(), ready));
        }
        let mut results = Vec::with_capacity(prepared.len());
        let mut memory = self.memory();
        for (key, ready) in prepared {
            let result = match ready {
                Ok(ready) => self.commit(&mut memory, &ready)?,
                Err(refusal) => Err(refusal),
            };
            results.push(item_result(key, result));
        }
        flush(&mut memory)?;
        Ok(Results { results })
    }

    /// The latest version of a transaction, in `company` or in any company.
    #[must_use]
    pub(super) fn find(&self, company: Option<&str>, code: &str) -> Option<String> {
        let memory = self.memory();
        let one = |company: &str| {
            let entry = memory.ledger.find(code_hash(company, code))?;
            Some(entry.answer.as_deref().map_or_else(
                || {
                    let (version, amount, tax) = (entry.version, entry.total_amount, entry.total_tax);
                    let code = serde_json::Value::from(code);
                    let company = serde_json::Value::from(company);
                    format!(
                        "{{\"code\":{code},\"company_code\":{company},\"version\":{version},\"status\":\"committed\",\"total_amount\":\"{amount}\",\"total_tax\":\"{tax}\"}}"
                    )
                },
                str::to_owned,
            ))
        };
        match company {
            Some(company) => one(company),
            None => memory.ledger.companies().find_map(one),
        }
    }

    fn prepare<'a>(
        &self,
        key: &str,
        text: &'a str,
        refuse_codes: &[String],
    ) -> Result<Prepared<'a>, Refusal> {
        let transaction: Transaction<'a> =
            serde_json::from_str(text).map_err(|error| malformed(&error))?;
        if refuse_codes.iter().any(|code| *code == transaction.code) {
            return Err(Refusal::new(
                "CodeRefused",
                "code",
                "this code is refused by a switch",
            ));
        }
        let taxed = tax(&transaction, &self.rates)?;
        Ok(Prepared {
            key: hash(&[key.as_bytes()]),
            body: hash(&[text.as_bytes()]),
            code: code_hash(&transaction.company_code, &transaction.code),
            transaction,
            taxed,
        })
    }

    fn commit(
        &self,
        memory: &mut Memory,
        ready: &Prepared<'_>,
    ) -> Result<Result<String, Refusal>, RequestFault> {
        let text = |version| answer::text(&ready.transaction, &ready.taxed, ready.code, version);
        match memory.ledger.replay(ready.key, ready.body) {
            Some(Known::Replayed { version, answer }) => {
                return Ok(Ok(
                    answer.map_or_else(|| text(version), |answer| answer.into_string())
                ));
            }
            Some(Known::Reused) => {
                return Ok(Err(Refusal::new(
                    "idempotency_key_reused",
                    "idempotency_key",
                    "the key was used for another transaction before",
                )));
            }
            None => {}
        }
        let company = &ready.transaction.company_code;
        let version =
            memory
                .ledger
                .commit(ready.key, ready.body, company, ready.code, &ready.taxed);
        let answer = text(version);
        if !self.forget {
            memory.ledger.keep_answer(ready.key, ready.code, &answer);
        }
        if let Some(journal) = &mut memory.journal {
            let effect = Effect {
                key: ready.key,
                body: ready.body,
                company,
                code: ready.code,
                taxed: &ready.taxed,
                answer: (!self.forget).then_some(answer.as_str()),
            };
            journal.add(effect).map_err(RequestFault::Journal)?;
        }
        Ok(Ok(answer))
    }
}

fn flush(memory: &mut Memory) -> Result<(), RequestFault> {
    match &mut memory.journal {
        Some(journal) => journal.flush().map_err(RequestFault::Journal),
        None => Ok(()),
    }
}

fn code_hash(company: &str, code: &str) -> Hash {
    hash(&[company.as_bytes(), code.as_bytes()])
}

fn malformed(error: &dyn std::fmt::Display) -> Refusal {
    Refusal {
        code: "JsonFormatError",
        message: error.to_string(),
        target: None,
        retryable: false,
    }
}

fn item_result(key: &str, result: Result<String, Refusal>) -> ItemResult {
    let result =
        result.and_then(|text| RawValue::from_string(text).map_err(|error| malformed(&error)));
    let (status, transaction, error) = match result {
        Ok(transaction) => ("committed", Some(transaction), None),
        Err(refusal) => ("error", None, Some(refusal)),
    };
    ItemResult {
        idempotency_key: key.to_owned(),
        status,
        transaction,
        error,
    }
}
