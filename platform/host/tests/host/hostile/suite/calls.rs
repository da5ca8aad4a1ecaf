//! What a guest can do to the host: floods, forged handles, smuggled headers, paths that climb, bodies
//! that it keeps.

use serde_json::json;
use tributary_model::error_code::ErrorCode::{
    ConnectorDenied, ConnectorFailed, ConnectorLimit, RunCancelled,
};

use super::case::{Case, Entry, Expect, denied, ends};
use super::guest::Guest;
use crate::support::SECRET;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = floods();
    cases.extend(handles());
    cases.extend(requests());
    cases.extend(bodies());
    cases.extend(outputs());
    cases.extend(memory());
    cases.extend(figures());
    cases
}

fn check(body: &str) -> Guest {
    Guest::source().body("check", body)
}

fn floods() -> Vec<Case> {
    let wide = |body: &str| check(body).memory(r#"(memory (export "memory") 200)"#);
    let lines = check(
        "(loop $l (call $log (i32.const 4) (i32.const 2048) (i32.const 8000) (i32.const 0) (i32.const 0))
           (br $l)) (unreachable)",
    );
    let long = wide(
        "(loop $l (call $log (i32.const 4) (i32.const 65536) (i32.const 7000000) (i32.const 0) (i32.const 0))
           (br $l)) (unreachable)",
    );
    let too_long = wide(
        "(call $log (i32.const 4) (i32.const 65536) (i32.const 12000000) (i32.const 0) (i32.const 0))
         (unreachable)",
    );
    let fields = check(
        "(call $log (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 268435455))
         (unreachable)",
    );
    // 20,000 fields of the same 32 KiB
    let same = wide(
        "(local $at i32) (local.set $at (i32.const 1048576))
         (loop $l
           (i32.store offset=4 (local.get $at) (i32.const 0))
           (i32.store offset=8 (local.get $at) (i32.const 65536))
           (i32.store offset=12 (local.get $at) (i32.const 32768))
           (local.set $at (i32.add (local.get $at) (i32.const 16)))
           (br_if $l (i32.lt_u (local.get $at) (i32.const 1368576))))
         (call $log (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 1048576) (i32.const 20000))
         (unreachable)",
    );
    let beyond = check(
        "(call $log (i32.const 4) (i32.const 500000) (i32.const 60000) (i32.const 0) (i32.const 0))
         (unreachable)",
    );
    let level = check(
        "(call $log (i32.const 99) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)) (unreachable)",
    );
    vec![
        ends("log flood", &lines, ConnectorLimit, "CPU time"),
        ends("log flood of 7 MB lines", &long, ConnectorLimit, "CPU time"),
        ends("a log line of 12 MB", &too_long, ConnectorLimit, "bytes"),
        ends("a log line with 2^28 fields", &fields, ConnectorFailed, ""),
        ends(
            "a log line of 640 MB made of 32 KiB",
            &same,
            ConnectorLimit,
            "bytes",
        ),
        ends(
            "a log line from outside its memory",
            &beyond,
            ConnectorFailed,
            "",
        ),
        ends(
            "a log level that does not exist",
            &level,
            ConnectorFailed,
            "",
        ),
    ]
}

/// Floods and bombs of `metrics.observe`.
fn figures() -> Vec<Case> {
    let flood = check(
        "(loop $l (call $observe (i32.const 1024) (i32.const 3) (i32.const 0) (f64.const 1) (i32.const 0) (i32.const 0))
           (br $l)) (unreachable)",
    );
    // a new name each time: api, then four bytes of a counter
    let series = check(
        "(local $n i32)
         (loop $l
           (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (i32.store (i32.const 1027) (i32.or (i32.const 0x61616161) (i32.and (local.get $n) (i32.const 0x0f0f0f0f))))
           (call $observe (i32.const 1024) (i32.const 7) (i32.const 2) (f64.const nan) (i32.const 0) (i32.const 0))
           (call $observe (i32.const 1024) (i32.const 7) (i32.const 2) (f64.const 1) (i32.const 0) (i32.const 0))
           (br $l)) (unreachable)",
    );
    let labels = check(
        "(call $observe (i32.const 1024) (i32.const 3) (i32.const 0) (f64.const 1) (i32.const 65536) (i32.const 268435455))
         (unreachable)",
    );
    let kind = check(
        "(call $observe (i32.const 1024) (i32.const 3) (i32.const 9) (f64.const 1) (i32.const 0) (i32.const 0))
         (unreachable)",
    );
    let unlisted = Guest::source()
        .set(
            "capabilities",
            json!([
                "log",
                "control",
                "connections",
                "http",
                "files",
                "codec",
                "output"
            ]),
        )
        .component();
    vec![
        ends("metrics flood", &flood, ConnectorLimit, "CPU time"),
        ends("a flood of series", &series, ConnectorLimit, "CPU time"),
        ends("a metric with 2^28 labels", &labels, ConnectorFailed, ""),
        ends(
            "a kind of metric that does not exist",
            &kind,
            ConnectorFailed,
            "",
        ),
        Case::new(
            "metrics that the manifest does not list",
            unlisted,
            Entry::Check,
            Expect::Refused(ConnectorDenied, "metrics"),
        ),
    ]
}

