//! Writing an object: nothing is to be seen before `commit`, and nothing stays if it never comes.

use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::S3Endpoint;
use crate::connection::SendError;

/// Bytes of one part; the protocol's least is 5 MiB, and 10,000 parts its most.
const PART_BYTES: usize = 8 << 20;
const MAX_PARTS: usize = 10_000;

/// An object that is being written. Dropped before `commit`, it never was.
pub(crate) struct S3Writer {
    endpoint: Arc<S3Endpoint>,
    path: String,
    key: String,
    buffer: BytesMut,
    upload: Option<String>,
    parts: Vec<CompletedPart>,
}

impl S3Writer {
    pub(crate) fn new(endpoint: &Arc<S3Endpoint>, path: &str) -> Result<Self, Problem> {
        Ok(Self {
            key: endpoint.key(path)?,
            endpoint: Arc::clone(endpoint),
            path: path.to_owned(),
            buffer: BytesMut::new(),
            upload: None,
            parts: Vec::new(),
        })
    }

    /// Takes bytes; sends what fills a part.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        self.buffer.extend_from_slice(bytes);
        while self.buffer.len() > PART_BYTES {
            let part = self.buffer.split_to(PART_BYTES).freeze();
            self.send_part(part).await?;
        }
        Ok(())
    }

    /// Makes the object appear, or replaces the one that is there. The answer is its version.
    pub(crate) async fn commit(mut self) -> Result<Option<String>, SendError> {
        let rest = std::mem::take(&mut self.buffer).freeze();
        if self.upload.is_none() {
            return self.put(rest).await;
        }
        if !rest.is_empty() {
            self.send_part(rest).await?;
        }
        let parts = std::mem::take(&mut self.parts);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        let endpoint = &self.endpoint;
        let answer = endpoint
            .client
            .complete_multipart_upload()
            .bucket(&endpoint.bucket)
            .key(&self.key)
            .set_upload_id(self.upload.clone())
            .multipart_upload(parts.build())
            .send()
            .boxed()
            .await
            .map_err(|error| endpoint.send_error(&self.path, &error))?;
        self.upload = None;
        Ok(answer.e_tag().map(str::to_owned))
    }

    async fn put(&self, bytes: Bytes) -> Result<Option<String>, SendError> {
        let endpoint = &self.endpoint;
        let answer = endpoint
            .client
            .put_object()
            .bucket(&endpoint.bucket)
            .key(&self.key)
            .body(ByteStream::from(bytes))
            .send()
            .boxed()
            .await
            .map_err(|error| endpoint.send_error(&self.path, &error))?;
        Ok(answer.e_tag().map(str::to_owned))
    }

    async fn send_part(&mut self, bytes: Bytes) -> Result<(), SendError> {
        let number = self.parts.len() + 1;
        if number > MAX_PARTS {
            let detail = format!(
                "{:?} is larger than {MAX_PARTS} parts of {PART_BYTES} bytes",
                self.path
            );
            return Err(SendError::unsent(Problem::new(
                ErrorCode::ConfigInvalid,
                detail,
            )));
        }
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let endpoint = Arc::clone(&self.endpoint);
        if self.upload.is_none() {
            let answer = endpoint
                .client
                .create_multipart_upload()
                .bucket(&endpoint.bucket)
                .key(&self.key)
                .send()
                .boxed()
                .await
                .map_err(|error| endpoint.send_error(&self.path, &error))?;
            self.upload = answer.upload_id().map(str::to_owned);
        }
        let answer = endpoint
            .client
            .upload_part()
            .bucket(&endpoint.bucket)
            .key(&self.key)
            .set_upload_id(self.upload.clone())
            .part_number(number)
            .body(ByteStream::from(bytes))
            .send()
            .boxed()
            .await
            .map_err(|error| endpoint.send_error(&self.path, &error))?;
        let part = CompletedPart::builder().part_number(number);
        self.parts
            .push(part.set_e_tag(answer.e_tag().map(str::to_owned)).build());
        Ok(())
    }
}

impl Drop for S3Writer {
    /// Parts that nobody completes would be kept and paid for.
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else {
            return;
        };
        let (endpoint, key) = (Arc::clone(&self.endpoint), std::mem::take(&mut self.key));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let abort = endpoint.client.abort_multipart_upload();
                let abort = abort.bucket(&endpoint.bucket).key(key).upload_id(upload);
                if let Err(error) = abort.send().boxed().await {
                    let problem = endpoint.problem("", &error);
                    tracing::warn!(%problem, "an upload that was given up could not be taken back");
                }
            });
        }
    }
}
