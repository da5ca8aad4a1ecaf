//! The hostile suite: some hundred components that mean harm, one after the other on one host, with
//! a well-behaved neighbour beside them. Measured for each: how it ends, how long that takes, what the
//! process needs, what the neighbour feels; and over all of them: nothing reaches a canary, and the
//! connection's secret is never in a guest's memory.
//!
//! The figures are printed as a table; `platform/docs/security/hostile-suite.md` shows a run.

mod calls;
mod case;
mod gate;
pub(super) mod guest;
mod neighbour;
mod process;
mod run;
mod web;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tributary_formats::page::Page;
use tributary_host::{
    CallContext, Compiler, Connector, EgressPolicy, Host, HostConfig, HttpResponse, Isolation,
    PageSink, Selection, TargetBatch, TargetCall, compile_worker,
};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use case::{Case, Entry, Expect};
use guest::Guest;
use neighbour::{Neighbour, percentile};
use process::{Search, forget_peak, peak, resident};
use web::{Canaries, Web};

use crate::support::{SECRET, context, http_document, this_program_as_runner};

/// Samples of the neighbour alone before each case.
const ALONE: usize = 8;
/// What any one case may add to the resident set: its 16 MiB, what the host keeps for it (128 MiB)
/// and the largest component with its copies.
const MOST_GROWTH_BYTES: u64 = 224 << 20;
/// A guest gives way at each tick of 10 ms; where the neighbour's calls are shorter than two of them,
/// these count instead of "twice as long".
const TICKS: Duration = Duration::from_millis(20);
/// No call may take longer: 2 s of `read_wall_s`, 300 ms of CPU on a busy machine, time-outs of 2 s.
const MOST_TIME: Duration = Duration::from_secs(12);

struct Bed {
    host: Host,
    isolation: Isolation,
    web: Web,
    neighbour: Arc<Neighbour>,
}

/// What one case did.
struct Row {
    name: &'static str,
    ending: String,
    took: Duration,
    growth: u64,
    beside: Vec<Duration>,
    fault: Option<String>,
}

impl Bed {
    /// Cases run in `isolation`, the neighbour in this process.
    async fn start(isolation: Isolation) -> Self {
        let web = Web::start().await;
        let host = Host::new(HostConfig {
            pool_instances: 8,
            egress: EgressPolicy {
                allow: vec![web.place.clone()],
            },
            compiler: Some(this_program_as_compiler()),
            compile_timeout: Duration::from_secs(10),
            compile_memory_bytes: 768 << 20,
            runner: Some(this_program_as_runner()),
            ..HostConfig::default()
        })
        .unwrap();
        let call = call(&host, &web, CancellationToken::new());
        let neighbour = Neighbour::load(&host, call).await;
        Self {
            host,
            isolation,
            web,
            neighbour,
        }
    }

    async fn row(&self, case: &Case, alone: &mut Vec<Duration>) -> Row {
        for _ in 0..ALONE {
            alone.push(self.neighbour.sample().await);
        }
        forget_peak();
        let before = resident();
        let stop = Arc::new(AtomicBool::new(false));
        let beside = self.neighbour.keep(Arc::clone(&stop));
        let (ending, took) = self.ending(case).await;
        let growth = peak().saturating_sub(before);
        stop.store(true, Ordering::Relaxed);
        let mut fault = judge(case, &ending);
        if growth > MOST_GROWTH_BYTES {
            fault = Some(format!("{} MiB", growth >> 20));
        }
        let most = match case.cancel_after {
            Some(after) => after + Duration::from_secs(1),
            None => MOST_TIME,
        };
        if took > most && !matches!(case.expect, Expect::Any) {
            fault = Some(format!("took {took:?}"));
        }
        Row {
            name: case.name,
            ending: describe(&ending),
            took,
            growth,
            beside: beside.await.unwrap(),
            fault,
        }
    }

    /// Loads and calls; the time is the call's.
    async fn ending(&self, case: &Case) -> (Ending, Duration) {
        let started = Instant::now();
        let connector = match self.host.load_in(&case.bytes, self.isolation).await {
            Ok(connector) => connector,
            Err(problem) => return (Ending::Refused(problem), started.elapsed()),
        };
        let cancel = CancellationToken::new();
        let call = call(&self.host, &self.web, cancel.clone());
        let (entry, config) = (case.entry, case.config.clone());
        let started = Instant::now();
        let task = tokio::spawn(async move { enter(&connector, &call, entry, &config).await });
        if let Some(after) = case.cancel_after {
            tokio::time::sleep(after).await;
            cancel.cancel();
        }
        let ending = match task.await.unwrap() {
            Ok(()) => Ending::Answered,
            Err(problem) => Ending::Ended(problem),
        };
        (ending, started.elapsed())
    }
}

/// How a case ended.
enum Ending {
    Refused(Problem),
    Ended(Problem),
    Answered,
}

