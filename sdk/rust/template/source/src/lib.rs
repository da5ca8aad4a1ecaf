//! my-connector: items of an API that gives them page by page, as
//! `GET items?page=1&page_size=100` → `{"items": [{"id": "…", "name": "…"}]}`.
//!
//! The rows never come into this program: the host decodes the answer and pipes them on. After each
//! page there is a checkpoint, so that what was cut off goes on at its last page.

use serde::{Deserialize, Serialize};
use tributary_sdk::serde_json::json;
use tributary_sdk::{
    CheckStep, Connection, Error, Method, Request, Response, Result, Rows, Selection, Source,
    StreamInfo, checkpoint, connections, control, http, log,
};

/// Label of the connection in `connector.json`.
const CONNECTION: &str = "api";
/// Name of the one stream.
const STREAM: &str = "items";

/// `config` of a connection. `tributary connector build` writes its schema into `connector.json`; what stands
/// here above a member is what a person is told who is asked for it.
#[tributary_sdk::config]
#[serde(default)]
pub struct Config {
    /// Where the items are, below the address of the connection.
    #[schemars(length(min = 1))]
    pub path: String,
    /// Items asked for at a time.
    #[schemars(range(min = 1, max = 1000))]
    pub page_size: u32,
}

tributary_sdk::config_schema!(Config);

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "items".to_owned(),
            page_size: 100,
        }
    }
}

/// What can be read side by side: here the stream as a whole.
#[derive(Serialize, Deserialize)]
pub struct Part {
    key: String,
}

/// Where reading stands.
#[derive(Serialize, Deserialize)]
pub struct Checkpoint {
    /// the page to ask for next, counted from 1
    page: u32,
    /// the last page was read
    done: bool,
}

/// The connector.
pub struct Items;

impl Source for Items {
    type Config = Config;
    type Partition = Part;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get(CONNECTION)?;
        Ok(vec![match page(&connection, config, 1) {
            Ok(_) => CheckStep::ok("first page", "the API answers and knows the credential"),
            Err(error) => CheckStep::failed("first page", &error),
        }])
    }

    fn discover(_config: &Config) -> Result<Vec<StreamInfo>> {
        Ok(vec![StreamInfo {
            name: STREAM.to_owned(),
            schema: json!({
                "type": "object",
                "required": ["id"],
                "properties": { "id": { "type": "string" }, "name": { "type": ["string", "null"] } }
            }),
            primary_key: vec!["id".to_owned()],
            cursor_field: None,
            full: true,
            incremental: false,
            partitioned: false,
        }])
    }

    fn partitions(_config: &Config, selection: &Selection) -> Result<Vec<Part>> {
        if selection.stream != STREAM {
            return Err(Error::config(
                "/stream",
                format!("there is no stream {:?}, only {STREAM:?}", selection.stream),
            ));
        }
        Ok(vec![Part {
            key: STREAM.to_owned(),
        }])
    }

    fn read(config: &Config, selection: &Selection) -> Result<()> {
        let connection = connections::get(CONNECTION)?;
        let first = Checkpoint {
            page: 1,
            done: false,
        };
        let mut at = selection.checkpoint()?.unwrap_or(first);
        while !at.done {
            if control::stopping() {
                return Ok(()); // whoever asked knows; a read without time left is called again with this checkpoint
            }
            let response = page(&connection, config, at.page)?;
            let source = format!("page {}", at.page);
            let options = json!({ "source": source, "records": "/items" });
            let piped = Rows::decode(response.body, "json", &options)?.pipe(STREAM, u32::MAX)?;
            log::info(
                "read",
                &[("page", &source), ("rows", &piped.rows.to_string())],
            );
            // A page that is not full is the last one.
            at.done = piped.rows < u64::from(config.page_size);
            at.page += 1;
            checkpoint(&at)?;
        }
        Ok(())
    }
}

/// Asks for one page. A failure's kind says what the platform does next: wait, try again, or tell
/// somebody; a connector never tries again by itself.
fn page(connection: &Connection, config: &Config, number: u32) -> Result<Response> {
    let request = Request {
        method: Method::Get,
        path: config.path.clone(),
        query: vec![
            ("page".to_owned(), number.to_string()),
            ("page_size".to_owned(), config.page_size.to_string()),
        ],
        headers: vec![("accept".to_owned(), "application/json".to_owned())],
        body: None,
        idempotency_key: None,
        timeout_ms: Some(30_000),
    };
    http::send(connection, &request)?.succeeded(&format!("page {number}"))
}

#[cfg(target_arch = "wasm32")]
tributary_sdk::export_source!(Items);
