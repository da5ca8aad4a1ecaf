//! An optional file of effects, so that a restarted TAXMAN still knows every key. Appended and
//! handed to the operating system before the answer leaves; not synced to the disk, since the
//! test kills processes, not machines.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::check::Taxed;
use super::ledger::{Hash, Ledger};
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    file: BufWriter<File>,
}

/// What is written about an effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect<'a> {
    pub key: Hash,
    pub body: Hash,
    pub company: &'a str,
    pub code: Hash,
    pub taxed: &'a Taxed,
    pub answer: Option<&'a str>,
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
        let entry = Entry {
            key: format!("{:032x}", effect.key),
            body: format!("{:032x}", effect.body),
            company: effect.company.to_owned(),
            code: format!("{:032x}", effect.code),
            total_amount: effect.taxed.total_amount.to_string(),
            total_tax: effect.taxed.total_tax.to_string(),
            answer: effect.answer.map(str::to_owned),
        };
        serde_json::to_writer(&mut self.file, &entry)?;
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
    let entry: Entry = serde_json::from_str(line)?;
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
    let (key, code) = (number(&entry.key)?, number(&entry.code)?);
    ledger.commit(key, number(&entry.body)?, &entry.company, code, &taxed);
    if let Some(answer) = entry.answer {
        ledger.keep_answer(key, code, &answer);
    }
    Ok(())
}
