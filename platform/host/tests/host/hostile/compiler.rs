//! The compiling process: what it may be, do and use. Shell scripts stand for a compiler that a
//! component broke; `cat` of real native code for one that works.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tributary_host::{Compiler, Host, HostConfig, compile_worker};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{MEMORY, call, manifest, source, with_manifest};

/// A component by name; all have the same code.
fn named(name: &str) -> Vec<u8> {
    let mut manifest = manifest();
    manifest["name"] = json!(name);
    with_manifest(source(MEMORY, "(i32.const 64)"), &manifest)
}

fn shell(script: &str) -> Option<Compiler> {
    Some(Compiler {
        program: "/bin/sh".into(),
        args: vec!["-c".to_owned(), script.to_owned()],
    })
}

fn config(script: &str) -> HostConfig {
    HostConfig {
        pool_instances: 2,
        compiler: shell(script),
        compile_timeout: Duration::from_secs(20),
        ..HostConfig::default()
    }
}

async fn refused(config: HostConfig) -> Problem {
    let host = Host::new(config).unwrap();
    host.load(&named("probe")).await.unwrap_err()
}

/// Native code in a file of `folder`.
fn native(folder: &Path) -> String {
    let mut code = Vec::new();
    compile_worker(named("probe").as_slice(), &mut code).unwrap();
    let path = folder.join("native");
    std::fs::write(&path, code).unwrap();
    path.display().to_string()
}

