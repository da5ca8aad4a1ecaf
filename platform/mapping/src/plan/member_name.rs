//! The name of a member of the target, as it is written.
//!
//! Names are short and written once for every value: a piece of a fixed length and a cut cost less than a
//! copy of just as many bytes as there are.

/// Longest name that is written by the piece, in bytes with its signs.
const PIECE: usize = 32;

/// `,"name":"` and the same without the comma; the last quote opens a text.
#[derive(Debug)]
pub(crate) struct MemberName {
    /// with the comma, for names that are longer than a piece
    written: Box<[u8]>,
    /// as the first member of an object, and after another
    pieces: [[u8; PIECE]; 2],
    lengths: [usize; 2],
}

impl MemberName {
    pub(crate) fn new(name: &str) -> Self {
        let mut written = vec![b','];
        written.extend(serde_json::to_vec(name).unwrap_or_default());
        written.extend(b":\"");
        let mut pieces = [[0; PIECE]; 2];
        if written.len() <= PIECE {
            for (piece, from) in pieces.iter_mut().zip([1, 0]) {
                for (place, byte) in piece.iter_mut().zip(written.iter().skip(from)) {
                    *place = *byte;
                }
            }
        }
        Self {
            lengths: [written.len() - 1, written.len()],
            written: written.into(),
            pieces,
        }
    }

    /// Appends the name, with a comma if another member stands before it.
    #[inline(always)]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.open(1, out);
    }

    /// Appends the name and the quote that opens a text.
    #[inline(always)]
    pub(crate) fn open_text(&self, out: &mut Vec<u8>) {
        self.open(0, out);
    }

    /// Appends the name without its last `cut` bytes.
    #[inline(always)]
    fn open(&self, cut: usize, out: &mut Vec<u8>) {
        let place = usize::from(out.last() != Some(&b'{'));
        let start = out.len();
        let [short, long] = self.lengths;
        let end = start + if place == 0 { short } else { long } - cut;
        if long > PIECE {
            out.extend_from_slice(self.written.get(1 - place..).unwrap_or_default());
            out.truncate(end);
            return;
        }
        let [first, later] = &self.pieces;
        out.extend_from_slice(if place == 0 { first } else { later });
        out.truncate(end);
    }

    /// Bytes that [`Self::write`] appends to an object that is empty, or has a member.
    pub(crate) fn length(&self, is_first: bool) -> usize {
        self.written.len() - 1 - usize::from(is_first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_names_alike() {
        for length in [0, 1, 25, 26, 27, 28, 29, 60] {
            let name = "n".repeat(length);
            let member = MemberName::new(&name);
            let mut out = b"{".to_vec();
            member.write(&mut out);
            assert_eq!(out, format!("{{\"{name}\":").into_bytes());
            assert_eq!(member.length(true), out.len() - 1);
            out.push(b'1');
            let before = out.len();
            member.write(&mut out);
            assert_eq!(out, format!("{{\"{name}\":1,\"{name}\":").into_bytes());
            assert_eq!(member.length(false), out.len() - before);
            member.open_text(&mut out);
            assert!(out.ends_with(format!(":,\"{name}\":\"").as_bytes()));
        }
    }
}
