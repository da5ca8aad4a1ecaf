//! The text of TAXMAN's answer to a transaction. Written by hand, because it is the hot path.
//! Amounts are texts with exactly two decimals (TaxJar answers so too): a client that reads JSON
//! numbers as floats would lose the last zero, or a cent.

use std::fmt::Write as _;

use super::check::Taxed;
use super::ledger::Hash;
use super::wire::Transaction;

/// What is said of a transaction beside its tax.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stamp {
    /// recorded: the hash of company and code, and the version
    Committed(Hash, u32),
    /// computed only, so there is no id and no version
    Calculated,
}

/// The answer for a transaction.
#[must_use]
pub(super) fn text(transaction: &Transaction<'_>, taxed: &Taxed, stamp: Stamp) -> String {
    let mut out = String::with_capacity(256 + taxed.lines.len() * 160);
    match stamp {
        Stamp::Committed(code, _) => {
            let _ = write!(out, "{{\"id\":\"{}\",\"code\":", id(code));
        }
        Stamp::Calculated => out.push_str("{\"code\":"),
    }
    string(&mut out, &transaction.code);
    out.push_str(",\"company_code\":");
    string(&mut out, &transaction.company_code);
    out.push_str(",\"type\":");
    string(&mut out, &transaction.kind);
    out.push_str(",\"date\":");
    string(&mut out, &transaction.date);
    match stamp {
        Stamp::Committed(_, version) => {
            let _ = write!(
                out,
                ",\"version\":{version},\"status\":\"committed\",\"currency_code\":"
            );
        }
        Stamp::Calculated => out.push_str(",\"status\":\"calculated\",\"currency_code\":"),
    }
    string(&mut out, &transaction.currency_code);
    let _ = write!(
        out,
        ",\"total_amount\":\"{}\",\"total_tax\":\"{}\",\"lines\":[",
        taxed.total_amount, taxed.total_tax
    );
    for (index, line) in taxed.lines.iter().enumerate() {
        out.push_str(if index > 0 {
            ",{\"number\":"
        } else {
            "{\"number\":"
        });
        string(&mut out, &line.number);
        out.push_str(",\"tax_code\":");
        string(&mut out, &line.tax_code);
        let rate = line.rate;
        let _ = write!(
            out,
            ",\"amount\":\"{}\",\"rate\":\"{}.{:03}\",\"tax\":\"{}\"}}",
            line.amount,
            rate / 1000,
            rate % 1000,
            line.tax
        );
    }
    out.push_str("]}");
    out
}

/// The answer for a transaction that is voided.
#[must_use]
pub(super) fn voided(transaction: &Transaction<'_>, code: Hash, version: u32) -> String {
    let mut out = format!("{{\"id\":\"{}\",\"code\":", id(code));
    string(&mut out, &transaction.code);
    out.push_str(",\"company_code\":");
    string(&mut out, &transaction.company_code);
    let _ = write!(out, ",\"version\":{version},\"status\":\"voided\"}}");
    out
}

fn id(code: Hash) -> String {
    format!("txn_{:016x}", code >> 64)
}

/// Writes a JSON string.
fn string(out: &mut String, text: &str) {
    let plain = !text
        .bytes()
        .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
