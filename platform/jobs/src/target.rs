//! The engine's delivery target, made of a connector and its connection.

use async_trait::async_trait;
use tributary_engine::deliver::Target;
use tributary_host::{HttpResponse, SendError};
use tributary_host::{RowFinding, RowOutcome, TargetBatch, TargetCall};
use tributary_model::problem::Problem;

use crate::context::Side;

/// The target side of a run.
pub(crate) struct HostTarget<'a> {
    pub(crate) side: &'a Side,
    pub(crate) timeout_ms: u64,
}

#[async_trait]
impl Target for HostTarget<'_> {
    async fn prepare(&self, batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem> {
        let side = self.side;
        side.connector
            .prepare(&side.call, &side.config, batch)
            .await
    }

    async fn send(&self, call: &TargetCall) -> Result<HttpResponse, SendError> {
        let request = call.request(Some(self.timeout_ms));
        self.side.call.connection.send(request).await
    }

    async fn settle(
        &self,
        call: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowOutcome>, Problem> {
        let side = self.side;
        side.connector
            .settle(&side.call, &side.config, call, response)
            .await
    }
    async fn inquire(&self, batch: TargetBatch<'_>) -> Result<Vec<TargetCall>, Problem> {
        let side = self.side;
        side.connector
            .inquire(&side.call, &side.config, batch)
            .await
    }

    async fn judge(
        &self,
        inquiry: &TargetCall,
        response: &HttpResponse,
    ) -> Result<Vec<RowFinding>, Problem> {
        let side = self.side;
        side.connector
            .judge(&side.call, &side.config, inquiry, response)
            .await
    }
}
