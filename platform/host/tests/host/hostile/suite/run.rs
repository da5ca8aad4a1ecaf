//! What a guest can do by itself: spin, grow, recurse, answer nonsense.

use tributary_model::error_code::ErrorCode::{
    self, ConnectorFailed, ConnectorLimit, RunCancelled, TargetAnswer,
};

use super::case::{Case, Entry, Expect, ends};
use super::guest::{Guest, SPIN};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = loops();
    cases.extend(bombs());
    cases.extend(answers());
    cases.extend(targets());
    cases
}

fn spins(name: &'static str, guest: &Guest, entry: Entry) -> Case {
    let expect = Expect::Ends(ConnectorLimit, "CPU time");
    Case::new(name, guest.component(), entry, expect)
}

fn loops() -> Vec<Case> {
    let source = Guest::source;
    let start = source().items("(func $start (loop $l (br $l))) (start $start)");
    let slow = source().body(
        "check",
        "(loop $l (drop (i64.div_u (call $now) (i64.const 3))) (br $l)) (unreachable)",
    );
    let asks = source().body(
        "check",
        "(loop $l (drop (call $stopping)) (br $l)) (unreachable)",
    );
    let cancelled = |name, guest: &Guest| {
        let expect = Expect::Ends(RunCancelled, "cancelled");
        Case::new(name, guest.component(), Entry::Check, expect).cancelled(100)
    };
    let sleeps = "(loop $l (call $sleep (i32.const -1)) (br $l)) (unreachable)";
    vec![
        spins("loop in start", &start, Entry::Check),
        spins("loop in check", &source().body("check", SPIN), Entry::Check),
        spins(
            "loop in discover",
            &source().body("discover", SPIN),
            Entry::Discover,
        ),
        spins(
            "loop in partitions",
            &source().body("partitions", SPIN),
            Entry::Partitions,
        ),
        spins("loop in read", &source().body("read", SPIN), Entry::Read),
        spins(
            "loop in realloc",
            &source().body("realloc", SPIN),
            Entry::Check,
        ),
        spins(
            "loop in prepare",
            &Guest::target().body("prepare", SPIN),
            Entry::Prepare,
        ),
        spins(
            "loop in settle",
            &Guest::target().body("settle", SPIN),
            Entry::Settle,
        ),
        spins("loop over the clock", &slow, Entry::Check),
        spins("loop over stopping, never stopping", &asks, Entry::Check),
        cancelled("cancelled in a loop", &source().body("check", SPIN)),
        cancelled(
            "cancelled in sleep-ms(4294967295)",
            &source().body("check", sleeps),
        ),
        Case::new(
            "sleeps through a read",
            source().body("read", sleeps).component(),
            Entry::Read,
            Expect::Ends(ConnectorLimit, "longer than 2 s"),
        ),
    ]
}

fn bombs() -> Vec<Case> {
    let check = |body: &str| Guest::source().body("check", body);
    let grow = check("(loop $l (drop (memory.grow (i32.const 16))) (br $l)) (unreachable)");
    let touch = Guest::source()
        .items("(global $at (mut i32) (i32.const 524288))")
        .body(
            "check",
            "(loop $l
               (drop (memory.grow (i32.const 16)))
               (memory.fill (global.get $at) (i32.const 255) (i32.const 1048576))
               (global.set $at (i32.add (global.get $at) (i32.const 1048576)))
               (br $l)) (unreachable)",
        );
    let table = Guest::source().items("(table $t 1 funcref)").body(
        "check",
        "(loop $l (drop (table.grow $t (ref.null func) (i32.const 10000))) (br $l)) (unreachable)",
    );
    let stack = Guest::source()
        .items(
            "(func $deeper (param i32) (result i32) (call $deeper (call $deeper (local.get 0))))",
        )
        .body("check", "(call $deeper (i32.const 1))");
    let realloc = Guest::source().body("realloc", "(i32.const -16)");
    let refuses = Guest::source().body("realloc", "(i32.const 0)");
    vec![
        ends("memory bomb", &grow, ConnectorLimit, "16 MiB of memory"),
        ends(
            "memory bomb that touches each page",
            &touch,
            ConnectorLimit,
            "16 MiB of memory",
        ),
        ends("table bomb", &table, ConnectorLimit, "table"),
        ends("stack bomb", &stack, ConnectorLimit, "stack"),
        ends(
            "unreachable",
            &check("(unreachable)"),
            ConnectorFailed,
            "unreachable",
        ),
        ends(
            "reads beyond its memory",
            &check("(i32.load (i32.const -8))"),
            ConnectorFailed,
            "out of bounds",
        ),
        ends(
            "realloc that answers the end of memory",
            &realloc,
            ConnectorFailed,
            "",
        ),
        Case::new(
            "realloc that answers 0",
            refuses.component(),
            Entry::Check,
            Expect::Answers,
        ),
    ]
}

