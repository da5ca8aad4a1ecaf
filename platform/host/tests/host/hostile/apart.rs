//! Connectors in runners: what a runner has and has not, how it ends, whom it serves. That all calls give
//! the same there as in this process is shown by the other tests, run with `TRIBUTARY_TEST_APART=1`, and
//! by the hostile suite, which runs its cases in both places.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tributary_host::{CallContext, Connector, Host, HostConfig, Isolation, Runner, runner_worker};
use tributary_model::error_code::ErrorCode;
use tributary_model::id::TenantId;

use super::{MEMORY, call, manifest, source, with_manifest};
use crate::support::{SECRET, host, this_program_as_runner};

#[test]
#[ignore = "the runner's process of the tests"]
fn running() {
    let Ok(output) = File::options().write(true).open("/dev/fd/3") else {
        println!("skipped: not started by a test");
        return;
    };
    let input = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    if let Err(problem) = runner_worker(File::from(input), output) {
        eprintln!("{problem}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

const SPIN: &str = "(loop $l (br $l)) (unreachable)";
const SLEEP: &str = "(call $sleep (i32.const 3000)) (i32.const 64)";
const NOTHING: &str = "(i32.const 64)";

/// A connector that runs apart; `name` makes it another one.
async fn apart(host: &Host, name: &str, body: &str) -> Arc<Connector> {
    let mut manifest = manifest();
    manifest["name"] = json!(name);
    // the tests stop it themselves
    manifest["limits"]["call_cpu_ms"] = json!(60_000);
    let bytes = with_manifest(source(MEMORY, body), &manifest);
    let connector = host.load_in(&bytes, Isolation::Runner).await.unwrap();
    assert_eq!(connector.isolation(), Isolation::Runner);
    connector
}

fn of_tenant(host: &Host, name: &str) -> CallContext {
    CallContext {
        tenant: TenantId::parse(name).unwrap(),
        ..call(host)
    }
}

/// The processes that this one has started, by number.
fn children() -> Vec<i32> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(number) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let status = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // pid (name) state ppid
        let rest = status.rsplit(')').next().unwrap_or_default();
        let mut fields = rest.split_whitespace();
        let dead = fields.next() == Some("Z");
        if fields.next() == Some(&own) && !dead {
            found.push(number);
        }
    }
    found
}

/// The one child, as soon as it is there and sleeps in a host call.
async fn child() -> i32 {
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let all = children();
        if all.len() == 1 && name_of(all[0]) != "sh" {
            return all[0];
        }
    }
    panic!("no runner came: {:?}", children());
}

fn name_of(process: i32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    name.trim().to_owned()
}

fn kill(process: i32) {
    signal(process, Signal::KILL);
}

fn signal(process: i32, signal: Signal) {
    kill_process(Pid::from_raw(process).unwrap(), signal).unwrap();
}

