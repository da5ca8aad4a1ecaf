//! A client of TAXMAN, and what it sends.

use serde_json::{Value, json};
use tributary_counterparts::taxman::{self, Config};
use tributary_counterparts::web::Handle;

pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Client {
    pub(crate) fn new(handle: &Handle) -> Self {
        // The client is built without TLS use; the provider is installed because reqwest wants one.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self {
            http: reqwest::Client::new(),
            url: handle.url.clone(),
            token: handle.token.clone(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let request = self
            .http
            .get(format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<(u16, Value), reqwest::Error> {
        let request = self
            .http
            .post(format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        let answer = request
            .header("Idempotency-Key", key)
            .json(body)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    pub(crate) async fn tax(&self, key: &str, transaction: &Value) -> (u16, Value) {
        self.post("/v1/transactions", key, transaction)
            .await
            .unwrap()
    }

    pub(crate) async fn effects(&self) -> Value {
        self.get("/_control/effects").await.1
    }

    pub(crate) async fn faults(&self, faults: Value) {
        assert_eq!(
            self.post("/_control/faults", "", &faults).await.unwrap().0,
            200
        );
    }
}

pub(crate) fn order(code: &str) -> Value {
    json!({
        "type": "SalesInvoice", "code": code, "company_code": "ACME", "date": "2026-10-05",
        "customer_code": "K-1", "currency_code": "EUR",
        "addresses": { "ship_to": { "line1": "Hauptstraße 1", "city": "Köln", "country": "DE", "postal_code": "50667" } },
        "lines": [
            { "number": "10", "quantity": 2, "amount": 0.50, "tax_code": "VAT_STANDARD", "item_code": "A", "description": "\"Ü\"" },
            { "number": "20", "quantity": 1.5, "amount": 100, "tax_code": "VAT_REDUCED" },
        ],
        "total_amount": 100.50,
    })
}

pub(crate) async fn taxman() -> (Handle, Client) {
    let handle = taxman::start(Config::default()).await.unwrap();
    let client = Client::new(&handle);
    (handle, client)
}
