//! Each kind of credential against a server that checks it with code of its own, and what is told
//! when it is refused.

mod canary;
pub(crate) mod certificate;
mod consent;
mod fixed;
mod login;
mod oauth2;
mod repeated;
mod signed;

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_host::{
    Connection, ConnectionPorts, EgressPolicy, HttpRequest, HttpResponse, TokenKeeper,
};
use tributary_model::clock::Clock;
use tributary_model::document::ConnectionDocument;
use tributary_model::problem::Problem;

/// A connection to `http://PLACE/base/` with this credential; `also` are further places it may
/// reach.
pub(crate) struct Setting {
    pub(crate) place: String,
    pub(crate) also: Vec<String>,
    pub(crate) auth: Value,
    pub(crate) secrets: Value,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) keeper: Option<Arc<dyn TokenKeeper>>,
    /// of the connector's manifest
    pub(crate) recipe: Option<Value>,
}

impl Setting {
    pub(crate) fn new(place: &str, auth: Value, secrets: Value) -> Self {
        Self {
            place: place.to_owned(),
            also: Vec::new(),
            auth,
            secrets,
            clock: None,
            keeper: None,
            recipe: None,
        }
    }

    /// The same with a connector that describes its credentials.
    pub(crate) fn described(mut self, recipe: Value) -> Self {
        self.recipe = Some(recipe);
        self
    }

    pub(crate) fn connect(&self) -> Result<Connection, Problem> {
        let document: ConnectionDocument = serde_json::from_value(json!({
            "name": "api", "connector": "rest",
            "endpoint": {
                "kind": "http", "base_url": format!("http://{}/base/", self.place),
                "auth": self.auth,
            },
            "secrets": self.secrets,
        }))
        .unwrap();
        let mut allow = self.also.clone();
        allow.push(self.place.clone());
        let mut ports = ConnectionPorts::new(&EgressPolicy { allow });
        if let Some(clock) = &self.clock {
            ports.clock = Arc::clone(clock);
        }
        ports.keeper.clone_from(&self.keeper);
        let recipe = self.recipe.clone();
        ports.recipe = recipe.map(|recipe| serde_json::from_value(recipe).unwrap());
        Connection::with_ports(&document, &ports)
    }
}

pub(crate) fn get(path: &str, query: &[(&str, &str)]) -> HttpRequest {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    HttpRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: query.iter().map(owned).collect(),
        ..HttpRequest::default()
    }
}

pub(crate) fn post(path: &str, content_type: &str, body: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body: Some(body.to_owned().into()),
        ..HttpRequest::default()
    }
}

pub(crate) fn text(response: &HttpResponse) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}

/// Where a setting is refused.
pub(crate) fn refused_at(setting: &Setting) -> Option<String> {
    setting.connect().err().and_then(|problem| problem.pointer)
}
