//! A source as in the kit's template, that goes astray as its configuration says.

use serde::{Deserialize, Serialize};
use tributary_sdk::serde_json::json;
use tributary_sdk::{
    CheckStep, Connection, Error, ErrorKind, Method, Request, Result, Rows, Selection, Source,
    StreamInfo, checkpoint, connections, control, http, log,
};

#[derive(Deserialize)]
#[serde(default)]
pub struct Config {
    path: String,
    fault: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "items".to_owned(),
            fault: String::new(),
        }
    }
}

impl Config {
    fn astray(&self, fault: &str) -> bool {
        self.fault == fault
    }
}

#[derive(Serialize, Deserialize)]
pub struct Checkpoint {
    page: u32,
}

pub struct Items;

/// `None`: the last page was read.
fn page(connection: &Connection, config: &Config, number: u32) -> Result<Option<Rows>> {
    let request = Request {
        method: Method::Get,
        path: config.path.clone(),
        query: vec![("page".to_owned(), number.to_string())],
        headers: Vec::new(),
        body: None,
        idempotency_key: None,
        timeout_ms: None,
    };
    let response = match http::send(connection, &request) {
        Ok(response) => response,
        Err(error) if error.kind == ErrorKind::Transient && config.astray("unreachable") => {
            return Err(Error::new(ErrorKind::NotFound, "no answer"));
        }
        Err(error) if error.kind == ErrorKind::Transient && config.astray("cut") => return Ok(None),
        Err(error) if error.kind == ErrorKind::Denied && config.astray("denied") => {
            return Err(Error::transient("try again"));
        }
        Err(error) => return Err(error),
    };
    match response.status {
        401 if config.astray("bad_credentials") => return Err(Error::bug("401?")),
        429 if config.astray("rate_limited") => return Err(Error::transient("429")),
        503 if config.astray("server_error") => return Ok(None),
        404 => return Ok(None),
        _ => {}
    }
    let response = response.succeeded("the API")?;
    let options = json!({"records": "/items", "source": "page"});
    Rows::decode(response.body, "json", &options).map(Some)
}

impl Source for Items {
    type Config = Config;
    type Partition = String;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get("api")?;
        if config.astray("check") {
            return Ok(vec![CheckStep::failed("mood", &Error::data("not today"))]);
        }
        if config.astray("unchecked") {
            return Ok(vec![CheckStep::ok("nothing", "nothing was asked")]);
        }
        page(&connection, config, 1)?;
        Ok(vec![CheckStep::ok("first page", "read")])
    }

    fn discover(config: &Config) -> Result<Vec<StreamInfo>> {
        let id = match config.fault.as_str() {
            "discover" => json!({"type": 7}),
            "schema" => json!({"type": "integer"}),
            _ => json!({"type": "string"}),
        };
        let key = if config.astray("key") { "group" } else { "id" };
        Ok(vec![StreamInfo {
            name: "items".to_owned(),
            schema: json!({"type": "object", "required": ["id"], "properties": {"id": id}}),
            primary_key: vec![key.to_owned()],
            cursor_field: None,
            full: true,
            incremental: false,
            partitioned: false,
        }])
    }

    fn partitions(_config: &Config, _selection: &Selection) -> Result<Vec<String>> {
        Ok(vec!["all".to_owned()])
    }

    fn read(config: &Config, selection: &Selection) -> Result<()> {
        let connection = connections::get("api")?;
        let mut at = selection.checkpoint()?.unwrap_or(Checkpoint { page: 1 });
        if config.astray("memory") {
            let much = vec![1_u8; 200 << 20];
            log::info("much", &[("bytes", &much.len().to_string())]);
        }
        if config.astray("no_secret_told") {
            log::info("signing in with token=abcdefgh", &[]);
        }
        while !control::stopping() {
            let Some(rows) = page(&connection, config, at.page)? else {
                return Ok(());
            };
            at.page += 1;
            if config.astray("resume") {
                checkpoint(&at)?;
            }
            rows.pipe("items", u32::MAX)?;
            if !config.astray("no_checkpoint") {
                checkpoint(&at)?;
            }
        }
        Ok(())
    }
}

tributary_sdk::export_source!(Items);
