//! Zip files out of parts, stored and with right check sums, so that what is fuzzed is the part and
//! not the check sum. Deliberately absent: everything that a reader does not look at.

use flate2::Crc;

/// A zip file with these members.
#[must_use]
pub fn stored(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for (name, bytes) in members {
        let start = number(out.len());
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut facts = Vec::new();
        facts.extend([20, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // version, flags, stored, time, day
        facts.extend(crc.sum().to_le_bytes());
        facts.extend(number(bytes.len()));
        facts.extend(number(bytes.len()));
        facts.extend(&number(name.len())[..2]);
        facts.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&facts);
        out.extend(name.as_bytes());
        out.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&facts);
        directory.extend([0; 10]);
        directory.extend(start);
        directory.extend(name.as_bytes());
    }
    let (start, size) = (number(out.len()), number(directory.len()));
    let count = &number(members.len())[..2];
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend(size);
    out.extend(start);
    out.extend([0, 0]);
    out
}

fn number(value: usize) -> [u8; 4] {
    u32::try_from(value)
        .expect("inputs are small")
        .to_le_bytes()
}
