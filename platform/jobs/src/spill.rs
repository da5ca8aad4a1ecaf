//! Rows that the grouper let go of for a while, in one unnamed file, sealed with the tenant's
//! key: customer data is never on the disk in the clear, and a crash leaves nothing behind.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_vault::TenantVault;

/// Bytes of one bucket that may come back to memory at once. Buckets are made for an eighth of it:
/// more than this means that very many rows share one key.
const MOST_BUCKET_BYTES: usize = 64 << 20;

/// Where a sealed chunk lies in the file.
struct Chunk {
    bucket: u16,
    start: u64,
    length: usize,
}

/// See the module.
pub(crate) struct SpillFile<'a> {
    vault: &'a TenantVault,
    /// binds chunks to the partition they belong to
    object: String,
    file: Option<File>,
    end: u64,
    chunks: Vec<Chunk>,
}

impl<'a> SpillFile<'a> {
    /// Nothing is written until the first spill.
    pub(crate) fn new(vault: &'a TenantVault, object: String) -> Self {
        Self {
            vault,
            object,
            file: None,
            end: 0,
            chunks: Vec::new(),
        }
    }

    /// Seals and keeps one chunk.
    pub(crate) fn keep(&mut self, bucket: u16, plain: &[u8]) -> Result<(), Problem> {
        let name = format!("{}/{}", self.object, self.chunks.len());
        let sealed = self
            .vault
            .seal("spill", &name, plain)
            .map_err(|error| failed(&error))?;
        let file = match &mut self.file {
            Some(file) => file,
            None => self
                .file
                .insert(tempfile::tempfile().map_err(|e| failed(&e))?),
        };
        file.write_all(&sealed).map_err(|error| failed(&error))?;
        self.chunks.push(Chunk {
            bucket,
            start: self.end,
            length: sealed.len(),
        });
        self.end += sealed.len() as u64;
        Ok(())
    }

    /// The chunks of `bucket`, in the order in which they were kept.
    pub(crate) fn chunks(&mut self, bucket: u16) -> Result<Vec<Vec<u8>>, Problem> {
        let mut found = Vec::new();
        let Some(file) = &mut self.file else {
            return Ok(found);
        };
        let of_bucket = self.chunks.iter().filter(|chunk| chunk.bucket == bucket);
        let bytes: usize = of_bucket.map(|chunk| chunk.length).sum();
        fits(bytes)?;
        for (number, chunk) in self.chunks.iter().enumerate() {
            if chunk.bucket != bucket {
                continue;
            }
            let mut sealed = vec![0; chunk.length];
            file.seek(SeekFrom::Start(chunk.start))
                .and_then(|_| file.read_exact(&mut sealed))
                .map_err(|error| failed(&error))?;
            let name = format!("{}/{number}", self.object);
            let plain = self.vault.open("spill", &name, &sealed);
            found.push(plain.map_err(|error| failed(&error))?);
        }
        Ok(found)
    }
}

fn failed(error: &dyn std::error::Error) -> Problem {
    let detail = format!("rows could not be set aside for grouping: {error}");
    Problem::new(ErrorCode::StorageFailed, detail)
}

/// Whether rows that belong together may be in memory together.
pub(crate) fn fits(bytes: usize) -> Result<(), Problem> {
    if bytes <= MOST_BUCKET_BYTES {
        return Ok(());
    }
    let detail = format!(
        "rows with the same group key take {} MiB; at most {} MiB are held",
        bytes >> 20,
        MOST_BUCKET_BYTES >> 20
    );
    let hint = "look at \"by\" of the mapping's group: very many rows have the same value there";
    Err(Problem::new(ErrorCode::RecordTooLarge, detail).hint(hint))
}
