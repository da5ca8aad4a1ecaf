//! One runner's process: start, limits, frames, end.
//!
//! Invariants: it has no environment and no descriptors but its pipes; its limits are set before it gets
//! the connector's code; dropping it kills it.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use rustix::process::Resource;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::Runner;
use super::wire::{Cut, FromRunner, LENGTH_BYTES, Load, Said, ToRunner, frame};
use crate::child_process::{self, limit, process};

/// Memory beside the guest's: the program, the connector's native code, frames on their way.
const OWN_BYTES: u64 = 384 << 20;
/// Largest file it may write: there is none but the images of memories, which have no name.
const FILE_BYTES: u64 = 512 << 20;
/// Descriptors: its pipes, and what an engine needs.
const DESCRIPTORS: u64 = 32;
/// Frame bytes beyond what a guest may pass in one call: numbers, lengths.
const FRAME_SPARE_BYTES: usize = 1 << 20;
/// Time to start and to load the connector.
const START: Duration = Duration::from_secs(30);
/// Time to learn how it ended.
const END: Duration = Duration::from_secs(1);
/// Most bytes of what it said at its end.
const LAST_WORDS_BYTES: u64 = 4 << 10;

pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    most_bytes: usize,
}

impl Process {
    /// Starts a runner and gives it its connector.
    pub(super) async fn start(runner: &Runner, load: Load<'_>) -> io::Result<Self> {
        let mut child = child_process::start(&runner.program, &runner.args)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(input), Some(output)) = (input, output) else {
            return Err(io::Error::other("a runner without pipes"));
        };
        confine(child.id(), &load)?;
        let host_call_bytes = usize::try_from(load.host_call_bytes).unwrap_or(usize::MAX);
        let mut started = Self {
            child,
            input,
            output: BufReader::with_capacity(64 << 10, output),
            most_bytes: host_call_bytes.saturating_add(FRAME_SPARE_BYTES),
        };
        let loaded = tokio::time::timeout(START, started.load(load)).await;
        loaded.map_err(io::Error::other).flatten()?;
        Ok(started)
    }

    async fn load(&mut self, load: Load<'_>) -> io::Result<()> {
        self.send(&ToRunner::Load(load)).await?;
        match self.receive().await?.said {
            Said::Ready(cut) => self.noted(cut),
            _ => return Err(io::Error::other("a runner that loaded nothing")),
        }
        Ok(())
    }

    fn noted(&self, cut: Cut) {
        tracing::debug!(
            runner.pid = self.child.id(),
            runner.no_privileges = cut.privileges,
            runner.no_network = cut.network,
            runner.no_files = cut.files,
            "a runner was started"
        );
    }

    pub(super) async fn send(&mut self, value: &impl Serialize) -> io::Result<()> {
        let frame = frame(value).map_err(io::Error::other)?;
        self.input.write_all(&frame).await
    }

    /// The next frame. A longer one than any guest can cause is an error.
    pub(super) async fn receive(&mut self) -> io::Result<FromRunner> {
        let mut length = [0; LENGTH_BYTES];
        self.output.read_exact(&mut length).await?;
        let length = u32::from_le_bytes(length) as usize;
        if length > self.most_bytes {
            return Err(io::Error::other("a frame larger than any call can be"));
        }
        let mut frame = vec![0; length];
        self.output.read_exact(&mut frame).await?;
        postcard::from_bytes(&frame).map_err(io::Error::other)
    }

    /// Whether it is still there; asked before it is used again.
    pub(super) fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it, and tells how it ended if it did so by itself.
    pub(super) async fn end(&mut self, error: &io::Error) -> String {
        // Who broke the pipe is about to end; who broke the rules is not.
        let ended = match gone(error) {
            true => tokio::time::timeout(END, self.child.wait()).await,
            false => Ok(self
                .child
                .try_wait()
                .and_then(|status| status.ok_or_else(|| io::Error::other("it was still running")))),
        };
        let status = match ended {
            Ok(Ok(status)) => status,
            _ => {
                self.kill();
                return format!("its runner broke the rules: {error}");
            }
        };
        let mut words = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let mut stderr = stderr.take(LAST_WORDS_BYTES);
            let _ = tokio::time::timeout(END, stderr.read_to_end(&mut words)).await;
        }
        let words = String::from_utf8_lossy(&words);
        tracing::warn!(%status, stderr = %words.trim(), "a runner ended during a call");
        match status.signal() {
            Some(signal) => format!("its runner was ended by signal {signal}"),
            None => format!("its runner ended with {status}"),
        }
    }

    /// At once, without waiting for it.
    pub(super) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.start_kill();
    }
}

/// Whether the process closed its end of the pipes, and not broke a rule.
pub(super) fn gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe
    )
}

fn confine(number: Option<u32>, load: &Load<'_>) -> io::Result<()> {
    let pid = process(number);
    let memory_bytes = u64::from(load.memory_mib) << 20;
    // The code is there as a frame, as a copy and as what runs.
    let code_bytes = 3 * load.code.len() as u64;
    limit(pid, Resource::Data, memory_bytes + code_bytes + OWN_BYTES)?;
    limit(pid, Resource::Fsize, FILE_BYTES)?;
    limit(pid, Resource::Nofile, DESCRIPTORS)?;
    limit(pid, Resource::Core, 0)?;
    if let Some(number) = number {
        child_process::goes_first(number);
    }
    Ok(())
}
