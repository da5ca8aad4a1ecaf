//! The whole body of an answer that is looked at in here.

use tributary_sdk::{Error, Result, io};

/// Largest answer that is taken in here, bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// Reads a body to its end. `label` is how people call the request, `advice` what to do about an
/// answer that is too large.
///
/// # Errors
/// More than [`MAX_BYTES`], or what reading came to.
pub fn whole(body: &io::Reader, label: &str, advice: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let part = body.read(1 << 20)?;
        if part.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&part);
        if bytes.len() > MAX_BYTES {
            let message = format!("{label}: the answer is larger than {MAX_BYTES} bytes; {advice}");
            return Err(Error::data(message).with_code("source_protocol"));
        }
    }
}
