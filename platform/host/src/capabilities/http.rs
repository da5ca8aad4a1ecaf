//! `http`: requests below the connection's base address. Credentials are added behind this point.

use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::Resource;

use super::connections::ConnectionHandle;
use super::io::Reader;
use crate::bindings::contract::http::{Host, Method, Request, Response};
use crate::bindings::contract::types::Error;
use crate::connection::{HttpRequest, MAX_BODY_BYTES};
use crate::rows::ByteReader;
use crate::session::Guest;

impl Host for Guest {
    async fn send(
        &mut self,
        connection: Resource<ConnectionHandle>,
        request: Request,
    ) -> wasmtime::Result<Result<Response, Error>> {
        self.table.get(&connection)?;
        let limit = self.host_call_timeout;
        let timeout = request
            .timeout_ms
            .map_or(limit, |ms| Duration::from_millis(u64::from(ms)))
            .min(limit);
        let method = match request.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        let request = HttpRequest {
            method: method.to_owned(),
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body.map(Bytes::from),
            idempotency_key: request.idempotency_key,
            timeout_ms: Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
        };
        let mut hold = match self.account.hold(MAX_BODY_BYTES) {
            Ok(hold) => hold,
            Err(problem) => return Ok(self.answer("http", Err(problem))),
        };
        match self.call.connection.send(request).await {
            Ok(response) => {
                hold.shrink(response.body.len());
                let body = Reader::new(ByteReader::memory(response.body, hold));
                let body = self.table.push(body)?;
                Ok(self.answer(
                    "http",
                    Ok(Response {
                        status: response.status,
                        headers: response.headers,
                        body,
                    }),
                ))
            }
            Err(error) => Ok(self.answer("http", Err(error.problem))),
        }
    }
}
