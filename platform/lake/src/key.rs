//! Names of objects:
//! `lake/raw/tenant=T/integration=I/stream=S/dt=YYYY-MM-DD/run=R/p00007-b000123.e2.ndjson.zst`.
//!
//! What customers send lies beside it, in pieces: `lake/raw/tenant=T/upload=C/id=I/piece-000000.zst`.
//!
//! Invariants: only the characters `a-z A-Z 0-9 - _ . = %` between slashes, no empty part and
//! none that starts with a dot, so that a key is a safe path and a safe S3 key alike. Free text
//! (stream names) is percent-encoded, so different names never meet in one key.

use std::fmt;
use std::str::FromStr;

use tributary_model::id::{RunId, Slug, TenantId};

/// Longest part between slashes: what file systems take.
const PART_MOST: usize = 255;

/// What an object is for; access and retention differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// bytes as received
    Raw,
    /// mapped records
    Processed,
    /// records that wait for a correction
    Quarantine,
    /// outcomes, receipts, reports
    Results,
    /// for analysis by other tools
    Clean,
}

impl Layer {
    pub const ALL: [Self; 5] = [
        Self::Raw,
        Self::Processed,
        Self::Quarantine,
        Self::Results,
        Self::Clean,
    ];

    /// The word in the key.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Processed => "processed",
            Self::Quarantine => "quarantine",
            Self::Results => "results",
            Self::Clean => "clean",
        }
    }
}

/// What customers send to the platform by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// a file, for a connection
    Upload,
    /// records, for an integration
    Push,
}

impl Sent {
    fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Push => "push",
        }
    }
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not the key of an object: {reason}")]
pub struct KeyError {
    /// what was given
    pub text: String,
    /// what is wrong
    pub reason: &'static str,
}

/// The checked name of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    text: String,
    tenant: TenantId,
}

/// The folder of one run's stream in one layer, or of something that was sent; gives the keys in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFolder {
    text: String,
    tenant: TenantId,
}

impl ObjectKey {
    /// The folder of what `run` stores in `layer` for a stream. `date` is `YYYY-MM-DD`, the
    /// day on which the run was made (UTC).
    ///
    /// # Errors
    /// [`KeyError`] if the date has another form or the stream's name is empty or too long.
    pub fn folder(
        layer: Layer,
        tenant: &TenantId,
        integration: &Slug,
        stream: &str,
        date: &str,
        run: &RunId,
    ) -> Result<ObjectFolder, KeyError> {
        if !is_date(date) {
            return Err(refuse(date, "the date is not YYYY-MM-DD"));
        }
        let stream_part = format!("stream={}", encode(stream));
        if stream.is_empty() || stream_part.len() > PART_MOST {
            return Err(refuse(stream, "the stream's name is empty or too long"));
        }
        let layer = layer.as_str();
        Ok(ObjectFolder {
            text: format!(
                "lake/{layer}/tenant={tenant}/integration={integration}/{stream_part}/dt={date}/run={run}"
            ),
            tenant: tenant.clone(),
        })
    }

    /// The folder of something that was sent to `owner`, a connection or an integration; `id` is the
    /// platform's own.
    ///
    /// # Errors
    /// [`KeyError`] if the id has characters that a key may not have.
    pub fn sent(
        sent: Sent,
        tenant: &TenantId,
        owner: &Slug,
        id: &str,
    ) -> Result<ObjectFolder, KeyError> {
        if !is_part(&format!("id={id}")) {
            return Err(refuse(id, "the id is too long or not allowed"));
        }
        let (layer, what) = (Layer::Raw.as_str(), sent.as_str());
        Ok(ObjectFolder {
            text: format!("lake/{layer}/tenant={tenant}/{what}={owner}/id={id}"),
            tenant: tenant.clone(),
        })
    }

    /// Checks the text of a key, for example from a ledger row.
    ///
    /// # Errors
    /// [`KeyError`] if it breaks the rules of this module.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.split('/');
        if parts.next() != Some("lake") {
            return Err(refuse(text, "it does not start with lake/"));
        }
        let layer = parts.next().unwrap_or_default();
        if !Layer::ALL.iter().any(|known| known.as_str() == layer) {
            return Err(refuse(text, "its layer is unknown"));
        }
        let tenant = parts
            .next()
            .and_then(|part| part.strip_prefix("tenant="))
            .and_then(|name| TenantId::parse(name).ok())
            .ok_or_else(|| refuse(text, "its third part is not tenant=<name>"))?;
        let mut more = 0;
        for part in parts {
            if !is_part(part) {
                return Err(refuse(
                    text,
                    "a part of it is empty, too long or not allowed",
                ));
            }
            more += 1;
        }
        if more == 0 {
            return Err(refuse(text, "it names no object"));
        }
        Ok(Self {
            text: text.to_owned(),
            tenant,
        })
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whose object it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The path below the lake's folder.
    pub(crate) fn path(&self) -> &str {
        self.text.strip_prefix("lake/").unwrap_or(&self.text)
    }
}

impl ObjectFolder {
    /// `p00007-b000123.e2.<extension>`: partition, number of the page or batch in it, epoch of
    /// the lease that writes. The epoch keeps two writers apart when a lease was lost.
    ///
    /// # Errors
    /// [`KeyError`] if the extension has characters that a key may not have.
    pub fn file(
        &self,
        partition: u32,
        number: u32,
        epoch: u64,
        extension: &str,
    ) -> Result<ObjectKey, KeyError> {
        self.named(&format!(
            "p{partition:05}-b{number:06}.e{epoch}.{extension}"
        ))
    }

