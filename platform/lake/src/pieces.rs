//! Something large as a row of objects of [`PIECE_BYTES`] each (the last one is shorter), so that it is
//! neither held in memory when it comes nor when it goes, and can be read from any place.
//!
//! Invariants: every piece is an object like any other: compressed, sealed for its tenant and its own
//! key, durable before the next one. How many there are stands in the ledger alone, so a row of pieces
//! without its end cannot be taken for the whole.

use bytes::{Bytes, BytesMut};
use tributary_model::pieces::Pieces;
use tributary_vault::TenantVault;

use crate::key::ObjectFolder;
use crate::{Lake, LakeError};

/// Plain bytes of a piece. What holds a stream needs one of them at a time, and its sealed form.
pub const PIECE_BYTES: usize = 4 << 20;

/// Takes bytes as they come and stores them piece by piece.
#[derive(Debug)]
pub struct PieceWriter {
    lake: Lake,
    vault: TenantVault,
    folder: ObjectFolder,
    buffer: BytesMut,
    bytes: u64,
    count: u32,
}

impl Lake {
    /// A writer of pieces in `folder`. What it wrote is garbage until the ledger names it.
    #[must_use]
    pub fn piece_writer(&self, vault: &TenantVault, folder: ObjectFolder) -> PieceWriter {
        PieceWriter {
            lake: self.clone(),
            vault: vault.clone(),
            folder,
            buffer: BytesMut::new(),
            bytes: 0,
            count: 0,
        }
    }

    /// The plain bytes of piece `no`.
    ///
    /// # Errors
    /// As [`Lake::get`]; a piece beyond the last is `Missing`.
    pub async fn piece(
        &self,
        vault: &TenantVault,
        pieces: &Pieces,
        no: u32,
    ) -> Result<Bytes, LakeError> {
        let key = ObjectFolder::parse(&pieces.folder)?.piece(no)?;
        if no >= pieces.count {
            return Err(LakeError::Missing(key.to_string()));
        }
        self.get(vault, key.as_str(), vault.tenant()).await
    }

    /// Removes all pieces. The ledger must have stopped naming them.
    ///
    /// # Errors
    /// As [`Lake::remove`], after trying all of them.
    pub async fn remove_pieces(
        &self,
        vault: &TenantVault,
        pieces: &Pieces,
    ) -> Result<(), LakeError> {
        let folder = ObjectFolder::parse(&pieces.folder)?;
        let mut outcome = Ok(());
        for no in 0..pieces.count {
            let removed = self.remove(vault.tenant(), &folder.piece(no)?).await;
            outcome = outcome.and(removed);
        }
        outcome
    }
}

impl PieceWriter {
    /// Takes the next bytes; stores a piece whenever one is full.
    ///
    /// # Errors
    /// As [`Lake::put`].
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), LakeError> {
        while !bytes.is_empty() {
            let free = PIECE_BYTES.saturating_sub(self.buffer.len());
            let (now, later) = bytes.split_at(bytes.len().min(free));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == PIECE_BYTES {
                self.store().await?;
            }
        }
        Ok(())
    }

    /// Stores what is left; all pieces are durable when it returns. Nothing at all is no piece.
    ///
    /// # Errors
    /// As [`Lake::put`].
    pub async fn finish(&mut self) -> Result<Pieces, LakeError> {
        if !self.buffer.is_empty() {
            self.store().await?;
        }
        Ok(self.written())
    }

    /// What was stored so far, for who gives up and removes it.
    #[must_use]
    pub fn written(&self) -> Pieces {
        Pieces {
            folder: self.folder.as_str().to_owned(),
            bytes: self.bytes,
            count: self.count,
            piece_bytes: u32::try_from(PIECE_BYTES).unwrap_or(u32::MAX),
        }
    }

    async fn store(&mut self) -> Result<(), LakeError> {
        let key = self.folder.piece(self.count)?;
        let piece = self.buffer.split().freeze();
        let length = piece.len() as u64;
        self.lake.put(&self.vault, &key, piece).await?;
        self.bytes += length;
        self.count = self.count.saturating_add(1);
        Ok(())
    }
}
