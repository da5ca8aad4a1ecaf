//! What reading a file costs in requests, files that change while they are read, and Parquet files.

use std::path::Path;

use async_trait::async_trait;
use serde_json::{Value, json};
use tributary_formats::page::Page;
use tributary_host::{PageSink, Selection};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{Setting, config, lines};
use crate::support::Sink;

/// Does something to the other side when the first page comes.
struct Meddling<F> {
    inner: Sink,
    act: Option<F>,
}

#[async_trait]
impl<F: FnOnce() + Send> PageSink for Meddling<F> {
    async fn page(&mut self, page: Page) -> Result<(), Problem> {
        if let Some(act) = self.act.take() {
            act();
        }
        self.inner.page(page).await
    }

    async fn checkpoint(&mut self, state: Value) -> Result<(), Problem> {
        self.inner.checkpoint(state).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_costs_four_requests() {
    let setting = Setting::start().await;
    const FILES: usize = 20;
    for number in 0..FILES {
        setting.write(&format!("orders-{number:02}.csv"), &lines(3));
    }
    setting.write("orders-empty.csv", b"");
    let call = setting.call();
    let partitions = setting.partitions(&call, false, None).await;
    let listing = setting.server.requests();
    assert!(
        listing["readdir"] <= 2 && !listing.contains_key("stat"),
        "{listing:?}"
    );
    let mut sink = Sink::default();
    for partition in &partitions[..FILES] {
        setting
            .read(&call, partition, None, &mut sink)
            .await
            .unwrap();
    }
    assert_eq!(sink.rows(), 3 * FILES as u64);
    let files = FILES as u64;
    // The last CLOSE is not waited for.
    let mut requests = setting.server.requests();
    let closed = requests.remove("close").unwrap();
    assert!(closed == files || closed == files - 1, "{closed}");
    assert_eq!(
        requests.into_iter().collect::<Vec<_>>(),
        [("fstat", files), ("open", files), ("read", files)]
    );
    setting
        .read(&call, &partitions[FILES], None, &mut sink)
        .await
        .unwrap();
    let requests = setting.server.requests();
    assert!(
        !requests.contains_key("read") && requests["fstat"] == 1,
        "{requests:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_written_to_while_it_is_read_is_noticed() {
    let setting = Setting::start().await;
    // more than is asked for at once
    setting.write("orders-a.csv", &lines(500_000));
    let call = setting.call();
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let path = setting.folder.path().join("in/orders-a.csv");
    for grows in [true, false] {
        let path = path.clone();
        let mut sink = Meddling {
            inner: Sink::default(),
            act: Some(move || {
                let file = std::fs::File::options().append(true).open(&path).unwrap();
                let length = file.metadata().unwrap().len();
                file.set_len(if grows { length + 10 } else { length - 20 })
                    .unwrap();
            }),
        };
        let selection = Selection {
            stream: "orders".to_owned(),
            partition: Some(partition.clone()),
            ..Selection::default()
        };
        let problem = setting
            .connector
            .read(&call, &config(), &selection, &mut sink)
            .await;
        assert_eq!(problem.unwrap_err().code, ErrorCode::FileChanged, "{grows}");
        assert!(
            !sink
                .inner
                .states()
                .iter()
                .any(|state| state["done"] == json!(true))
        );
        setting.write("orders-a.csv", &lines(500_000));
        if grows {
            let now = std::fs::File::options()
                .append(true)
                .open(path_of(&setting))
                .unwrap();
            let listed = partition["modified_ms"].as_u64().unwrap();
            let listed = std::time::UNIX_EPOCH + std::time::Duration::from_millis(listed);
            now.set_modified(listed).unwrap();
        }
    }
}

fn path_of(setting: &Setting) -> std::path::PathBuf {
    setting.folder.path().join("in/orders-a.csv")
}

/// Before a call's time is over the connector is told: what it leaves then is read by the next call.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_told_to_stop_ends_inside_the_file_and_leaves_it_there() {
    let setting = Setting::start().await;
    setting.write("orders-a.csv", &lines(60_000));
    let call = setting.call();
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let mut config = config();
    config["after"] = json!("delete");
    let whole = &lines(60_000)[16..];
    let mut selection = Selection {
        stream: "orders".to_owned(),
        partition: Some(partition),
        ..Selection::default()
    };
    let told = setting.call();
    told.stop.cancel();
    let mut sink = Sink::default();
    let read = setting
        .connector
        .read(&told, &config, &selection, &mut sink);
    assert_eq!(read.await.unwrap_err().code, ErrorCode::RunCancelled);
    assert_eq!((sink.pages().len(), sink.states().len()), (1, 1));
    assert!(sink.bytes().len() < whole.len());
    assert!(path_of(&setting).exists(), "it was not read to its end");
    selection.state = sink.states().last().copied().cloned();
    let read = setting
        .connector
        .read(&call, &config, &selection, &mut sink);
    read.await.unwrap();
    assert!(sink.bytes() == whole, "{}", sink.bytes().len());
    assert!(!path_of(&setting).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_came_in_the_place_of_the_one_that_was_read_stays() {
    let setting = Setting::start().await;
    setting.write("orders-a.csv", &lines(60_000));
    let call = setting.call();
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let (new, path) = (setting.folder.path().join("in/new"), path_of(&setting));
    std::fs::write(&new, lines(2)).unwrap();
    let mut sink = Meddling {
        inner: Sink::default(),
        act: Some(move || std::fs::rename(&new, &path).unwrap()),
    };
    let mut config = config();
    config["after"] = json!("delete");
    let selection = Selection {
        stream: "orders".to_owned(),
        partition: Some(partition.clone()),
        ..Selection::default()
    };
    let read = setting
        .connector
        .read(&call, &config, &selection, &mut sink)
        .await;
    read.unwrap();
    assert_eq!(sink.inner.bytes(), lines(60_000)[16..], "what was planned");
    assert_eq!(
        std::fs::read(path_of(&setting)).unwrap(),
        lines(2),
        "not removed"
    );
    // What was read and is still there is removed.
    let partition = setting.partitions(&call, false, None).await.remove(0);
    let selection = Selection {
        partition: Some(partition),
        ..selection
    };
    let mut sink = Sink::default();
    let read = setting
        .connector
        .read(&call, &config, &selection, &mut sink)
        .await;
    read.unwrap();
    assert!(!path_of(&setting).exists() && sink.rows() == 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parquet_file_gives_its_rows_as_json_and_goes_on_behind_any_of_them() {
    let setting = Setting::start().await;
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/parquet");
    let good = std::fs::read(made.join("small_pages.parquet")).unwrap();
    let bad = std::fs::read(made.join("bad_values.parquet")).unwrap();
    setting.write("a.parquet", &good);
    setting.write("b.parquet", &bad);
    // the header of the second row group's last pages
    let mut damaged = good.clone();
    let second = damaged.len() * 7 / 10;
    damaged[second..second + 64].fill(0xFF);
    setting.write("c.parquet", &damaged);
    setting.write("d.parquet", &good[..good.len() - 5]);
    let call = setting.call();
    let config = json!({"stream": "orders", "folder": "/in", "pattern": "*.parquet",
        "format": "parquet", "expected_columns": ["no"]});
    let read = async |partition: &Value, state: Option<Value>, sink: &mut Sink| {
        let selection = Selection {
            stream: "orders".to_owned(),
            partition: Some(partition.clone()),
            state,
            ..Selection::default()
        };
        let read = setting
            .connector
            .read(&call, &config, &selection, sink)
            .await;
        read.map(|_| ())
    };
    let selection = Selection {
        stream: "orders".to_owned(),
        ..Selection::default()
    };
    let planned = setting
        .connector
        .partitions(&call, &config, &selection)
        .await;
    let partitions = planned.unwrap();

    let mut sink = Sink::default();
    read(&partitions[0], None, &mut sink).await.unwrap();
    let expected = std::fs::read(made.join("small_pages.ndjson")).unwrap();
    assert_eq!(sink.bytes(), expected);
    let done = sink.states().last().unwrap().to_owned().clone();
    assert_eq!(done["done"], json!(true));
    assert_eq!(done["sha256"].as_str().map(str::len), Some(64));
    // from a row in the middle
    let mut state = done.clone();
    (state["done"], state["line"], state["offset"]) = (json!(false), json!(451), json!(450));
    let mut rest = Sink::default();
    read(&partitions[0], Some(state), &mut rest).await.unwrap();
    assert_eq!((rest.rows(), rest.pages()[0].first.line), (150, 451));
    assert!(expected.ends_with(&rest.bytes()));

    // a row that cannot be told stands in its place
    let mut sink = Sink::default();
    read(&partitions[1], None, &mut sink).await.unwrap();
    let text = String::from_utf8(sink.bytes()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), sink.rows()), (4, 4));
    assert!(
        lines[0].starts_with('{') && lines[1].contains("\"rate\" holds NaN"),
        "{text}"
    );
    assert!(serde_json::from_str::<Value>(lines[1]).is_err());

    // of a file that breaks off inside, the rows before come
    let mut sink = Sink::default();
    let problem = read(&partitions[2], None, &mut sink).await.unwrap_err();
    assert_eq!(problem.code, ErrorCode::ParquetInvalid, "{problem}");
    assert!((400..600).contains(&sink.rows()), "the first row group");
    let problem = read(&partitions[3], None, &mut Sink::default())
        .await
        .unwrap_err();
    assert_eq!(problem.code, ErrorCode::FileTruncated, "{problem}");
}