    /// The folder with that text, for example from a ledger row.
    ///
    /// # Errors
    /// [`KeyError`] if no key can be in it.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let key = ObjectKey::parse(text)?;
        Ok(Self {
            text: key.text,
            tenant: key.tenant,
        })
    }

    /// The folder's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A piece of what does not fit into one object, counted from 0.
    ///
    /// # Errors
    /// Never for a folder that was made here.
    pub fn piece(&self, no: u32) -> Result<ObjectKey, KeyError> {
        self.named(&format!("piece-{no:06}.zst"))
    }

    /// An object with a name of its own, for example `manifest.e3.json`.
    ///
    /// # Errors
    /// [`KeyError`] if the name has characters that a key may not have.
    pub fn named(&self, name: &str) -> Result<ObjectKey, KeyError> {
        if !is_part(name) {
            return Err(refuse(
                name,
                "the file name is empty, too long or not allowed",
            ));
        }
        Ok(ObjectKey {
            text: format!("{}/{name}", self.text),
            tenant: self.tenant.clone(),
        })
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ObjectKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

fn refuse(text: &str, reason: &'static str) -> KeyError {
    KeyError {
        text: tributary_model::issue::shorten(text, 200),
        reason,
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= PART_MOST
        && !part.starts_with('.')
        && part
            .bytes()
            .all(|b| is_plain(b) || matches!(b, b'=' | b'%'))
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// Percent-encodes what is not plain. `%` itself is encoded, so the result is unambiguous.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(stream: &str) -> Result<ObjectFolder, KeyError> {
        let run = RunId::parse("run_0190a0b0c0d0e0f00102030405060708").unwrap();
        ObjectKey::folder(
            Layer::Raw,
            &TenantId::parse("acme").unwrap(),
            &Slug::parse("orders").unwrap(),
            stream,
            "2026-03-01",
            &run,
        )
    }

    #[test]
    fn keys_look_as_documented_and_parse_back() {
        let key = folder("order_lines")
            .unwrap()
            .file(7, 123, 2, "ndjson.zst")
            .unwrap();
        assert_eq!(
            key.as_str(),
            "lake/raw/tenant=acme/integration=orders/stream=order_lines/dt=2026-03-01/run=run_0190a0b0c0d0e0f00102030405060708/p00007-b000123.e2.ndjson.zst"
        );
        assert_eq!(ObjectKey::parse(key.as_str()).unwrap(), key);
    }

    #[test]
    fn stream_names_cannot_leave_the_folder_or_meet() {
        let names = ["../../etc", "a/b", "a%2Fb", "..", "ä", "a b", "a=b", "x\0y"];
        let mut seen = std::collections::BTreeSet::new();
        for name in names {
            let key = folder(name).unwrap().named("x").unwrap();
            assert_eq!(key.as_str().split('/').count(), 8, "{key}");
            assert!(key.as_str().split('/').all(|part| part != ".."), "{key}");
            ObjectKey::parse(key.as_str()).unwrap();
            assert!(seen.insert(key.to_string()), "{key} twice");
        }
        assert!(folder("").is_err());
        assert!(folder(&"x".repeat(300)).is_err());
    }

    #[test]
    fn what_was_sent_lies_in_pieces() {
        let (tenant, inbox) = (
            TenantId::parse("acme").unwrap(),
            Slug::parse("inbox").unwrap(),
        );
        let folder = ObjectKey::sent(Sent::Upload, &tenant, &inbox, "upl_01").unwrap();
        assert_eq!(
            folder.piece(7).unwrap().as_str(),
            "lake/raw/tenant=acme/upload=inbox/id=upl_01/piece-000007.zst"
        );
        assert_eq!(ObjectFolder::parse(folder.as_str()).unwrap(), folder);
        assert!(ObjectKey::sent(Sent::Push, &tenant, &inbox, "a/b").is_err());
    }

    #[test]
    fn bad_texts_are_no_keys() {
        for text in [
            "",
            "lake",
            "lake/raw/tenant=acme",
            "lake/raw/tenant=acme/",
            "lake/raw/tenant=acme/../tenant=globex/x",
            "lake/raw/tenant=acme/./x",
            "lake/raw/tenant=acme/.hidden",
            "lake/raw/tenant=ACME/x",
            "lake/raw/tenant=/x",
            "lake/raw/x/tenant=acme",
            "lake/other/tenant=acme/x",
            "/lake/raw/tenant=acme/x",
            "lake/raw/tenant=acme/a\\b",
            "lake/raw/tenant=acme/a\0b",
        ] {
            assert!(ObjectKey::parse(text).is_err(), "{text:?}");
        }
        for name in ["", "..", ".x", "a/b", "a b"] {
            assert!(folder("s").unwrap().named(name).is_err(), "{name:?}");
        }
        let run = RunId::parse("run_0190a0b0c0d0e0f00102030405060708").unwrap();
        let (tenant, name) = (TenantId::parse("a").unwrap(), Slug::parse("i").unwrap());
        for date in ["2026-3-1", "2026-03-011", "../../..", "2026/03/01"] {
            assert!(ObjectKey::folder(Layer::Raw, &tenant, &name, "s", date, &run).is_err());
        }
    }
}
