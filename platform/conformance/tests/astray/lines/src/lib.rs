//! A source that speaks lines over a socket, and goes astray as its configuration says.
//!
//! The server greets with `SCALES 1`; `COUNT` is answered by a number, `FROM n m` by at most m rows from the n-th on, a line
//! each and a point behind them, `QUIT` by nothing.

use std::io::{BufRead as _, BufReader, Write as _};

use serde::{Deserialize, Serialize};
use tributary_sdk::bindings::imports::tributary::connector::{tcp as contract, types::Encoding};
use tributary_sdk::serde_json::json;
use tributary_sdk::tcp::Socket;
use tributary_sdk::{
    Batch, CheckStep, Connection, Error, Result, Selection, Source, StreamInfo, checkpoint,
    connections, control, output,
};

#[derive(Deserialize)]
#[serde(default)]
pub struct Config {
    page: u64,
    fault: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            page: 2,
            fault: String::new(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub struct Checkpoint {
    next: u64,
}

struct Server(BufReader<Socket>);

impl Server {
    fn open(connection: &Connection) -> Result<Self> {
        let mut server = Self(BufReader::new(Socket::connect(connection)?));
        match server.line()?.as_str() {
            "SCALES 1" => Ok(server),
            other => Err(Error::data(format!("{other:?} is no greeting"))),
        }
    }

    fn ask(&mut self, question: &str) -> Result<()> {
        Ok(self
            .0
            .get_mut()
            .write_all(format!("{question}\n").as_bytes())?)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        match line.strip_suffix('\n') {
            Some(line) => Ok(line.to_owned()),
            None => Err(Error::transient("the server hung up")),
        }
    }
}

/// What comes of sockets until one is refused, up to a thousand.
fn sockets(connection: &Connection, keep: bool) -> Vec<CheckStep> {
    let mut kept = Vec::new();
    for number in 0..1_000 {
        match Socket::connect(connection) {
            Ok(socket) if keep => kept.push(socket),
            Ok(_) => {}
            Err(error) => {
                let code = error.code.unwrap_or_default();
                return vec![CheckStep::ok("sockets", format!("{number}, then {code}"))];
            }
        }
    }
    vec![CheckStep::ok("sockets", "1000")]
}

/// A socket that is not given back.
fn forgotten(connection: &Connection) -> Result<Vec<CheckStep>> {
    std::mem::forget(Server::open(connection)?);
    Ok(vec![CheckStep::ok("forgotten", "open")])
}

/// Twelve mebibytes in one call of the contract itself, which is more than the host takes.
fn huge(connection: &Connection) -> Result<Vec<CheckStep>> {
    contract::connect(connection)?.write(&vec![7; 12 << 20])?;
    Ok(vec![CheckStep::ok("huge", "written")])
}

/// To who does not listen.
fn flood(connection: &Connection) -> Result<Vec<CheckStep>> {
    let mut socket = Socket::connect(connection)?;
    let piece = vec![7; 1 << 20];
    loop {
        socket.write_all(&piece)?;
    }
}

/// After a failure a socket is of no more use.
fn again(connection: &Connection) -> Result<Vec<CheckStep>> {
    let socket = contract::connect(connection)?;
    loop {
        match socket.read(100) {
            Ok(came) if came.is_empty() => return Ok(vec![CheckStep::ok("again", "ended")]),
            Ok(_) => {}
            Err(first) => {
                let second = socket.read(100).err().map(|error| error.message);
                let second = second.unwrap_or_default();
                let message = format!("{} / {second}", first.message);
                return Ok(vec![CheckStep::ok("again", message)]);
            }
        }
    }
}

pub struct Scales;

impl Source for Scales {
    type Config = Config;
    type Partition = String;

    fn check(config: &Config) -> Result<Vec<CheckStep>> {
        let connection = connections::get("scales")?;
        match config.fault.as_str() {
            "keep" => return Ok(sockets(&connection, true)),
            "cycle" => return Ok(sockets(&connection, false)),
            "forgotten" => return forgotten(&connection),
            "huge" => return huge(&connection),
            "flood" => return flood(&connection),
            "again" => return again(&connection),
            _ => {}
        }
        let mut server = Server::open(&connection)?;
        if config.fault == "silence" {
            server.line()?;
        }
        server.ask("COUNT")?;
        let count = server.line()?;
        Ok(vec![CheckStep::ok("count", format!("{count} rows"))])
    }

    fn discover(_config: &Config) -> Result<Vec<StreamInfo>> {
        Ok(vec![StreamInfo {
            name: "weights".to_owned(),
            schema: json!({"type": "object", "required": ["id"], "properties": {
                "id": {"type": "string"}, "weight": {"type": "string"},
            }}),
            primary_key: vec!["id".to_owned()],
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
        let mut server = Server::open(&connections::get("scales")?)?;
        let mut at = selection.checkpoint()?.unwrap_or(Checkpoint { next: 0 });
        while !control::stopping() {
            server.ask(&format!("FROM {} {}", at.next, config.page))?;
            let (mut data, mut rows) = (Vec::new(), 0);
            loop {
                let line = server.line()?;
                if line == "." {
                    break;
                }
                let (id, weight) = line
                    .split_once(';')
                    .ok_or_else(|| Error::data(format!("{line:?} is no row")))?;
                data.extend(format!("{}\n", json!({"id": id, "weight": weight})).into_bytes());
                rows += 1;
            }
            if rows == 0 {
                server.ask("QUIT")?;
                return Ok(());
            }
            output::emit(&Batch {
                stream: "weights".to_owned(),
                encoding: Encoding::Ndjson,
                rows,
                data,
            })?;
            at.next += u64::from(rows);
            checkpoint(&at)?;
        }
        Ok(())
    }
}

tributary_sdk::export_source!(Scales);
