//! TAXMAN's work behind its endpoints: read, check and tax outside of the lock, then act under it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::value::RawValue;

use super::journal::Journal;
use super::ledger::{CodeEntry, Effects, Ledger};
use super::rates::Rates;
use super::wire::{Action, Batch, Item, ItemResult, Refusal, Results};
use super::work::{Memory, Ready, code_hash, malformed};
use crate::faults::{Faults, Switchboard};

/// Most transactions in one batch.
pub(super) const MAX_ITEMS: usize = 100;

/// The service.
#[derive(Debug)]
pub(super) struct Service {
    pub token: String,
    pub faults: Arc<Switchboard>,
    rates: Rates,
    memory: Mutex<Memory>,
}

/// A request for one transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Single<'a> {
    pub action: Action,
    /// of the path, if it names the transaction
    pub code: Option<&'a str>,
    pub idempotency_key: &'a str,
    pub body: &'a [u8],
}

/// Why a whole request is refused.
#[derive(Debug)]
pub(super) enum RequestFault {
    /// 400 or 404 with this refusal
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
            memory: Mutex::new(Memory {
                ledger,
                journal,
                forget,
            }),
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
    pub(super) fn single(&self, single: Single<'_>) -> Result<String, RequestFault> {
        let keyed = single.action == Action::Calculate || !single.idempotency_key.is_empty();
        if !keyed {
            let refusal = Refusal::new(
                "ValueRequiredError",
                "Idempotency-Key",
                "header Idempotency-Key is required",
            );
            return Err(RequestFault::Refused(refusal));
        }
        let text = std::str::from_utf8(single.body)
            .map_err(|error| RequestFault::Refused(malformed(&error)))?;
        let switches = self.faults.get();
        let asked = (single.action, single.idempotency_key);
        let ready = Ready::new(asked, text, (&self.rates, &switches.refuse_codes));
        let ready = ready.map_err(RequestFault::Refused)?;
        if single
            .code
            .is_some_and(|code| *code != *ready.transaction.code)
        {
            let message = "the path names another transaction than the body";
            let refusal = Refusal::new("CodeMismatch", "code", message);
            return Err(RequestFault::Refused(refusal));
        }
        if poisoned(&switches, &ready) {
            return Err(RequestFault::Poisoned);
        }
        let mut memory = self.memory();
        let result = memory.act(&ready)?;
        memory.flush()?;
        result.map_err(RequestFault::Refused)
    }

    /// A batch; each item has its own result. They are done in their order.
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
            let ready = self.item(item, &switches);
            if ready
                .as_ref()
                .is_ok_and(|(_, ready)| poisoned(&switches, ready))
            {
                return Err(RequestFault::Poisoned);
            }
            prepared.push((item.idempotency_key.as_ref(), ready));
        }
        let mut results = Vec::with_capacity(prepared.len());
        let mut memory = self.memory();
        for (key, ready) in prepared {
            let result = match ready {
                Ok((action, ready)) => memory.act(&ready)?.map(|text| (action.status(), text)),
                Err(refusal) => Err(refusal),
            };
            results.push(item_result(key, result));
        }
        memory.flush()?;
        Ok(Results { results })
    }

    fn item<'a>(
        &self,
        item: &'a Item<'a>,
        switches: &Faults,
    ) -> Result<(Action, Ready<'a>), Refusal> {
        let action = Action::parse(item.action.as_deref())?;
        if action != Action::Calculate && item.idempotency_key.is_empty() {
            return Err(Refusal::new(
                "ValueRequiredError",
                "idempotency_key",
                "field idempotency_key is required",
            ));
        }
        let ready = Ready::new(
            (action, &item.idempotency_key),
            item.transaction.get(),
            (&self.rates, &switches.refuse_codes),
        )?;
        Ok((action, ready))
    }

    /// The latest version of a transaction, in `company` or in any company.
    #[must_use]
    pub(super) fn find(&self, company: Option<&str>, code: &str) -> Option<String> {
        let memory = self.memory();
        let one = |company: &str| {
            let entry = memory.ledger.find(code_hash(company, code))?;
            Some(found(entry, company, code))
        };
        match company {
            Some(company) => one(company),
            None => memory.ledger.companies().find_map(one),
        }
    }
}

/// The answer to a look-up: the latest version's own answer with its key, or what is left of it.
fn found(entry: &CodeEntry, company: &str, code: &str) -> String {
    if let Some(kept) = &entry.kept {
        let key = serde_json::Value::from(kept.idempotency_key.as_ref());
        let members = kept.answer.strip_prefix('{').unwrap_or_default();
        return format!("{{\"idempotency_key\":{key},{members}");
    }
    let (version, amount, tax) = (entry.version, entry.total_amount, entry.total_tax);
    let status = if entry.voided { "voided" } else { "committed" };
    let code = serde_json::Value::from(code);
    let company = serde_json::Value::from(company);
    format!(
        "{{\"code\":{code},\"company_code\":{company},\"version\":{version},\"status\":\"{status}\",\"total_amount\":\"{amount}\",\"total_tax\":\"{tax}\"}}"
    )
}

fn poisoned(switches: &Faults, ready: &Ready<'_>) -> bool {
    let mut codes = switches.poison_codes.iter();
    codes.any(|code| *code == ready.transaction.code)
}

fn item_result(key: &str, result: Result<(&'static str, String), Refusal>) -> ItemResult {
    let result = result.and_then(|(status, text)| {
        let raw = RawValue::from_string(text).map_err(|error| malformed(&error))?;
        Ok((status, raw))
    });
    let (status, transaction, error) = match result {
        Ok((status, transaction)) => (status, Some(transaction), None),
        Err(refusal) => ("error", None, Some(refusal)),
    };
    ItemResult {
        idempotency_key: key.to_owned(),
        status,
        transaction,
        error,
    }
}
