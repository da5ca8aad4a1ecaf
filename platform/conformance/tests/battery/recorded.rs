//! A target that was tried against an API and recorded: nothing goes out before it is told to, and the
//! recording passes the battery as it is.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tributary_conformance::{
    Attempt, Case, CaseBatch, Cassette, Dev, Event, Player, Recorder, RowTried, Sending, battery,
    dev,
};
use tributary_host::{Connection, EgressPolicy, Finding, OtherSide, Outcome};
use tributary_model::document::ConnectionDocument;

use crate::own::component;

const SECRET: &str = "s3cret-of-the-connection";
const ROW_SECRET: &str = "one-of-the-row";

/// An API of invoices, and the requests that it heard: first line and body.
struct Billing {
    place: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Billing {
    fn open() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        std::thread::spawn(move || {
            let mut invoices = HashMap::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (line, body) = request(&stream);
                kept.lock().unwrap().push(format!("{line} {body}"));
                let (status, answer) = answer(&mut invoices, &line, &body);
                let text = answer.to_string();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    text.len()
                );
                stream.write_all((head + &text).as_bytes()).unwrap();
            }
        });
        Self { place, heard }
    }

    fn heard(&self, method: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let by = heard.iter().filter(|line| line.starts_with(method));
        by.cloned().collect()
    }

    fn connection(&self) -> ConnectionDocument {
        serde_json::from_value(json!({
            "name": "billing", "connector": "rest-target", "secrets": {"token": SECRET},
            "endpoint": {
                "kind": "http", "base_url": format!("http://{}/", self.place), "auth": {"kind": "bearer"},
            },
            "config": {
                "request": {
                    "method": "post", "path": "v1/invoices",
                    "body": {"invoice": "{record}", "reference": "{key}"},
                },
                "resend": {"kind": "lookup", "wait_s": 120, "lookup": {
                    "path": "v1/invoices", "query": {"code": "{/code}"}, "found": "/items/0",
                    "same": [{"at": "/total", "record": "/total"}], "external_id": "/id",
                }},
                "success": {"flag": {"at": "/ok", "equals": ["true"]}},
                "external_id": "/id",
                "error": {"code": "/error/code", "message": "/error/message", "field": "/error/field"},
                "check": {"path": "v1/ping"},
            },
        }))
        .unwrap()
    }

    fn recorder(&self) -> Arc<Recorder> {
        let egress = EgressPolicy {
            allow: vec![self.place.clone()],
        };
        let real = Connection::new(&self.connection(), &egress).unwrap();
        Arc::new(Recorder::new(Arc::new(real), vec![SECRET.to_owned()], 42))
    }

    fn case(&self, batch: CaseBatch, cassette: Cassette) -> Case {
        let mut connection = self.connection();
        connection.secrets.clear();
        let case = json!({"case_version": 1, "connection": connection});
        let mut case: Case = serde_json::from_value(case).unwrap();
        case.batch = Some(batch);
        case.cassette = cassette;
        case
    }
}

/// First line and body of a request.
fn request(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (first.trim().to_owned(), String::from_utf8(body).unwrap())
}

/// Totals below 0 are refused; what was taken is found by its code.
fn answer(invoices: &mut HashMap<String, Value>, line: &str, body: &str) -> (u16, Value) {
    if line.starts_with("POST /v1/invoices ") {
        let sent: Value = serde_json::from_str(body).unwrap();
        let (code, total) = (&sent["invoice"]["code"], &sent["invoice"]["total"]);
        if total.as_f64().unwrap() < 0.0 {
            let error = json!({"code": "TOTAL", "message": "no total below 0", "field": "/total"});
            return (422, json!({"error": error}));
        }
        let code = code.as_str().unwrap();
        let taken = json!({"id": format!("inv-{code}"), "total": total, "ok": true});
        invoices.insert(code.to_owned(), taken.clone());
        return (201, taken);
    }
    if let Some((_, rest)) = line.split_once("?code=") {
        let code = rest.split(' ').next().unwrap();
        let items: Vec<&Value> = invoices.get(code).into_iter().collect();
        return (200, json!({ "items": items }));
    }
    (200, json!({"ok": true}))
}

fn batch(rows: &[Value]) -> CaseBatch {
    let batch = json!({"stream": "invoices", "key_prefix": "try-7-", "rows": rows});
    serde_json::from_str(&batch.to_string()).unwrap()
}

