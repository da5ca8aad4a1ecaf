//! Where something large lies in the lake: a folder of pieces, each an object of its own. The ledger
//! keeps this; without it nobody can tell a row of pieces from its beginning.

/// What a ledger row keeps about pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces {
    /// text of the folder's key
    pub folder: String,
    /// length of the plain bytes
    pub bytes: u64,
    /// number of pieces
    pub count: u32,
    /// plain bytes of every piece but the last
    pub piece_bytes: u32,
}

impl Pieces {
    /// Which piece holds the byte at `offset`, and where in it.
    #[must_use]
    pub fn place(&self, offset: u64) -> (u32, usize) {
        let size = u64::from(self.piece_bytes.max(1));
        let within = usize::try_from(offset % size).unwrap_or(0);
        (u32::try_from(offset / size).unwrap_or(u32::MAX), within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_place() {
        let pieces = Pieces {
            folder: String::new(),
            bytes: 25,
            count: 3,
            piece_bytes: 10,
        };
        assert_eq!(pieces.place(0), (0, 0));
        assert_eq!(pieces.place(9), (0, 9));
        assert_eq!(pieces.place(10), (1, 0));
        assert_eq!(pieces.place(24), (2, 4));
    }
}
