//! An optional file of effects, so that a restarted TAXMAN still knows every key. Appended and
//! handed to the operating system before the answer leaves; not synced to the disk, since the
//! test kills processes, not machines.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::check::Taxed;
use super::ledger::{Hash, Kept, Ledger, Made};
use crate::decimal::{Cents, parse};

/// One effect, one line.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    body: String,
    company: String,
    code: String,
    total_amount: String,
    total_tax: String,
    /// it voided the transaction; the totals are 0
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    void: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<KeptEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptEntry {
    idempotency_key: String,
    answer: String,
}

/// A line: an effect, or one of the calculations that had none.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Effect(Entry),
    Calculated { calculated: bool },
}

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    file: BufWriter<File>,
}

/// What is written about an effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect<'a> {
    pub made: Made<'a>,
    /// `None`: it is voided
    pub taxed: Option<&'a Taxed>,
    pub kept: Option<&'a Kept>,
}

impl Journal {
    /// Opens or makes the file and puts its effects into `ledger`. A last line that was cut off is
    /// dropped: its answer never left.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is not a journal.
    pub(super) fn open(path: &Path, ledger: &mut Ledger) -> anyhow::Result<Self> {
        let mut whole = 0_u64;
        if path.exists() {
            let mut reader = BufReader::new(File::open(path)?);
            let mut line = String::new();
            while reader.read_line(&mut line)? > 0 && line.ends_with('\n') {
                restore(&line, ledger).with_context(|| format!("in journal {}", path.display()))?;
                whole += line.len() as u64;
                line.clear();
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(whole)?;
        Ok(Self {
            file: BufWriter::new(file),
        })
    }

    /// Adds an effect; it is on its way to the file only after [`Self::flush`].
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn add(&mut self, effect: Effect<'_>) -> std::io::Result<()> {
        let made = effect.made;
        let cents = |of: fn(&Taxed) -> Cents| effect.taxed.map_or(Cents(0), of).to_string();
        let entry = Entry {
            key: format!("{:032x}", made.key),
            body: format!("{:032x}", made.body),
            company: made.company.to_owned(),
            code: format!("{:032x}", made.code),
            total_amount: cents(|taxed| taxed.total_amount),
            total_tax: cents(|taxed| taxed.total_tax),
            void: effect.taxed.is_none(),
            kept: effect.kept.map(|kept| KeptEntry {
                idempotency_key: kept.idempotency_key.to_string(),
                answer: kept.answer.to_string(),
            }),
        };
        self.line(&Line::Effect(entry))
    }

    /// Adds a calculation; as [`Self::add`].
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn calculated(&mut self) -> std::io::Result<()> {
        self.line(&Line::Calculated { calculated: true })
    }

    fn line(&mut self, line: &Line) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.file, line)?;
        self.file.write_all(b"\n")
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

fn restore(line: &str, ledger: &mut Ledger) -> anyhow::Result<()> {
    let entry = match serde_json::from_str(line)? {
        Line::Effect(entry) => entry,
        Line::Calculated { .. } => {
            ledger.calculated();
            return Ok(());
        }
    };
    let number = |text: &str| Hash::from_str_radix(text, 16);
    let cents = |text: &str| {
        parse(text, 2)
            .map(Cents)
            .map_err(|_| anyhow::anyhow!("{text:?} is not an amount"))
    };
    let taxed = Taxed {
        total_amount: cents(&entry.total_amount)?,
        total_tax: cents(&entry.total_tax)?,
        lines: Vec::new(),
    };
    let made = Made {
        key: number(&entry.key)?,
        body: number(&entry.body)?,
        company: &entry.company,
        code: number(&entry.code)?,
    };
    if entry.void {
        ledger.void(made);
    } else {
        ledger.commit(made, &taxed);
    }
    if let Some(kept) = entry.kept {
        let kept = Kept {
            idempotency_key: kept.idempotency_key.into(),
            answer: kept.answer.into(),
        };
        ledger.keep(made.key, made.code, kept);
    }
    Ok(())
}