/// Tries the target once; also gives how many calls were told before they were sent.
async fn tried(
    connection: &ConnectionDocument,
    other: Arc<dyn OtherSide>,
    batch: &CaseBatch,
    send: bool,
) -> (Attempt, usize) {
    let component = component("rest-target");
    let trial = Dev {
        component: &component,
        document: connection,
        other,
        stream: None,
        most_rows: 0,
        sending: Some(Sending { batch, send }),
        now_ms: 42,
    };
    let told = Arc::new(Mutex::new(0));
    let count = Arc::clone(&told);
    let listener = Arc::new(move |event: &Event| {
        if matches!(event, Event::Prepared { .. }) {
            *count.lock().unwrap() += 1;
        }
    });
    let attempt = dev(&trial, listener).await.unwrap().attempt.unwrap();
    let told = *told.lock().unwrap();
    (attempt, told)
}

fn words(attempt: &Attempt) -> Vec<String> {
    let outcome = |row: &RowTried| match row {
        RowTried::Settled(Outcome::Delivered { external_id, .. }) => {
            format!("delivered {}", external_id.as_deref().unwrap())
        }
        RowTried::Settled(Outcome::Rejected { code, field, .. }) => {
            format!("rejected {code} {}", field.as_deref().unwrap())
        }
        other => format!("{other:?}"),
    };
    attempt.rows.iter().map(outcome).collect()
}

fn findings(findings: &[Option<Finding>]) -> Vec<&'static str> {
    let word = |finding: &Option<Finding>| match finding {
        Some(Finding::There { .. }) => "there",
        Some(Finding::Absent) => "absent",
        _ => "neither",
    };
    findings.iter().map(word).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_target_passes_the_battery() {
    let billing = Billing::open();
    let connection = billing.connection();
    let batch = batch(&[
        json!({"code": "I-1", "total": 10.5, "token": ROW_SECRET}),
        json!({"code": "I-2", "total": 2}),
        json!({"code": "I-3", "total": -1}),
    ]);

    let (attempt, told) = tried(&connection, billing.recorder(), &batch, false).await;
    assert_eq!((attempt.calls.len(), told), (3, 3));
    let unsent = |row: &RowTried| matches!(row, RowTried::Unsent);
    assert!(attempt.rows.iter().all(unsent) && attempt.before.is_empty());
    assert!(billing.heard("POST").is_empty(), "nothing was to be sent");

    let recorder = billing.recorder();
    let (attempt, _) = tried(&connection, Arc::clone(&recorder) as _, &batch, true).await;
    let ends = [
        "delivered inv-I-1",
        "delivered inv-I-2",
        "rejected TOTAL /total",
    ];
    assert_eq!(words(&attempt), ends);
    assert_eq!(findings(&attempt.before), ["absent", "absent", "absent"]);
    assert_eq!(findings(&attempt.after), ["there", "there", "absent"]);
    assert!(attempt.lacks().is_empty(), "{:?}", attempt.lacks());
    let posts = billing.heard("POST");
    assert!(posts.len() == 3 && posts[0].contains("try-7-0000") && posts[0].contains(ROW_SECRET));

    let case = billing.case(recorder.kept(&batch), recorder.cassette());
    let text = serde_json::to_string(&case).unwrap();
    assert!(
        !text.contains(SECRET) && !text.contains(ROW_SECRET),
        "{text}"
    );
    let target = component("rest-target");
    let report = battery(&target, &[("recorded".to_owned(), case.clone())]).await;
    assert!(report.passed(), "{}", report.text());
    let look_ups = "4 absent, 2 there; 9 strange answers judged";
    assert!(report.text().contains(look_ups), "{}", report.text());

    // Keys that are not the recorded ones make other calls.
    let mut other = case.clone();
    other.batch.as_mut().unwrap().key_prefix = None;
    let report = battery(&target, &[("other".to_owned(), other)]).await;
    let failed: Vec<&str> = report.failures().map(|check| check.check).collect();
    assert_eq!(failed, ["settle"], "{}", report.text());

    // What was masked fits what it was before.
    let player = Arc::new(Player::new(Arc::new(case.cassette)));
    let (again, _) = tried(&connection, Arc::clone(&player) as _, &batch, true).await;
    assert_eq!(words(&again), ends);
    assert!(player.misses().is_empty(), "{:?}", player.misses());
    assert_eq!(billing.heard("POST").len(), 3, "it was played");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_the_target_had_before_is_seen() {
    let billing = Billing::open();
    let connection = billing.connection();
    let batch = batch(&[json!({"code": "I-9", "total": 1})]);
    let mut lacks = Vec::new();
    for known in [false, true] {
        let (attempt, _) = tried(&connection, billing.recorder(), &batch, true).await;
        let word = if known { "there" } else { "absent" };
        assert_eq!(findings(&attempt.before), [word]);
        lacks = attempt.lacks();
        let had = lacks.iter().any(|it| it.starts_with("every row was there"));
        assert_eq!(had, known, "{lacks:?}");
    }
    assert!(lacks.iter().any(|it| it.starts_with("no row was refused")));
}
