//! `codec`: native decoders over a reader.

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use wasmtime::component::Resource;

use super::io::{Reader, Rows};
use crate::bindings::contract::codec::Host;
use crate::bindings::contract::types::Error;
use crate::rows;
use crate::session::Guest;

impl Host for Guest {
    async fn decode(
        &mut self,
        reader: Resource<Reader>,
        format: String,
        options: String,
    ) -> wasmtime::Result<Result<Resource<Rows>, Error>> {
        let Some(reader) = self.table.delete(reader)?.into_unread() else {
            let detail = "the connector read a part of the bytes and then asked to decode them";
            let problem = Problem::new(ErrorCode::ConnectorFailed, detail);
            return Ok(self.answer("codec", Err(problem)));
        };
        match rows::open(reader, &format, &options) {
            Ok(source) => {
                let handle = self.table.push(Rows::new(source))?;
                Ok(self.answer("codec", Ok(handle)))
            }
            Err(problem) => Ok(self.answer("codec", Err(problem))),
        }
    }
}