fn describe(ending: &Ending) -> String {
    match ending {
        Ending::Refused(problem) => format!("refused: {}", problem.code),
        Ending::Ended(problem) => format!("ended: {}", problem.code),
        Ending::Answered => "answered, got nothing".to_owned(),
    }
}

/// What is wrong with an ending, if anything is.
fn judge(case: &Case, ending: &Ending) -> Option<String> {
    let fits = |problem: &Problem, code: ErrorCode, word: &str| {
        problem.code == code && problem.detail.contains(word) && problem.detail.len() < 10_000
    };
    let (right, said) = match (&case.expect, ending) {
        (Expect::Refused(code, word), Ending::Refused(problem))
        | (Expect::Ends(code, word), Ending::Ended(problem)) => {
            (fits(problem, *code, word), problem.detail.clone())
        }
        (Expect::Any, Ending::Refused(problem) | Ending::Ended(problem)) => {
            let known = [ErrorCode::ConnectorInvalid, ErrorCode::ConnectorLimit];
            (known.contains(&problem.code), problem.detail.clone())
        }
        (Expect::Answers | Expect::Any, Ending::Answered) => (true, String::new()),
        (_, Ending::Refused(problem) | Ending::Ended(problem)) => (false, problem.detail.clone()),
        (_, Ending::Answered) => (false, "it answered".to_owned()),
    };
    (!right).then(|| format!("{}: {said}", describe(ending)))
}

fn call(host: &Host, web: &Web, cancel: CancellationToken) -> CallContext {
    let document = http_document(&format!("http://{}/base", web.place), SECRET);
    let mut call = context(document, host.egress()).unwrap();
    call.cancel = cancel;
    call
}

/// Forgets what comes.
struct Drain;

#[async_trait]
impl PageSink for Drain {
    async fn page(&mut self, _page: Page) -> Result<(), Problem> {
        Ok(())
    }

    async fn checkpoint(&mut self, _state: Value) -> Result<(), Problem> {
        Ok(())
    }
}

async fn enter(
    connector: &Connector,
    call: &CallContext,
    entry: Entry,
    config: &Value,
) -> Result<(), Problem> {
    let selection = Selection {
        stream: "orders".to_owned(),
        ..Selection::default()
    };
    match entry {
        Entry::Check => connector.check(call, config).await.map(|_| ()),
        Entry::Discover => connector.discover(call, config).await.map(|_| ()),
        Entry::Partitions => connector
            .partitions(call, config, &selection)
            .await
            .map(|_| ()),
        Entry::Read => connector
            .read(call, config, &selection, &mut Drain)
            .await
            .map(|_| ()),
        Entry::Prepare => {
            let batch = TargetBatch {
                stream: "orders",
                ndjson: b"{}\n{}\n",
                rows: 2,
                keys: &["a".to_owned(), "b".to_owned()],
            };
            connector.prepare(call, config, batch).await.map(|_| ())
        }
        Entry::Settle => {
            let (target_call, response) = exchange();
            connector
                .settle(call, config, &target_call, &response)
                .await
                .map(|_| ())
        }
    }
}

fn exchange() -> (TargetCall, HttpResponse) {
    let target_call = TargetCall {
        method: "POST".to_owned(),
        path: "x".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: bytes::Bytes::new(),
        rows: vec![0, 1],
        idempotency_key: None,
        context: None,
    };
    let response = HttpResponse {
        status: 200,
        headers: Vec::new(),
        body: bytes::Bytes::from_static(b"{}"),
        duration_ms: 1,
    };
    (target_call, response)
}

/// The server compiles in a process of its own; here that is this test program, which runs one test
/// with its output on descriptor 3, because the test runner writes to the first.
fn this_program_as_compiler() -> Compiler {
    let program = std::env::current_exe().unwrap();
    let script = format!(
        "exec {} --exact hostile::suite::compiling --ignored --nocapture 3>&1 >/dev/null",
        program.display()
    );
    Compiler {
        program: "/bin/sh".into(),
        args: vec!["-c".to_owned(), script],
    }
}

