//! One compiling process: start, limits, pipes, end.
//!
//! Memory is limited by looking at the peak of the resident set (`VmHWM`) each few milliseconds.
//! `RLIMIT_AS` is of no use since wasmtime reserves address space; `RLIMIT_DATA` counts what the
//! allocator has reserved, not what is used, so it is set with that much room, only to stop what
//! grows faster than we look.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Resource, Signal, setpriority_process};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{CompileError, CompileLimits, Compiler};
use crate::child_process::{self, limit, process};

/// Time between two looks at the memory.
const LOOK: Duration = Duration::from_millis(10);
/// What the allocator may reserve beyond what it uses.
const RESERVED_BYTES: u64 = 2 << 30;
/// How far the process stands back when others want the processor.
const NICE: i32 = 10;
/// Most bytes of stderr that are read.
const STDERR_BYTES: u64 = 64 << 10;

pub(super) async fn run(
    compiler: &Compiler,
    component: &[u8],
    limits: CompileLimits,
) -> Result<Vec<u8>, CompileError> {
    let child = child_process::start(&compiler.program, &compiler.args);
    let mut child = child.map_err(CompileError::Start)?;
    let result = limited(&mut child, component, limits).await;
    if result.is_err() {
        // Waits for the end, so that two never run side by side.
        let _ = child.kill().await;
    }
    result
}

async fn limited(
    child: &mut Child,
    component: &[u8],
    limits: CompileLimits,
) -> Result<Vec<u8>, CompileError> {
    let pid = child.id();
    // It has not got its component yet, so that no limit comes too late.
    confine(pid, limits).map_err(CompileError::Start)?;
    tokio::select! {
        ended = tokio::time::timeout(limits.time, work(child, component, limits)) => {
            ended.unwrap_or(Err(CompileError::Time(limits.time)))
        }
        () = beyond(pid, limits.memory_bytes) => Err(CompileError::Memory(limits.memory_bytes)),
    }
}

fn confine(pid: Option<u32>, limits: CompileLimits) -> std::io::Result<()> {
    let Some(number) = pid else {
        return Ok(());
    };
    let pid = process(pid);
    let limit = |resource, most| limit(pid, resource, most);
    limit(Resource::Data, limits.memory_bytes + RESERVED_BYTES)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    // Ends it even if this process is killed meanwhile.
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    limit(Resource::Cpu, (limits.time.as_secs() + 1) * threads)?;
    // Compiling takes all processors; whoever is running goes first.
    let _ = setpriority_process(pid, NICE);
    child_process::goes_first(number);
    Ok(())
}

/// Comes back when the peak of the resident set is beyond the limit.
async fn beyond(pid: Option<u32>, limit_bytes: u64) {
    let path = format!("/proc/{}/status", pid.unwrap_or_default());
    loop {
        tokio::time::sleep(LOOK).await;
        // Not there or without the line: it has ended, which the other side notices.
        let peak = std::fs::read_to_string(&path).ok();
        if peak.as_deref().and_then(peak_bytes) > Some(limit_bytes) {
            return;
        }
    }
}

fn peak_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

async fn work(
    child: &mut Child,
    component: &[u8],
    limits: CompileLimits,
) -> Result<Vec<u8>, CompileError> {
    let stdin = child.stdin.take();
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // Who ends early does not read to the end; the exit status tells why.
            let _ = stdin.write_all(component).await;
        }
        Ok(())
    };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let code = async {
        // One more than allowed shows that there is more.
        let code = read(stdout, limits.code_bytes + 1).await?;
        if code.len() as u64 > limits.code_bytes {
            return Err(CompileError::Code(limits.code_bytes));
        }
        Ok(code)
    };
    let said = read(stderr, STDERR_BYTES);
    let ((), code, said) = tokio::try_join!(feed, code, said)?;
    let status = child.wait().await.map_err(CompileError::Start)?;
    if status.success() {
        return Ok(code);
    }
    Err(failure(status, &said))
}

async fn read(from: Option<impl AsyncRead + Unpin>, most: u64) -> Result<Vec<u8>, CompileError> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        let read = from.take(most).read_to_end(&mut bytes).await;
        read.map_err(|error| CompileError::Broken(error.to_string()))?;
    }
    Ok(bytes)
}

/// What an exit other than 0 means.
fn failure(status: ExitStatus, said: &[u8]) -> CompileError {
    if let Ok(problem) = serde_json::from_slice::<Problem>(said)
        && problem.code == ErrorCode::ConnectorInvalid
    {
        return CompileError::Refused(problem.detail);
    }
    let said = String::from_utf8_lossy(said);
    tracing::warn!(%status, stderr = %said.trim(), "the compiling process failed");
    // An allocation that the system refuses aborts the program.
    let refused = said.contains("memory allocation of");
    let killed = [Signal::KILL, Signal::XCPU].map(|signal| Some(signal.as_raw()));
    if refused || killed.contains(&status.signal()) {
        return CompileError::System;
    }
    CompileError::Broken(status.to_string())
}