/// `check` answers result<list<check-step>, error> at 128.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn answers() -> Vec<Case> {
    let at = |words: &[u32]| {
        Guest::source()
            .words(128, words)
            .body("check", "(i32.const 128)")
    };
    let failed = |name, guest: &Guest| ends(name, guest, ConnectorFailed, "");
    // A million steps whose texts are all the same 32 KiB.
    let amplified = Guest::source()
        .memory(r#"(memory (export "memory") 200)"#)
        .words(128, &[0, 1 << 20, 400_000])
        .items("(global $at (mut i32) (i32.const 1048576))")
        .body(
            "check",
            "(memory.fill (i32.const 65536) (i32.const 97) (i32.const 65536))
             (loop $l
               (i32.store (global.get $at) (i32.const 65536))
               (i32.store offset=4 (global.get $at) (i32.const 32768))
               (i32.store offset=12 (global.get $at) (i32.const 65536))
               (i32.store offset=16 (global.get $at) (i32.const 32768))
               (global.set $at (i32.add (global.get $at) (i32.const 20)))
               (br_if $l (i32.lt_u (global.get $at) (i32.const 9048576))))
             (i32.const 128)",
        );
    // kind bug, code "internal", message of 60,000 bytes
    let poses = Guest::source()
        .text(700, b"internal")
        .words(
            128,
            &[1, 9, 1, 700, 8, 65536, 60_000, 1, 65536, 60_000, 0, 0],
        )
        .body(
            "check",
            "(memory.fill (i32.const 65536) (i32.const 97) (i32.const 60000)) (i32.const 128)",
        );
    let not_json = Guest::source()
        .text(700, b"{")
        .words(128, &[0, 800, 1])
        .words(800, &[700, 1]);
    let many = Guest::source()
        .memory(r#"(memory (export "memory") 200)"#)
        .text(700, b"1")
        .words(128, &[0, 1 << 20, 200_000])
        .items("(global $at (mut i32) (i32.const 1048576))")
        .body(
            "partitions",
            "(loop $l
               (i32.store (global.get $at) (i32.const 700))
               (i32.store offset=4 (global.get $at) (i32.const 1))
               (global.set $at (i32.add (global.get $at) (i32.const 8)))
               (br_if $l (i32.lt_u (global.get $at) (i32.const 2648576))))
             (i32.const 128)",
        );
    vec![
        failed(
            "answers an address outside",
            &Guest::source().body("check", "(i32.const -8)"),
        ),
        failed(
            "answers an odd address",
            &Guest::source().body("check", "(i32.const 65)"),
        ),
        failed(
            "answers a list outside its memory",
            &at(&[0, 0xffff_0000, 1000]),
        ),
        failed("answers a list of 4 GiB", &at(&[0, 0, 0xffff_ffff])),
        failed("answers a kind that does not exist", &at(&[9])),
        failed(
            "answers text that is not UTF-8",
            &at(&[1, 0, 0, 0, 0, 900, 4, 0, 0, 0, 0, 0]).text(900, b"\xff\xfe\xfd\xfc"),
        ),
        ends(
            "answers 24 GiB made of 32 KiB",
            &amplified,
            ConnectorLimit,
            "bytes",
        ),
        ends(
            "poses as the platform in an error",
            &poses,
            ConnectorFailed,
            "",
        ),
        Case::new(
            "answers a partition that is no JSON",
            not_json.body("partitions", "(i32.const 128)").component(),
            Entry::Partitions,
            Expect::Ends(ConnectorFailed, "not JSON"),
        ),
        Case::new(
            "answers 200,000 partitions",
            many.component(),
            Entry::Partitions,
            Expect::Ends(ConnectorFailed, "partitions"),
        ),
    ]
}

/// The batch has two rows; a call is 72 bytes.
fn targets() -> Vec<Case> {
    let one = |name, entry, guest: &Guest, code: ErrorCode, word| {
        Case::new(name, guest.component(), entry, Expect::Ends(code, word))
    };
    // method, path, query, headers, body, rows, key, context
    let call = |rows: &[u32]| {
        let count = u32::try_from(rows.len()).unwrap();
        Guest::target()
            .text(700, b"POST")
            .text(710, b"x")
            .words(2000, rows)
            .words(128, &[0, 800, 1])
            .words(
                800,
                &[
                    700, 4, 710, 1, 0, 0, 0, 0, 0, 0, 2000, count, 0, 0, 0, 0, 0, 0,
                ],
            )
            .body("prepare", "(i32.const 128)")
    };
    let (prepare, settle) = (Entry::Prepare, Entry::Settle);
    let many: Vec<u32> = (0..11).collect();
    vec![
        one(
            "prepare leaves rows out",
            prepare,
            &call(&[0]),
            ConnectorFailed,
            "left out row 1",
        ),
        one(
            "prepare takes a row twice",
            prepare,
            &call(&[0, 0]),
            ConnectorFailed,
            "twice",
        ),
        one(
            "prepare takes rows that are not there",
            prepare,
            &call(&[0, 7]),
            ConnectorFailed,
            "not in the batch",
        ),
        one(
            "prepare takes more rows than declared",
            prepare,
            &call(&many),
            ConnectorFailed,
            "11 rows",
        ),
        one(
            "settle settles nothing",
            settle,
            &Guest::target(),
            TargetAnswer,
            "did not settle",
        ),
    ]
}