/// Waits until at most so many are there; the machine may be busy with other things.
async fn at_most(most: usize) {
    let started = Instant::now();
    while children().len() > most {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{:?}",
            children()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether `wanted` stands anywhere in the memory of a process.
fn in_memory(process: i32, wanted: &[u8]) -> bool {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let length = number(end) - number(start);
        // files of the program are the test's own, with the secret as a constant
        if !rest.starts_with("rw") || length > 64 << 20 {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        let there = memory.seek(SeekFrom::Start(number(start))).is_ok()
            && memory.read_exact(&mut bytes).is_ok()
            && memchr::memmem::find(&bytes, wanted).is_some();
        if there {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_has_nothing_of_the_platform() {
    let folder = tempfile::tempdir().unwrap();
    let _canary = File::create(folder.path().join("canary.key")).unwrap();
    let _listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = host(&[]);
    let connector = apart(&host, "hostile", SLEEP).await;
    let call = call(&host);
    let config = json!({"note": "what-a-guest-was-told-91c2"});
    let work = tokio::spawn(async move { connector.check(&call, &config).await });
    let child = child().await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    let environment = std::fs::read(format!("/proc/{child}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    for variable in environment.split('\0').filter(|text| !text.is_empty()) {
        // the shell's own
        let name = variable.split('=').next().unwrap();
        assert!(
            ["PWD", "OLDPWD", "SHLVL", "_"].contains(&name),
            "{variable}"
        );
    }
    let open = std::fs::read_dir(format!("/proc/{child}/fd")).unwrap();
    for entry in open.flatten() {
        let what = std::fs::read_link(entry.path()).unwrap_or_default();
        let what = what.display().to_string();
        let fine = what.starts_with("pipe:") || what == "/dev/null" || what.starts_with("/memfd:");
        assert!(fine, "a runner holds {what}");
    }
    // The test runner gives the test a thread of its own; a server's runner has the one.
    let threads = std::fs::read_dir(format!("/proc/{child}/task")).unwrap();
    let without_privileges = threads.flatten().any(|thread| {
        let status = std::fs::read_to_string(thread.path().join("status"));
        status.unwrap_or_default().contains("NoNewPrivs:\t1")
    });
    assert!(without_privileges);
    let limits = std::fs::read_to_string(format!("/proc/{child}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    assert!(core.unwrap().contains(" 0 "), "{limits}");
    assert!(
        !in_memory(child, SECRET.as_bytes()),
        "the secret is in the runner"
    );
    assert!(
        in_memory(child, b"what-a-guest-was-told-91c2"),
        "the search finds nothing"
    );
    assert!(work.await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_is_killed_fails_its_call_and_no_other() {
    let host = host(&[]);
    let connector = apart(&host, "hostile", SLEEP).await;
    let (own, context) = (Arc::clone(&connector), call(&host));
    let work = tokio::spawn(async move { own.check(&context, &json!({})).await });
    let child = child().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    kill(child);
    let problem = work.await.unwrap().unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectorFailed, "{problem}");
    assert!(problem.detail.contains("signal 9"), "{problem}");
    assert!(problem.transient(), "the work is tried again");
    let steps = connector.check(&call(&host), &json!({})).await.unwrap();
    assert!(steps.is_empty(), "a new runner serves the next call");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_ends_its_runner_within_a_second() {
    let host = host(&[]);
    for body in [SPIN, SLEEP] {
        let connector = apart(&host, "hostile", body).await;
        let context = call(&host);
        let cancel = context.cancel.clone();
        let work = tokio::spawn(async move { connector.check(&context, &json!({})).await });
        child().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let started = Instant::now();
        cancel.cancel();
        let problem = work.await.unwrap().unwrap_err();
        assert_eq!(problem.code, ErrorCode::RunCancelled, "{problem}");
        while !children().is_empty() {
            assert!(
                started.elapsed() < Duration::from_secs(1),
                "{:?}",
                children()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_is_kept_warm_for_its_tenant_and_its_connector_alone() {
    let host = host(&[]);
    let (one, two) = (
        apart(&host, "one", NOTHING).await,
        apart(&host, "two", NOTHING).await,
    );
    let (acme, globex) = (of_tenant(&host, "acme"), of_tenant(&host, "globex"));
    let mut seen = Vec::new();
    for (connector, tenant, processes) in [
        (&one, &acme, 1),
        (&one, &acme, 1),
        (&one, &globex, 2),
        (&two, &acme, 3),
        (&two, &acme, 3),
        (&one, &globex, 3),
    ] {
        connector.check(tenant, &json!({})).await.unwrap();
        seen = children();
        assert_eq!(seen.len(), processes, "{seen:?}");
    }
    // Side by side they have a runner each; as many as the host has places wait for more.
    let calls = (0..8).map(|_| async { one.check(&acme, &json!({})).await });
    for steps in futures_util::future::join_all(calls).await {
        steps.unwrap();
    }
    at_most(4).await;
    for process in children() {
        kill(process);
    }
    at_most(0).await;
    one.check(&acme, &json!({})).await.unwrap();
    assert!(children().iter().all(|process| !seen.contains(process)));
    drop((one, two, host));
    at_most(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_ends_while_it_waits_for_work_fails_no_call() {
    let host = host(&[]);
    let connector = apart(&host, "hostile", NOTHING).await;
    connector.check(&call(&host), &json!({})).await.unwrap();
    let waiting = child().await;
    // It looks alive when it is taken, and ends before it has read its work.
    signal(waiting, Signal::STOP);
    let (own, context) = (Arc::clone(&connector), call(&host));
    let work = tokio::spawn(async move { own.check(&context, &json!({})).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!work.is_finished());
    kill(waiting);
    work.await.unwrap().unwrap();
    assert!(!children().contains(&waiting));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_runner_fails_the_call() {
    let cases = [
        "exit 3",
        "kill -SEGV $$",
        "echo rubbish; cat > /dev/null",
        "exec cat /dev/zero",
        "exec yes",
        "exec cat",
    ];
    for script in cases {
        let host = Host::new(HostConfig {
            pool_instances: 1,
            runner: Some(Runner {
                program: "/bin/sh".into(),
                args: vec!["-c".to_owned(), script.to_owned()],
            }),
            ..HostConfig::default()
        })
        .unwrap();
        let connector = apart(&host, "hostile", NOTHING).await;
        let checking = connector.check(&call(&host), &json!({})).await;
        let problem = checking.unwrap_err();
        assert_eq!(
            problem.code,
            ErrorCode::ConnectorFailed,
            "{script}: {problem}"
        );
        assert!(problem.detail.contains("runner"), "{script}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_runners_nobody_takes_the_place_of_one() {
    let host = Host::new(HostConfig {
        pool_instances: 1,
        ..HostConfig::default()
    })
    .unwrap();
    let bytes = with_manifest(source(MEMORY, NOTHING), &manifest());
    let problem = host.load_in(&bytes, Isolation::Runner).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ConnectorDenied, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_can_have_everything_run_apart() {
    let host = Host::new(HostConfig {
        pool_instances: 1,
        runner: Some(this_program_as_runner()),
        all_apart: true,
        ..HostConfig::default()
    })
    .unwrap();
    let bytes = with_manifest(source(MEMORY, NOTHING), &manifest());
    let connector = host.load(&bytes).await.unwrap();
    assert_eq!(connector.isolation(), Isolation::Runner);
    connector.check(&call(&host), &json!({})).await.unwrap();
    assert_eq!(children().len(), 1);
}
