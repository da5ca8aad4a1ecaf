//! A socket to the connection's host and port, for protocols that the host does not speak.
//!
//! [`Socket`] is [`std::io::Read`] and [`std::io::Write`], so `BufReader` and `BufWriter` work on it; `?` turns
//! their errors into this kit's. Address, TLS and client certificate are the host's business.

use std::io;

use crate::bindings::imports::tributary::connector::tcp as contract;
use crate::{Connection, Error, Result};

/// The host takes no more in one call, with room for what is around it.
const MAX_WRITE_BYTES: usize = 1 << 20;

/// An open socket; closed when it is dropped. After an error it is of no more use.
pub struct Socket(contract::Socket);

impl Socket {
    /// Opens a socket; at most 4 are open at a time.
    ///
    /// # Errors
    /// Nobody answers there, or the certificate is not believed.
    pub fn connect(connection: &Connection) -> Result<Self> {
        Ok(Self(contract::connect(connection)?))
    }
}

impl io::Read for &Socket {
    /// At least one byte, as soon as there is one; 0 at the end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let max = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let came = self.0.read(max).map_err(io::Error::other::<Error>)?;
        let (place, _) = buffer.split_at_mut(came.len().min(max as usize));
        place.copy_from_slice(&came);
        Ok(came.len())
    }
}

impl io::Write for &Socket {
    /// All of it, up to 1 MiB at a time.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let (part, _) = data.split_at(data.len().min(MAX_WRITE_BYTES));
        self.0.write(part).map_err(io::Error::other::<Error>)?;
        Ok(part.len())
    }

    /// Nothing waits here.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &*self, buffer)
    }
}

impl io::Write for Socket {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut &*self, data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
