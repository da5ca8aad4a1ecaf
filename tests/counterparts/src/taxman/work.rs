//! What an action does: checked and taxed outside of the lock, then done under it.

use super::answer::{self, Stamp};
use super::check::{Taxed, name, tax};
use super::journal::{Effect, Journal};
use super::ledger::{Hash, Kept, Known, Ledger, Made, hash};
use super::rates::Rates;
use super::service::RequestFault;
use super::wire::{Action, Refusal, Transaction};

/// What is remembered.
#[derive(Debug)]
pub(super) struct Memory {
    pub ledger: Ledger,
    pub journal: Option<Journal>,
    /// keep no answers and no keys
    pub forget: bool,
}

/// An item that passed its checks.
pub(super) struct Ready<'a> {
    action: Action,
    idempotency_key: &'a str,
    key: Hash,
    body: Hash,
    code: Hash,
    pub transaction: Transaction<'a>,
    taxed: Taxed,
}

impl<'a> Ready<'a> {
    /// Reads and checks an item.
    ///
    /// # Errors
    /// Why it is refused.
    pub(super) fn new(
        (action, idempotency_key): (Action, &'a str),
        text: &'a str,
        (rates, refuse_codes): (&Rates, &[String]),
    ) -> Result<Self, Refusal> {
        let transaction: Transaction<'a> =
            serde_json::from_str(text).map_err(|error| malformed(&error))?;
        if refuse_codes.iter().any(|code| *code == transaction.code) {
            return Err(Refusal::new(
                "CodeRefused",
                "code",
                "this code is refused by a switch",
            ));
        }
        let taxed = match action {
            Action::Void => name(&transaction).map(|()| Taxed::default())?,
            _ => tax(&transaction, rates)?,
        };
        let body = match action {
            Action::Create => hash(&[text.as_bytes()]),
            other => hash(&[text.as_bytes(), other.word().as_bytes()]),
        };
        Ok(Self {
            action,
            idempotency_key,
            key: hash(&[idempotency_key.as_bytes()]),
            body,
            code: code_hash(&transaction.company_code, &transaction.code),
            transaction,
            taxed,
        })
    }

    fn made(&self) -> Made<'_> {
        Made {
            key: self.key,
            body: self.body,
            company: &self.transaction.company_code,
            code: self.code,
        }
    }

    /// The answer, which depends on nothing but the version.
    fn text(&self, version: u32) -> String {
        match self.action {
            Action::Void => answer::voided(&self.transaction, self.code, version),
            Action::Calculate => answer::text(&self.transaction, &self.taxed, Stamp::Calculated),
            Action::Create | Action::Adjust => {
                let stamp = Stamp::Committed(self.code, version);
                answer::text(&self.transaction, &self.taxed, stamp)
            }
        }
    }

    fn no_such_code(&self) -> Refusal {
        let message = format!(
            "company {:?} has no transaction {:?}",
            self.transaction.company_code, self.transaction.code
        );
        Refusal::new("EntityNotFoundError", "code", message)
    }
}

impl Memory {
    /// Does what is asked for, once for each key. Answers the transaction's document.
    ///
    /// # Errors
    /// Outer: when the journal cannot be written; inner: why it is refused.
    pub(super) fn act(
        &mut self,
        ready: &Ready<'_>,
    ) -> Result<Result<String, Refusal>, RequestFault> {
        if ready.action == Action::Calculate {
            self.ledger.calculated();
            if let Some(journal) = &mut self.journal {
                journal.calculated().map_err(RequestFault::Journal)?;
            }
            return Ok(Ok(ready.text(0)));
        }
        match self.ledger.replay(ready.key, ready.body) {
            Some(Known::Replayed { version, answer }) => {
                return Ok(Ok(answer.map_or_else(
                    || ready.text(version),
                    |answer| answer.into_string(),
                )));
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
        let before = self.ledger.find(ready.code);
        let (known, voided) = (before.is_some(), before.is_some_and(|code| code.voided));
        match ready.action {
            Action::Adjust | Action::Void if !known => Ok(Err(ready.no_such_code())),
            Action::Adjust if voided => Ok(Err(Refusal::new(
                "TransactionVoided",
                "code",
                "the transaction is voided; create it again",
            ))),
            _ => self.enter(ready, voided).map(Ok),
        }
    }

    fn enter(&mut self, ready: &Ready<'_>, voided: bool) -> Result<String, RequestFault> {
        let made = ready.made();
        let taxed = (ready.action != Action::Void).then_some(&ready.taxed);
        let version = match taxed {
            Some(taxed) => self.ledger.commit(made, taxed),
            None => self.ledger.void(made).unwrap_or_default(),
        };
        let text = ready.text(version);
        // Voided already: the version there is and keeps the key of another.
        let idle = voided && taxed.is_none();
        let kept = (!self.forget && !idle).then(|| Kept {
            idempotency_key: ready.idempotency_key.into(),
            answer: text.as_str().into(),
        });
        if let Some(journal) = &mut self.journal {
            let kept = kept.as_ref();
            let effect = Effect { made, taxed, kept };
            journal.add(effect).map_err(RequestFault::Journal)?;
        }
        if let Some(kept) = kept {
            self.ledger.keep(ready.key, ready.code, kept);
        }
        Ok(text)
    }

    /// Hands the journal to the operating system; nothing is answered before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), RequestFault> {
        match &mut self.journal {
            Some(journal) => journal.flush().map_err(RequestFault::Journal),
            None => Ok(()),
        }
    }
}

/// What a transaction is found by.
pub(super) fn code_hash(company: &str, code: &str) -> Hash {
    hash(&[company.as_bytes(), code.as_bytes()])
}

/// A body that is no document.
pub(super) fn malformed(error: &dyn std::fmt::Display) -> Refusal {
    Refusal {
        code: "JsonFormatError",
        message: error.to_string(),
        target: None,
        retryable: false,
    }
}
