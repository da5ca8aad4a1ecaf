//! `connections`: the handle to the one connection of the call.

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use wasmtime::component::Resource;

use crate::bindings::contract::connections::{Host, HostConnection};
use crate::bindings::contract::types::Error;
use crate::session::Guest;

/// What a guest holds: nothing but the right to name the connection.
#[expect(unreachable_pub, reason = "bindgen re-exports the type it is given")]
pub struct ConnectionHandle;

impl Host for Guest {
    async fn get(
        &mut self,
        label: String,
    ) -> wasmtime::Result<Result<Resource<ConnectionHandle>, Error>> {
        if label != self.label {
            let detail = format!(
                "the manifest declares the connection {:?}, not {label:?}",
                self.label
            );
            let problem = Problem::new(ErrorCode::ConnectorDenied, detail);
            return Ok(self.answer("connections", Err(problem)));
        }
        let handle = self.table.push(ConnectionHandle)?;
        Ok(self.answer("connections", Ok(handle)))
    }
}

impl HostConnection for Guest {
    async fn label(&mut self, handle: Resource<ConnectionHandle>) -> wasmtime::Result<String> {
        self.host_calls.count("connections");
        self.table.get(&handle)?;
        Ok(self.label.clone())
    }

    async fn base_url(&mut self, handle: Resource<ConnectionHandle>) -> wasmtime::Result<String> {
        self.host_calls.count("connections");
        self.table.get(&handle)?;
        Ok(self.call.connection.base_url())
    }

    async fn drop(&mut self, handle: Resource<ConnectionHandle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}