#[test]
fn the_worker_says_what_is_wrong() {
    let cut = {
        let mut bytes = named("probe");
        bytes.truncate(bytes.len() / 2);
        bytes
    };
    for bytes in [b"".as_slice(), b"rubbish", b"\0asm\x01\0\0\0", &cut] {
        let mut code = Vec::new();
        let problem = compile_worker(bytes, &mut code).unwrap_err();
        assert_eq!(problem.code, ErrorCode::ConnectorInvalid, "{problem}");
        assert!(code.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_of_another_process_runs_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let native = native(folder.path());
    let cache = folder.path().join("cache");
    let kept = |script: &str| HostConfig {
        cache_dir: Some(cache.clone()),
        ..config(script)
    };
    let works = format!("cat > /dev/null; exec cat {native}");
    for config in [config(&works), kept(&works), kept("exit 9")] {
        let host = Host::new(config).unwrap();
        let connector = host.load(&named("probe")).await.unwrap();
        let steps = connector.check(&call(&host), &json!({})).await.unwrap();
        assert!(steps.is_empty());
    }
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_that_breaks_is_a_problem_of_the_connector() {
    let cases = [
        ("exit 1", "exit status: 1"),
        ("echo no >&2; exit 101", "exit status: 101"),
        ("kill -SEGV $$", "signal: 11"),
        ("cat > /dev/null", "no native code"),
        ("cat", "no native code"),
        ("echo rubbish", "no native code"),
        // A full pipe to nobody, and one that nobody fills.
        ("exec 0<&-; echo rubbish", "no native code"),
        ("head -c 200000 /dev/zero >&2; exit 3", "broke the compiler"),
    ];
    for (script, word) in cases {
        let problem = refused(config(script)).await;
        assert_eq!(problem.code, ErrorCode::ConnectorInvalid, "{script}");
        assert!(problem.detail.contains("probe"), "{script}: {problem}");
        assert!(problem.detail.contains(word), "{script}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_memory_and_output_are_limited() {
    let brief = HostConfig {
        compile_timeout: Duration::from_millis(300),
        ..config("exec sleep 60")
    };
    let small = HostConfig {
        compile_memory_bytes: 64 << 20,
        // A line without an end.
        ..config("exec sort /dev/zero")
    };
    let cases = [
        (brief, "longer than 0.3 s"),
        (small, "more than 64 MiB of memory"),
        (config("exec cat /dev/zero"), "native code has more than"),
        (config("kill -KILL $$"), "stopped by the system"),
        (
            config("cat > /dev/null; ulimit -t 0; while :; do :; done"),
            "stopped by the system",
        ),
        (
            config("echo memory allocation of 8 bytes failed >&2; kill -ABRT $$"),
            "stopped by the system",
        ),
    ];
    for (config, word) in cases {
        let started = Instant::now();
        let problem = refused(config).await;
        assert_eq!(problem.code, ErrorCode::ConnectorLimit, "{word}: {problem}");
        assert!(problem.detail.contains(word), "{word}: {problem}");
        assert!(started.elapsed() < Duration::from_secs(10), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_for_another_engine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("native");
    let engine = wasmtime::Engine::default();
    std::fs::write(&path, engine.precompile_component(&named("probe")).unwrap()).unwrap();
    let problem = refused(config(&format!("exec cat {}", path.display()))).await;
    assert_eq!(problem.code, ErrorCode::ConnectorInvalid, "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_program_is_not_the_connectors_fault() {
    let problem = refused(HostConfig {
        compiler: Some(Compiler {
            program: "/nowhere/compiler".into(),
            args: Vec::new(),
        }),
        ..config("")
    })
    .await;
    assert_eq!(problem.code, ErrorCode::Internal, "{problem}");
    assert!(!problem.detail.contains("nowhere"), "{problem}");
}

/// The problem on stderr carries what the process found around it.
#[tokio::test(flavor = "multi_thread")]
async fn the_process_gets_nothing_but_the_component() {
    let tell = |what: &str| {
        format!(
            r#"printf '{{"code":"connector_invalid","owner":"connector","hint":"","detail":"<%s>"}}' "$({what})" >&2; exit 1"#
        )
    };
    let environment = refused(config(&tell("/usr/bin/env | cut -d= -f1 | tr '\\n' ' '"))).await;
    // The shell's own.
    for name in environment
        .detail
        .split(['<', '>'])
        .nth(1)
        .unwrap()
        .split(' ')
    {
        assert!(
            ["", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name),
            "{environment}"
        );
    }
    // It has limits before it has the component.
    let limits =
        tell("cat > /dev/null; echo $(ulimit -c) $(ulimit -f) $(cat /proc/$$/oom_score_adj)");
    let limits = refused(config(&limits)).await;
    assert!(limits.detail.contains("<0 0 1000>"), "{limits}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_and_the_same_bytes_once() {
    let folder = tempfile::tempdir().unwrap();
    let native = native(folder.path());
    let here = folder.path().display();
    // The limits forbid files, so folders tell what went on.
    let script = format!(
        "cat > /dev/null; mkdir {here}/busy || exit 7; mkdir {here}/ran-$$; sleep 0.2; \
         rmdir {here}/busy; exec cat {native}"
    );
    let host = Host::new(config(&script)).unwrap();
    let (a, b, c) = (named("a"), named("b"), named("a"));
    let (a, b, c) = tokio::join!(host.load(&a), host.load(&b), host.load(&c));
    assert!(Arc::ptr_eq(&a.unwrap(), &c.unwrap()));
    b.unwrap();
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let ran = |name: &str| name.starts_with("ran-");
    let runs = entries.filter(|entry| ran(&entry.as_ref().unwrap().file_name().to_string_lossy()));
    assert_eq!(runs.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loaded_connector_does_not_wait_and_a_failure_is_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let native = native(folder.path());
    let slow = folder.path().join("slow");
    let script = format!(
        "cat > /dev/null; if [ -e {} ]; then sleep 60; fi; exec cat {native}",
        slow.display()
    );
    let host = Host::new(HostConfig {
        compile_timeout: Duration::from_secs(2),
        ..config(&script)
    })
    .unwrap();
    let probe = named("probe");
    host.load(&probe).await.unwrap();
    std::fs::create_dir(&slow).unwrap();
    let other = named("other");
    let lookup = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let started = Instant::now();
        host.load(&probe).await.unwrap();
        started.elapsed()
    };
    let (failed, waited) = tokio::join!(host.load(&other), lookup);
    assert_eq!(failed.unwrap_err().code, ErrorCode::ConnectorLimit);
    assert!(waited < Duration::from_millis(500), "{waited:?}");
    std::fs::remove_dir(&slow).unwrap();
    host.load(&other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_waiting_stops_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("mkdir {}/$$; exec sleep 60", folder.path().display());
    let host = Host::new(config(&script)).unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(500), async {
        host.load(&named("probe")).await
    });
    assert!(waiting.await.is_err());
    let entry = std::fs::read_dir(folder.path()).unwrap().next().unwrap();
    let pid = entry.unwrap().file_name().to_string_lossy().into_owned();
    let alive = || {
        // An ended process that nobody has asked for yet has an empty command line.
        std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
    };
    let started = Instant::now();
    while alive() {
        assert!(started.elapsed() < Duration::from_secs(5), "still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
