//! Reading an object from some offset on: one request, so what is read is one version of it.

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::FutureExt as _;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{S3Endpoint, errors, size};

pub(crate) struct S3Reader {
    path: String,
    place: String,
    body: ByteStream,
    /// of the whole object
    size: Option<u64>,
}

impl S3Endpoint {
    /// The object's bytes from `offset` on; with `version` only if it still is that one.
    pub(crate) async fn open(
        &self,
        path: &str,
        offset: u64,
        version: Option<&str>,
    ) -> Result<S3Reader, Problem> {
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(self.key(path)?)
            .set_range((offset > 0).then(|| format!("bytes={offset}-")))
            .set_if_match(version.map(str::to_owned))
            .send()
            .boxed()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|raw| raw.status().as_u16() == 416) =>
            {
                return self.at_the_end(path, offset, version).await;
            }
            Err(error) => return Err(self.problem(path, &error)),
        };
        // Some stores do not know If-Match.
        if version.is_some() && answer.e_tag() != version {
            return Err(errors::changed(path, &self.place));
        }
        let start = format!("bytes {offset}-");
        if offset > 0
            && !answer
                .content_range()
                .is_some_and(|range| range.starts_with(&start))
        {
            let detail = format!(
                "{} does not give {path:?} from byte {offset} on",
                self.place
            );
            return Err(Problem::new(ErrorCode::SourceProtocol, detail));
        }
        Ok(S3Reader {
            path: path.to_owned(),
            place: self.place.clone(),
            size: answer
                .content_length()
                .map(|left| offset + size(Some(left))),
            body: answer.body,
        })
    }

    /// There is nothing from `offset` on. That is no error if the object ends just there.
    async fn at_the_end(
        &self,
        path: &str,
        offset: u64,
        version: Option<&str>,
    ) -> Result<S3Reader, Problem> {
        let entry = self.stat(path).await?;
        if entry.size != offset || version.is_some() && entry.version.as_deref() != version {
            return Err(errors::changed(path, &self.place));
        }
        Ok(S3Reader {
            path: path.to_owned(),
            place: self.place.clone(),
            body: ByteStream::default(),
            size: Some(entry.size),
        })
    }
}

impl S3Reader {
    pub(crate) fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            match self.body.next().await {
                None => return Ok(None),
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => return Ok(Some(chunk)),
                Some(Err(_)) => {
                    let detail = format!(
                        "the connection to {} broke while {:?} was read",
                        self.place, self.path
                    );
                    return Err(Problem::new(ErrorCode::ConnectionUnreachable, detail));
                }
            }
        }
    }
}
