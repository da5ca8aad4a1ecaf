//! A connector from `new` to a registry, by the commands of the page "your first connector", each kind of
//! template: it builds offline, passes the battery, and breaks visibly when it is broken.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

fn tributary(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tributary"))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_NET_OFFLINE", "true")
        // compiled dependencies are shared by the kinds and from run to run
        .env(
            "CARGO_BUILD_BUILD_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("connector_life"),
        )
        .output()
        .unwrap()
}

fn good(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = tributary(folder, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}\n{out}\n{error}");
    (out, error)
}

fn bad(folder: &Path, arguments: &[&str]) -> String {
    let output = tributary(folder, arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn made(root: &Path, name: &str, kind: &str) -> PathBuf {
    good(root, &["connector", "new", name, "--kind", kind]);
    root.join(name)
}

#[test]
fn every_template_passes_the_battery_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    for (name, kind, sign) in [
        ("my-erp", "source", "killed 2 times, all rows came"),
        ("my-shop", "target", "2 rows in 2 calls"),
        ("my-names", "functions", "3 calls, each three times"),
    ] {
        let folder = made(root.path(), name, kind);
        let (out, _) = good(&folder, &["connector", "test"]);
        assert!(out.contains(sign) && out.contains(" 0 failed"), "{out}");
    }
}

#[test]
fn a_connector_lives_from_new_to_a_registry() {
    let root = tempfile::tempdir().unwrap();
    let folder = made(root.path(), "erp", "source");
    let again = bad(
        root.path(),
        &["connector", "new", "erp", "--kind", "source"],
    );
    assert!(again.contains("is not empty"), "{again}");
    let named = bad(
        root.path(),
        &["connector", "new", "../erp", "--kind", "source"],
    );
    assert!(named.contains("is no name of a connector"), "{named}");

    let replay: Vec<&str> = "connector dev --config cases/items.json --replay"
        .split(' ')
        .collect();
    let (rows, trace) = good(&folder, &replay);
    assert_eq!(rows.lines().count(), 3, "{rows}");
    for part in ["GET items?page=1&page_size=2", "checkpoint", "stream items"] {
        assert!(trace.contains(part), "{part}: {trace}");
    }

    std::fs::write(folder.join("rows.ndjson"), "{\"id\": 1}\n").unwrap();
    let for_targets = bad(&folder, &[&replay[..], &["--rows", "rows.ndjson"]].concat());
    assert!(
        for_targets.contains("--rows is for targets, and erp is none"),
        "{for_targets}"
    );

    let (built, _) = good(&folder, &["connector", "build", "--json"]);
    let built: serde_json::Value = serde_json::from_str(&built).unwrap();
    assert_eq!(built["name"], "erp");
    good(&folder, &["connector", "key", "--key", "me.key"]);
    for layout in ["folder", "oci"] {
        let publish = [
            "connector",
            "publish",
            "--to",
            layout,
            "--layout",
            layout,
            "--publisher",
            "me",
            "--key",
            "me.key",
        ];
        let (out, _) = good(&folder, &publish);
        assert!(out.starts_with("published  erp 0.1.0"), "{out}");
        let (out, _) = good(&folder, &publish);
        assert!(out.starts_with("unchanged"), "{out}");
        let (out, _) = good(&folder, &["connector", "list", "--from", layout]);
        assert!(
            out.contains("erp") && out.trim_end().ends_with("me"),
            "{out}"
        );
    }

    // What the page says about breaking it.
    let path = folder.join("src/lib.rs");
    let text = std::fs::read_to_string(&path).unwrap();
    let late = "            at.page += 1;\n            checkpoint(&at)?;\n";
    let first = "            let source = format!";
    assert!(text.contains(late) && text.contains(first));
    let broken = text
        .replace(late, "")
        .replace(first, &format!("{late}{first}"));
    std::fs::write(&path, broken).unwrap();
    let out = bad(&folder, &["connector", "test"]);
    assert!(
        out.contains("FAILED   resume") && out.contains("rows are lost"),
        "{out}"
    );
}

const TOKEN: &str = "s3cret-of-the-shop";

/// A connector made of the target's template, and an API of orders, which refuses totals below 0, repeats what
/// it was sent, and keeps what it heard.
struct Shop {
    folder: PathBuf,
    place: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Shop {
    fn open(root: &Path) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let shop = Self {
            folder: made(root, "shop", "target"),
            place: listener.local_addr().unwrap().to_string(),
            heard: Arc::default(),
        };
        let kept = Arc::clone(&shop.heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let said = request(BufReader::new(&stream));
                let answer = answer(&said);
                kept.lock().unwrap().push(said);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let connection = serde_json::json!({
            "name": "try", "connector": "shop", "config": {"path": "orders"}, "secrets": {"token": "${TOKEN}"},
            "endpoint": {"kind": "http", "base_url": format!("http://{}/", shop.place), "auth": {"kind": "bearer"}},
        });
        shop.write("local.json", &connection.to_string());
        let rows = "{\"number\":\"7\",\"total\":12.50}\n{\"number\":\"8\",\"total\":-1}\n";
        shop.write("rows.ndjson", rows);
        shop
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }

    /// `connector dev` with the rows, and with these arguments besides.
    fn dev<T>(&self, run: fn(&Path, &[&str]) -> T, more: &[&str]) -> T {
        let token = format!("TOKEN={TOKEN}");
        let own = [
            "connector",
            "dev",
            "--config",
            "local.json",
            "--var",
            &token,
            "--allow",
            &self.place,
            "--rows",
            "rows.ndjson",
        ];
        run(&self.folder, &[&own[..], more].concat())
    }

    fn posts(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let posts = heard.iter().filter(|said| said.starts_with("POST"));
        posts.cloned().collect()
    }
}

/// A whole request as text.
fn request(mut from: impl std::io::BufRead) -> String {
    let (mut said, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        said.push_str(&line);
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).unwrap();
    said + &String::from_utf8(body).unwrap()
}

fn answer(said: &str) -> String {
    let (status, body) = if said.starts_with("GET") {
        (200, "[]".to_owned())
    } else if said.contains("\"total\":-") {
        (422, "{\"error\":\"total\"}".to_owned())
    } else {
        let taken = serde_json::json!({"id": "o-1", "you_sent": said});
        (201, taken.to_string())
    };
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

#[test]
fn a_target_is_tried_with_rows_and_sends_nothing_by_itself() {
    let root = tempfile::tempdir().unwrap();
    let shop = Shop::open(root.path());
    let (out, trace) = shop.dev(good, &[]);
    let call =
        "call 1  POST orders  row 0  key conformance-key-0000  {\"number\":\"7\",\"total\":12.50}";
    assert!(out.is_empty() && trace.contains(call), "{out}{trace}");
    assert!(
        trace.contains("2 rows in 2 calls, nothing of it sent"),
        "{trace}"
    );
    let unsent = shop.dev(bad, &["--record", "cases/real.json"]);
    assert!(unsent.contains("give --send as well"), "{unsent}");
    shop.write("rows.ndjson", "{}\nseven\n");
    let broken = shop.dev(bad, &["--send"]);
    assert!(
        broken.contains("rows.ndjson: line 2 is no JSON"),
        "{broken}"
    );
    shop.write("rows.ndjson", "\n");
    let empty = shop.dev(bad, &["--send"]);
    assert!(empty.contains("rows.ndjson has no rows"), "{empty}");
    assert!(shop.posts().is_empty(), "{:?}", shop.posts());
}

#[test]
fn a_target_that_was_tried_is_recorded_and_passes_the_battery() {
    let root = tempfile::tempdir().unwrap();
    let shop = Shop::open(root.path());
    let record = [
        "--send",
        "--record",
        "cases/real.json",
        "--key-prefix",
        "try-1-",
    ];
    let (out, trace) = shop.dev(good, &record);
    let ends =
        "row 0  delivered  o-1\nrow 1  rejected  http_422: status 422: {\"error\":\"total\"}\n";
    assert_eq!(out, ends, "{trace}");
    assert!(
        trace.contains("the keys from try-1-0000 to try-1-0001"),
        "{trace}"
    );
    assert!(!trace.contains("the case may want more"), "{trace}");
    let sent = shop.posts();
    assert!(
        sent.len() == 2 && sent[0].contains(TOKEN) && sent[0].contains("try-1-0000"),
        "{sent:?}"
    );

    let recorded = std::fs::read_to_string(shop.folder.join("cases/real.json")).unwrap();
    let prefix = "\"key_prefix\": \"try-1-\"";
    assert!(
        !recorded.contains(TOKEN) && recorded.contains(prefix),
        "{recorded}"
    );
    let (report, _) = good(&shop.folder, &["connector", "test"]);
    let settled = "delivered, rejected; 16 strange answers settled";
    assert_eq!(report.matches(settled).count(), 2, "{report}");
    let replay = [
        "connector",
        "dev",
        "--config",
        "cases/real.json",
        "--replay",
    ];
    let (out, _) = good(&shop.folder, &replay);
    assert_eq!((out.as_str(), shop.posts().len()), (ends, 2));
}