fn handles() -> Vec<Case> {
    let flood = check("(loop $l (drop (call $conn)) (br $l)) (unreachable)");
    let twice = check(
        "(local $h i32) (local.set $h (call $conn)) (call $drop (local.get $h)) (call $drop (local.get $h)) (unreachable)",
    );
    let after = check(
        "(local $h i32) (local.set $h (call $conn)) (call $drop (local.get $h)) (call $label (local.get $h) (i32.const 512)) (unreachable)",
    );
    // A live handle to a connection, given for a reader.
    let wrong =
        check("(call $reader_read (call $conn) (i32.const 10) (i32.const 512)) (unreachable)");
    let other = check(
        "(call $get (i32.const 1030) (i32.const 5) (i32.const 256))
         (if (i32.eqz (i32.load8_u (i32.const 256))) (then unreachable)) (i32.const 64)",
    )
    .text(1030, b"other");
    vec![
        ends("handle flood", &flood, ConnectorLimit, "handles"),
        ends(
            "a forged handle",
            &check("(call $label (i32.const 1) (i32.const 512)) (unreachable)"),
            ConnectorFailed,
            "",
        ),
        ends(
            "a forged handle, dropped",
            &check("(call $drop (i32.const 12345)) (unreachable)"),
            ConnectorFailed,
            "",
        ),
        ends("a handle dropped twice", &twice, ConnectorFailed, ""),
        ends(
            "a handle used after it was dropped",
            &after,
            ConnectorFailed,
            "",
        ),
        ends("a handle of another kind", &wrong, ConnectorFailed, ""),
        denied("a connection that it was not given", &other),
    ]
}

/// Traps if a request with this path and header was answered. The server counts, too.
fn asks(name: &'static str, path: &str, header: Option<(&[u8], &[u8])>) -> Case {
    let length = path.len();
    let (header, value) = header.unwrap_or((b"", b""));
    let count = u32::from(!header.is_empty());
    let (header_length, value_length) = (header.len() as u32, value.len() as u32);
    let guest = check(&format!(
        "(if (i32.eqz (call $ask (i32.const 2048) (i32.const {length}) (i32.const 1100) (i32.const {count})))
           (then unreachable)) (i32.const 64)"
    ))
    .text(2048, path.as_bytes())
    .words(1100, &[8000, header_length, 16000, value_length])
    .text(8000, header)
    .text(16000, value);
    denied(name, &guest)
}

fn requests() -> Vec<Case> {
    let header = |name, header: &[u8], value: &[u8]| asks(name, "x", Some((header, value)));
    vec![
        header("header Host", b"Host", b"127.0.0.2"),
        header("header Authorization", b"authorization", b"Bearer mine"),
        header("header Transfer-Encoding", b"Transfer-Encoding", b"chunked"),
        header("header Content-Length", b"content-length", b"0"),
        header("header Cookie", b"COOKIE", b"a=b"),
        header("header Connection", b"Connection", b"upgrade"),
        header("header Proxy-Authorization", b"Proxy-Authorization", b"x"),
        header("header X-Forwarded-Host", b"X-Forwarded-Host", b"127.0.0.2"),
        header("header Idempotency-Key", b"Idempotency-Key", b"k"),
        header(
            "header name with a line end",
            b"x-a\r\nauthorization",
            b"Bearer mine",
        ),
        header(
            "header value with a line end",
            b"x-a",
            b"v\r\nauthorization: Bearer mine",
        ),
        header(
            "header value with a second request",
            b"x-a",
            b"v\r\n\r\nGET /admin HTTP/1.1\r\n",
        ),
        header("header value with NUL", b"x-a", b"v\0w"),
        header("header without a name", b" ", b"v"),
        asks("path ../", "../admin", None),
        asks("path %2e%2e/", "%2e%2e/admin", None),
        asks("path ..%2f", "a/..%2f..%2fadmin", None),
        asks("path ..;/", "..;/admin", None),
        asks("path decoded twice", "%252e%252e/admin", None),
        asks("path with backslashes", "a\\..\\..\\admin", None),
        asks("path with a query", "x?admin=1", None),
        asks(
            "path with a line end",
            "x HTTP/1.1\r\nhost: y\r\n\r\n",
            None,
        ),
        asks("path with an encoded line end", "x%0d%0ahost:%20y", None),
        file("file path with NUL", b"/in/x\0.csv"),
        file("file path with a line end", b"/in/x\n.csv"),
        file("file path of 5,000 bytes", &[b'a'; 5_000]),
        file("a file by an HTTP connection", b"../../etc/passwd"),
    ]
}

