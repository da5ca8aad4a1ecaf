//! Component to native code, in a process of its own: compiling a hostile component may take any
//! time and memory, and the memory of an honest one is given back when the process ends.
//!
//! Invariants: the process gets the component and nothing else (no environment, no descriptors but
//! stdio, no keys); it ends at the time limit, at the memory limit or when nobody waits for it any
//! more; whatever it does, the host goes on.
//!
//! Deliberately absent: trust in less than the program itself. Its output is run as native code,
//! so [`Compiler::program`] must be this very build.

mod child;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use wasmtime::{Engine, Precompiled};

use crate::engine;

/// A program that runs [`compile_worker`] on its stdin and stdout.
#[derive(Debug, Clone)]
pub struct Compiler {
    /// absolute path, of the same build as this one
    pub program: PathBuf,
    pub args: Vec<String>,
}

/// What one compilation may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CompileLimits {
    pub(crate) time: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) code_bytes: u64,
}

/// Why there is no native code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    #[error("the compiler could not be started")]
    Start(#[source] std::io::Error),
    #[error("it takes longer than {} s to compile", .0.as_secs_f64())]
    Time(Duration),
    #[error("it takes more than {} MiB of memory to compile", .0 >> 20)]
    Memory(u64),
    #[error("compiling it was stopped by the system, for memory or CPU time")]
    System,
    #[error("its native code has more than {} MiB", .0 >> 20)]
    Code(u64),
    #[error("it asks for more than a connector may have: {0}")]
    Room(String),
    #[error("it does not compile: {0}")]
    Refused(String),
    #[error("it broke the compiler ({0})")]
    Broken(String),
}

impl CompileError {
    pub(crate) fn problem(&self, connector: &str) -> Problem {
        if let Self::Start(error) = self {
            // Paths of the machine are for the operator only.
            tracing::error!(%error, "the compiling process could not be started");
        }
        let code = match self {
            Self::Start(_) => ErrorCode::Internal,
            Self::Time(_) | Self::Memory(_) | Self::System | Self::Code(_) | Self::Room(_) => {
                ErrorCode::ConnectorLimit
            }
            Self::Refused(_) | Self::Broken(_) => ErrorCode::ConnectorInvalid,
        };
        let problem = Problem::new(code, format!("the connector {connector}: {self}"));
        match self {
            Self::Start(_) => problem,
            Self::Broken(_) => {
                problem.hint("see the server's log; if other connectors fail too, restart it")
            }
            Self::Refused(_) => problem.hint("build it with the SDK"),
            _ => problem.hint("make the component smaller: fewer and smaller functions"),
        }
    }
}

/// What the compiling process runs: a component from `input`, native code for a [`crate::Host`] of
/// the same build to `output`. Reads no configuration and no file. The caller writes the problem as
/// one JSON object to stderr and exits with 1.
///
/// # Errors
/// [`ErrorCode::ConnectorInvalid`] for bytes that do not compile, [`ErrorCode::Internal`] if the
/// pipes break or the engine does not start.
pub fn compile_worker(mut input: impl Read, mut output: impl Write) -> Result<(), Problem> {
    let internal = |what: &str, error: &dyn std::error::Error| {
        Problem::new(ErrorCode::Internal, format!("{what}: {error}"))
    };
    let engine = engine::unpooled().map_err(|error| internal("no engine", &error))?;
    let mut component = Vec::new();
    input
        .read_to_end(&mut component)
        .map_err(|error| internal("the component could not be read", &error))?;
    let code = compile(&engine, &component).map_err(|error| {
        // The host says whose component it is.
        let text = match error {
            CompileError::Refused(text) => text,
            other => other.to_string(),
        };
        Problem::new(ErrorCode::ConnectorInvalid, text)
    })?;
    output
        .write_all(&code)
        .and_then(|()| output.flush())
        .map_err(|error| internal("the code could not be written", &error))
}

/// In this process, on this thread.
pub(crate) fn compile(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, CompileError> {
    engine
        .precompile_component(component)
        .map_err(|error| CompileError::Refused(error.root_cause().to_string()))
}

/// In a process of its own. Dropping the future kills the process.
pub(crate) async fn compile_apart(
    compiler: &Compiler,
    component: &[u8],
    limits: CompileLimits,
) -> Result<Vec<u8>, CompileError> {
    let code = child::run(compiler, component, limits).await?;
    match Engine::detect_precompiled(&code) {
        Some(Precompiled::Component) => Ok(code),
        _ => Err(CompileError::Broken("it gave no native code".to_owned())),
    }
}
