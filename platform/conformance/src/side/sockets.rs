//! Sockets of the other sides: played, recorded, listened to.
//!
//! What is said over a socket is cut into turns: what was sent, and what came until more was sent. A
//! played socket answers by the turn whose `sent` is what was just sent, whichever socket it was recorded
//! on, so that a read that is resumed elsewhere finds its answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use tributary_host::OtherSocket;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::fault::Fault;
use super::heard::{Event, Listener};
use super::player::Asked;
use crate::case::{Cassette, RecordedSocket, RecordedTurn};

/// Longest conversation that is recorded, bytes of one turn.
const MAX_TURN_BYTES: usize = 64 << 20;
/// Bytes of a question that a message shows.
const SHOWN: usize = 80;

/// Plays the turns of a cassette.
pub(super) struct Played {
    cassette: Arc<Cassette>,
    asked: Asked,
    /// since the last answer
    sent: Vec<u8>,
    /// of the current answer
    rest: Bytes,
    /// the other side may still speak unasked
    fresh: bool,
    ended: bool,
    broken: Option<Problem>,
}

impl Played {
    pub(super) fn new(cassette: Arc<Cassette>, asked: Asked) -> Self {
        Self {
            cassette,
            asked,
            sent: Vec::new(),
            rest: Bytes::new(),
            fresh: true,
            ended: false,
            broken: None,
        }
    }

    /// Finds the answer to what was sent.
    async fn turn(&mut self) -> Result<(), Problem> {
        let fault = self.asked.fault().await;
        let sent = std::mem::take(&mut self.sent);
        let greeting = std::mem::take(&mut self.fresh) && sent.is_empty();
        let turns = self.cassette.sockets.iter();
        let turns: Vec<&RecordedTurn> = turns.flat_map(|socket| &socket.turns).collect();
        let fits = |(_, turn): &(usize, &&RecordedTurn)| turn.sent().as_ref() == Some(&sent);
        let found: Vec<(usize, &&RecordedTurn)> = match sent.is_empty() && !greeting {
            true => Vec::new(),
            false => turns.iter().enumerate().filter(fits).collect(),
        };
        let turn = found.first().map(|(first, _)| self.asked.turn(*first));
        let turn = turn.and_then(|turn| found.get(turn).or(found.last()));
        let Some((_, turn)) = turn else {
            return Err(self.asked.miss(&question(&sent)));
        };
        self.rest = Bytes::from(turn.came().unwrap_or_default());
        self.ended = turn.ended;
        let Some(fault) = fault else {
            return Ok(());
        };
        let half = self.rest.len() / 2;
        match (&fault, fault.problem("the server")) {
            (Fault::Truncated, _) => {
                self.rest.truncate(half);
                self.ended = true;
            }
            (Fault::Cut, problem) => {
                self.rest.truncate(half);
                self.broken = problem;
            }
            (_, Some(problem)) => return Err(problem),
            (_, None) => {}
        }
        Ok(())
    }
}

/// What was sent, as messages show it.
fn question(sent: &[u8]) -> String {
    if sent.is_empty() {
        return "a socket that waits without having asked".to_owned();
    }
    let shown = sent.get(..SHOWN).unwrap_or(sent);
    format!("{:?} over a socket", String::from_utf8_lossy(shown))
}

#[async_trait]
impl OtherSocket for Played {
    async fn read(&mut self, max: usize) -> Result<Bytes, Problem> {
        while self.rest.is_empty() {
            if let Some(problem) = self.broken.take() {
                return Err(problem);
            }
            if self.ended {
                return Ok(Bytes::new());
            }
            self.turn().await?;
        }
        Ok(self.rest.split_to(max.min(self.rest.len())))
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), Problem> {
        self.sent.extend_from_slice(data);
        Ok(())
    }

    async fn finish(&mut self) {}
}

/// Takes what must not be kept out of bytes.
type Clean = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// Keeps what is said over a real socket.
pub(super) struct Recorded {
    inner: Box<dyn OtherSocket>,
    cassette: Arc<Mutex<Cassette>>,
    clean: Clean,
    /// its place in the cassette
    place: usize,
    /// of the current turn
    sent: Vec<u8>,
    came: Vec<u8>,
    ended: bool,
    /// a turn has begun and stands last in the cassette
    kept: bool,
}

impl Recorded {
    pub(super) fn new(
        inner: Box<dyn OtherSocket>,
        cassette: Arc<Mutex<Cassette>>,
        clean: Clean,
    ) -> Self {
        let place = {
            let mut cassette = cassette.lock().unwrap_or_else(PoisonError::into_inner);
            cassette.sockets.push(RecordedSocket::default());
            cassette.sockets.len() - 1
        };
        Self {
            inner,
            cassette,
            clean,
            place,
            sent: Vec::new(),
            came: Vec::new(),
            ended: false,
            kept: false,
        }
    }

    /// Writes the turn anew. A secret may have come in two parts, so it is cleaned as a whole.
    fn keep(&mut self) {
        let turn = RecordedTurn::of(&(self.clean)(&self.sent), &(self.clean)(&self.came));
        let turn = RecordedTurn {
            ended: self.ended,
            ..turn
        };
        let mut cassette = self.cassette.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(socket) = cassette.sockets.get_mut(self.place) {
            if self.kept {
                socket.turns.pop();
            }
            socket.turns.push(turn);
            self.kept = true;
        }
    }
}

#[async_trait]
impl OtherSocket for Recorded {
    async fn read(&mut self, max: usize) -> Result<Bytes, Problem> {
        let bytes = self.inner.read(max).await?;
        if self.came.len() + bytes.len() > MAX_TURN_BYTES {
            let detail = format!("the server said more than {MAX_TURN_BYTES} bytes at a time");
            let problem = Problem::new(ErrorCode::SourceProtocol, detail);
            return Err(problem.hint("record with less data"));
        }
        self.came.extend_from_slice(&bytes);
        self.ended = bytes.is_empty();
        self.keep();
        Ok(bytes)
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), Problem> {
        self.inner.write(data).await?;
        if self.kept {
            self.kept = false;
            self.sent.clear();
            self.came.clear();
        }
        self.sent.extend_from_slice(data);
        Ok(())
    }

    async fn finish(&mut self) {
        self.inner.finish().await;
    }
}

/// Tells of what is said.
pub(super) struct Overheard {
    pub(super) inner: Box<dyn OtherSocket>,
    pub(super) listener: Listener,
}

impl Overheard {
    fn tell(&self, what: &str, started: Instant, result: Result<usize, &Problem>) {
        (self.listener)(&Event::Asked {
            what: what.to_owned(),
            ok: result.is_ok(),
            answer: match result {
                Ok(bytes) => format!("{bytes} bytes"),
                Err(problem) => problem.to_string(),
            },
            millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
    }
}

#[async_trait]
impl OtherSocket for Overheard {
    async fn read(&mut self, max: usize) -> Result<Bytes, Problem> {
        let started = Instant::now();
        let read = self.inner.read(max).await;
        self.tell("read", started, read.as_ref().map(Bytes::len));
        read
    }

    async fn write(&mut self, data: &[u8]) -> Result<(), Problem> {
        let started = Instant::now();
        let written = self.inner.write(data).await;
        self.tell("write", started, written.as_ref().map(|()| data.len()));
        written
    }

    async fn finish(&mut self) {
        self.inner.finish().await;
    }
}