fn file(name: &'static str, path: &[u8]) -> Case {
    let length = path.len();
    let guest = check(&format!(
        "(call $open (call $conn) (i32.const 2048) (i32.const {length}) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 512))
         (if (i32.eqz (i32.load8_u (i32.const 512))) (then unreachable)) (i32.const 64)"
    ))
    .text(2048, path);
    denied(name, &guest)
}

/// Reads all there is of a body; a decoder of what is left would see a file without rows.
fn read_before() -> Guest {
    check(
        "(if (call $ask (i32.const 2048) (i32.const 1) (i32.const 0) (i32.const 0)) (then unreachable))
         (call $reader_read (i32.load (i32.const 528)) (i32.const 1000) (i32.const 700))
         (if (i32.load8_u (i32.const 700)) (then unreachable))
         (if (i32.eqz (i32.load (i32.const 708))) (then unreachable))
         (call $decode (i32.load (i32.const 528)) (i32.const 1200) (i32.const 6)
           (i32.const 200000) (i32.const 14) (i32.const 640))
         (if (i32.eqz (i32.load8_u (i32.const 640))) (then unreachable)) (i32.const 64)",
    )
    .text(1200, b"ndjson")
    .text(200_000, br#"{"source":"x"}"#)
    .text(2048, b"x")
}

fn bodies() -> Vec<Case> {
    let silent = asks("a server that never answers", "silent", None);
    let waits = Case::new(
        "cancelled in a call to a server that never answers",
        silent.bytes.clone(),
        Entry::Check,
        Expect::Ends(RunCancelled, "cancelled"),
    )
    .cancelled(200);
    // Keeps every body until one is refused; 16 MiB each.
    let keeps = check(
        "(local $n i32)
         (loop $l
           (local.set $n (i32.add (local.get $n) (i32.const 1)))
           (if (i32.gt_u (local.get $n) (i32.const 10)) (then unreachable))
           (br_if $l (i32.eqz (call $ask (i32.const 2048) (i32.const 3) (i32.const 0) (i32.const 0)))))
         (i32.const 64)",
    )
    .text(2048, b"big");
    let decoded = |format: &str, options: &str, path: &str, then: &str| {
        let (format_length, options_length, length) = (format.len(), options.len(), path.len());
        check(&format!(
            "(if (call $ask (i32.const 2048) (i32.const {length}) (i32.const 0) (i32.const 0)) (then unreachable))
             (call $decode (i32.load (i32.const 528)) (i32.const 1200) (i32.const {format_length})
               (i32.const 200000) (i32.const {options_length}) (i32.const 640))
             {then} (i32.const 64)"
        ))
        .text(1200, format.as_bytes())
        .text(200_000, options.as_bytes())
        .text(2048, path.as_bytes())
    };
    let pluck = decoded(
        "json",
        r#"{"source":"x","records":""}"#,
        "many",
        "(call $pluck (i32.load (i32.const 644)) (i32.const 0) (i32.const 0) (i32.const 700))
         (if (i32.eqz (i32.load8_u (i32.const 700))) (then unreachable))",
    );
    let columns = format!(
        r#"{{"source":"x","columns":[{}"a"]}}"#,
        r#""a","#.repeat(20_000)
    );
    let refused = "(if (i32.eqz (i32.load8_u (i32.const 640))) (then unreachable))";
    let options = decoded("csv", &columns, "x", refused);
    let unknown = decoded("exe", "{}", "x", refused);
    let wide = decoded(
        "csv",
        r#"{"source":"x"}"#,
        "wide",
        "(call $schema (i32.load (i32.const 644)) (i32.const 700))
         (if (i32.eqz (i32.load8_u (i32.const 700))) (then unreachable))",
    );
    vec![
        silent,
        waits,
        denied("keeps bodies of 16 MiB", &keeps),
        denied("plucks 2,000,000 values", &pluck),
        denied("names 20,000 columns", &options),
        denied("decodes a header line of 1,000,000 columns", &wide),
        denied("reads all there is and decodes the rest", &read_before()),
        denied("an unknown format", &unknown),
    ]
}

fn reads(name: &'static str, guest: &Guest, expect: Expect) -> Case {
    Case::new(name, guest.component(), Entry::Read, expect)
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn outputs() -> Vec<Case> {
    let read = |body: &str| Guest::source().body("read", body).text(1050, b"orders");
    let state = |length: u32, then: &str| {
        read(&format!(
            "(memory.fill (i32.const 65536) (i32.const 91) (i32.const {length}))
             (call $checkpoint (i32.const 65536) (i32.const {length}) (i32.const 512)) {then}"
        ))
        .memory(r#"(memory (export "memory") 100)"#)
    };
    let refused = "(if (i32.eqz (i32.load8_u (i32.const 512))) (then unreachable)) (i32.const 64)";
    let emit = |rows: &str, length: &str, stream: u32| {
        read(&format!(
            "(memory.fill (i32.const 65536) (i32.const 49) (i32.const 6000000))
             (i32.store8 (i32.const 65537) (i32.const 10))
             (call $emit (i32.const {stream}) (i32.const 6) (i32.const 0) {rows} (i32.const 65536) {length} (i32.const 512))
             {refused}"
        ))
        .text(1060, b"../../")
        .memory(r#"(memory (export "memory") 100)"#)
    };
    let flood = read(
        "(loop $l (call $checkpoint (i32.const 1090) (i32.const 1) (i32.const 512))
           (br_if $l (i32.eqz (i32.load8_u (i32.const 512))))) (i32.const 64)",
    )
    .text(1090, b"1");
    let pages = read(
        "(memory.fill (i32.const 65536) (i32.const 49) (i32.const 4000000))
         (i32.store8 (i32.const 65537) (i32.const 10))
         (loop $l (call $emit (i32.const 1050) (i32.const 6) (i32.const 0) (i32.const 2) (i32.const 65536) (i32.const 4000000) (i32.const 512))
           (br $l)) (unreachable)",
    )
    .memory(r#"(memory (export "memory") 100)"#);
    vec![
        reads(
            "a checkpoint of 2 MiB",
            &state(2 << 20, refused),
            Expect::Answers,
        ),
        reads(
            "a checkpoint 500,000 deep",
            &state(500_000, refused),
            Expect::Answers,
        ),
        reads("checkpoint flood", &flood, Expect::Answers),
        reads(
            "a batch of 6 MB",
            &emit("(i32.const 2)", "(i32.const 6000000)", 1050),
            Expect::Answers,
        ),
        reads(
            "a batch with the wrong number of rows",
            &emit("(i32.const 3)", "(i32.const 100)", 1050),
            Expect::Answers,
        ),
        reads(
            "a batch without rows",
            &emit("(i32.const 0)", "(i32.const 0)", 1050),
            Expect::Answers,
        ),
        reads(
            "a batch of 4 billion rows",
            &emit("(i32.const -1)", "(i32.const 100)", 1050),
            Expect::Answers,
        ),
        reads(
            "a batch for another stream, with a path",
            &emit("(i32.const 2)", "(i32.const 100)", 1060),
            Expect::Answers,
        ),
        reads(
            "page flood",
            &pages,
            Expect::Ends(ConnectorLimit, "longer than 2 s"),
        ),
    ]
}

/// Guests that come as near to a secret as they can; the search of their memory runs meanwhile.
fn memory() -> Vec<Case> {
    // Reads the answer that repeats the request, then stays for the search.
    let echo = check(
        "(if (call $ask (i32.const 2048) (i32.const 4) (i32.const 0) (i32.const 0)) (then unreachable))
         (call $reader_read (i32.load (i32.const 528)) (i32.const 60000) (i32.const 640))
         (if (i32.load8_u (i32.const 640)) (then unreachable))
         (call $sleep (i32.const 400)) (i32.const 64)",
    )
    .text(2048, b"echo");
    let hidden: Vec<u8> = SECRET.bytes().map(|byte| byte ^ 0x55).collect();
    let length = hidden.len();
    // Looks for the secret itself; the pattern is there only in disguise.
    let looks = check(&format!(
        "(local $at i32) (local $n i32)
         (drop (call $ask (i32.const 2048) (i32.const 4) (i32.const 0) (i32.const 0)))
         (call $reader_read (i32.load (i32.const 528)) (i32.const 60000) (i32.const 640))
         (loop $next
           (local.set $n (i32.const 0))
           (block $differs
             (loop $same
               (br_if $differs (i32.ne
                 (i32.xor (i32.load8_u (i32.add (local.get $at) (local.get $n))) (i32.const 0x55))
                 (i32.load8_u offset=3000 (local.get $n))))
               (local.set $n (i32.add (local.get $n) (i32.const 1)))
               (br_if $same (i32.lt_u (local.get $n) (i32.const {length}))))
             (unreachable))
           (local.set $at (i32.add (local.get $at) (i32.const 1)))
           (br_if $next (i32.lt_u (local.get $at) (i32.const 500000))))
         (i32.const 64)"
    ))
    .text(2048, b"echo")
    .text(3000, &hidden);
    let told = check("(call $sleep (i32.const 400)) (i32.const 64)");
    vec![
        denied("reads an answer that repeats the request", &echo),
        denied("searches its own memory for the secret", &looks),
        denied("stays, for the search of its memory", &told)
            .with_config(json!({"note": "nothing"})),
    ]
}