#[test]
#[ignore = "the compiling process of the suite"]
fn compiling() {
    let Ok(output) = std::fs::File::options().write(true).open("/dev/fd/3") else {
        println!("skipped: not started by the suite");
        return;
    };
    if let Err(problem) = compile_worker(std::io::stdin(), output) {
        // Before the runner can add words of its own.
        let _ = serde_json::to_writer(std::io::stderr(), &problem);
        std::process::exit(1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_means_harm_does_harm() {
    suite(Isolation::Process).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_means_harm_does_harm_from_a_runner() {
    suite(Isolation::Runner).await;
}

async fn suite(isolation: Isolation) {
    let bed = Bed::start(isolation).await;
    let canaries = Canaries::start().await;
    let search = Search::start(secrets());
    let mut cases = gate::cases();
    cases.extend(run::cases());
    cases.extend(calls::cases());
    let names: std::collections::BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "a name stands twice");
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let (mut alone, mut rows) = (Vec::new(), Vec::new());
    for case in &cases {
        rows.push(bed.row(case, &mut alone).await);
    }
    let beside: Vec<Duration> = rows.iter().flat_map(|row| row.beside.clone()).collect();
    print_table(&rows, &alone, &beside, &search);
    let faults: Vec<String> = rows
        .iter()
        .filter_map(|row| Some(format!("{}: {}", row.name, row.fault.as_ref()?)))
        .collect();
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(canaries.connections.load(Ordering::Relaxed), 0);
    smuggled(&bed.web);
    // Guests in runners are not in this process at all; `hostile::apart` looks into theirs.
    if isolation == Isolation::Process {
        assert!(search.found.memories.load(Ordering::Relaxed) > 20);
    }
    assert_eq!(search.found.secrets.load(Ordering::Relaxed), 0);
    let (felt, quiet) = (percentile(&beside, 99), percentile(&alone, 99));
    let most = (quiet * 2).max(quiet + TICKS);
    assert!(
        felt <= most,
        "the neighbour's p99 {felt:?}, alone {quiet:?}"
    );
}

/// What the server was asked: nothing but what a guest may ask, and all of it with our credential.
fn smuggled(web: &Web) {
    let requests = web.requests.lock().unwrap();
    assert!(!requests.is_empty());
    for request in requests.iter() {
        let line = request.lines().next().unwrap_or_default();
        assert!(line.starts_with("GET /base/"), "{line}");
        let bearer = format!("Bearer {SECRET}");
        assert_eq!(request.matches("authorization:").count(), 1, "{request}");
        assert!(request.contains(&bearer), "{request}");
        for word in [
            "admin",
            "mine",
            "cookie",
            "127.0.0.2",
            "transfer-encoding",
            "x-a",
        ] {
            assert!(!request.contains(word), "{word}: {request}");
        }
    }
}

/// The secret as it stands, and as `Basic` would carry it.
fn secrets() -> Vec<Vec<u8>> {
    let encoded = data_encoding::BASE64.encode(SECRET.as_bytes());
    vec![SECRET.as_bytes().to_vec(), encoded.into_bytes()]
}

fn print_table(rows: &[Row], alone: &[Duration], beside: &[Duration], search: &Search) {
    println!("| component | ending | ms | MiB more | neighbour's worst ms |");
    println!("|---|---|---|---|---|");
    for row in rows {
        let worst = row.beside.iter().max().copied().unwrap_or_default();
        println!(
            "| {} | {} | {} | {} | {:.1} |",
            row.name,
            row.ending,
            row.took.as_millis(),
            row.growth >> 20,
            worst.as_secs_f64() * 1000.0
        );
    }
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    for (name, samples) in [("alone", alone), ("beside", beside)] {
        println!(
            "neighbour {name}: {} calls, p50 {:.1} ms, p99 {:.1} ms",
            samples.len(),
            ms(percentile(samples, 50)),
            ms(percentile(samples, 99))
        );
    }
    println!(
        "guest memories looked through: {} ({} MiB), secrets found: {}",
        search.found.memories.load(Ordering::Relaxed),
        search.found.bytes.load(Ordering::Relaxed) >> 20,
        search.found.secrets.load(Ordering::Relaxed)
    );
}

/// The search would find the secret if it were there: here it is, in the configuration.
#[tokio::test(flavor = "multi_thread")]
async fn the_search_of_guest_memory_finds_what_is_there() {
    let bed = Bed::start(Isolation::Process).await;
    let search = Search::start(secrets());
    let guest = Guest::source().body("check", "(call $sleep (i32.const 400)) (i32.const 64)");
    let told = Case::new("told", guest.component(), Entry::Check, Expect::Answers)
        .with_config(json!({"note": SECRET}));
    let (ending, _) = bed.ending(&told).await;
    assert!(matches!(ending, Ending::Answered));
    assert!(search.found.secrets.load(Ordering::Relaxed) > 0);
}

/// A handle is a number of one instance; another instance that uses the same number has nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_handle_of_another_instance_is_no_handle() {
    let bed = Bed::start(Isolation::Process).await;
    let holds = "(drop (call $conn)) (call $sleep (i32.const 500)) (i32.const 64)";
    let holder = Guest::source().body("check", holds).component();
    let thief = "(call $label (i32.const 1) (i32.const 512)) (unreachable)";
    let thief = Guest::source().body("check", thief).component();
    let holder = Case::new("holder", holder, Entry::Check, Expect::Answers);
    let thief = Case::new("thief", thief, Entry::Check, Expect::Answers);
    let (held, stolen) = tokio::join!(bed.ending(&holder), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bed.ending(&thief).await
    });
    assert!(matches!(held.0, Ending::Answered));
    let Ending::Ended(problem) = stolen.0 else {
        panic!("the handle worked");
    };
    assert_eq!(problem.code, ErrorCode::ConnectorFailed, "{problem}");
    assert!(problem.detail.contains("handle"), "{problem}");
}
