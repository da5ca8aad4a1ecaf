//! Files on OpenSSH's server, read by the SFTP connector and fetched by OpenSSH's own client, in turns:
//! 10,000 small ones and one of a gigabyte. Both read one file after the other over one connection; the
//! client writes what it fetches (to the same disk), the connector hashes it and finds its rows.

use std::io::Write as _;
use std::path::Path;

use serde_json::json;
use tributary_host::{Connection, EgressPolicy, Host, HostConfig};
use tributary_model::document::ConnectionDocument;

use super::openssh::OpenSsh;
use super::{Figure, Pages, call, read_all, seconds};

const SMALL_FILES: u32 = 10_000;
const LINE: &str =
    "123456;12;SKU-0042;\"Müller; Söhne\";3;19,95;2026-01-31;Some Customer Name Ltd\n";
const TRIES: u32 = 3;

pub(crate) async fn measure(component: &[u8]) -> anyhow::Result<Vec<Figure>> {
    let Some(server) = OpenSsh::start()? else {
        eprintln!("OpenSSH is not installed: no figures of files");
        return Ok(Vec::new());
    };
    let scratch = tempfile::tempdir()?;
    let small = scratch.path().join("small");
    std::fs::create_dir(&small)?;
    for number in 0..SMALL_FILES {
        let text = format!("a;b;c;d;e;f;g;h\n{}", LINE.repeat(2));
        std::fs::write(small.join(format!("orders-{number:05}.csv")), text)?;
    }
    let large = scratch.path().join("large");
    std::fs::create_dir(&large)?;
    let block = LINE.repeat((1 << 20) / LINE.len());
    let mut file = std::fs::File::create(large.join("orders.csv"))?;
    file.write_all(b"a;b;c;d;e;f;g;h\n")?;
    for _ in 0..1024 {
        file.write_all(block.as_bytes())?;
    }
    let megabytes = (block.len() * 1024) as f64 / 1e6;

    let ours = Ours::new(component, &server).await?;
    let (connector, client) = in_turns(&ours, &server, &small, scratch.path(), 1).await?;
    let files = f64::from(SMALL_FILES);
    let small = Figure {
        name: "small_files_10000_per_s",
        value: files / connector,
        unit: "files/s",
        baseline: Some(("sftp get -r", files / client)),
    };
    let (connector, client) = in_turns(&ours, &server, &large, scratch.path(), TRIES).await?;
    let large = Figure {
        name: "sftp_1gb_vs_sftp",
        value: megabytes / connector,
        unit: "MB/s",
        baseline: Some(("sftp get", megabytes / client)),
    };
    Ok(vec![small, large])
}

/// The connector in its host, granted the server.
struct Ours {
    host: Host,
    connector: std::sync::Arc<tributary_host::Connector>,
    document: ConnectionDocument,
}

impl Ours {
    async fn new(component: &[u8], server: &OpenSsh) -> anyhow::Result<Self> {
        let host = Host::new(HostConfig {
            egress: EgressPolicy {
                allow: vec![server.address()],
            },
            ..HostConfig::default()
        })?;
        Ok(Self {
            connector: host.load(component).await?,
            document: serde_json::from_value(server.document()?)?,
            host,
        })
    }
}

/// Best seconds of the connector and of the client.
async fn in_turns(
    ours: &Ours,
    server: &OpenSsh,
    folder: &Path,
    scratch: &Path,
    tries: u32,
) -> anyhow::Result<(f64, f64)> {
    let config = json!({"folder": folder, "pattern": "*.csv", "csv": {"delimiter": ";"}});
    let mut best = (f64::INFINITY, f64::INFINITY);
    for number in 0..tries {
        let call = call(Connection::new(&ours.document, ours.host.egress())?)?;
        let mut sink = Pages::default();
        let now = seconds(read_all(&ours.connector, &call, &config, &mut sink)).await?;
        anyhow::ensure!(sink.bytes > 0, "nothing was read");
        best.0 = best.0.min(now);
        let to = scratch.join(format!("fetched-{number}"));
        let now = seconds(async { server.fetch(folder, &to) }).await?;
        best.1 = best.1.min(now);
        std::fs::remove_dir_all(&to)?;
    }
    Ok(best)
}
