//! Buckets as source and target: acme's files out of S3, to TAXMAN and to files again; a file that
//! turns out to be broken does nothing if the connection asks for whole files.

use std::path::Path;

use serde_json::{Value, json};
use tributary_counterparts::{moto, taxman, web};
use tributary_tests::expected::Expected;
use tributary_tests::rest::Rest;
use tributary_tests::stage::Stage;

use crate::parts::packed;
use crate::theatre::control;

struct Storage {
    stage: Stage,
    taxman: web::Handle,
    s3: moto::Handle,
}

impl Storage {
    /// acme applied, its samples in a bucket, and connections to both ends of it.
    async fn open() -> anyhow::Result<(Self, Rest)> {
        let taxman = taxman::start(taxman::Config {
            port: 0,
            token: String::new(),
            forget: false,
            journal: None,
        })
        .await?;
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../counterparts");
        let s3 = moto::start(&cache).await?;
        let mut stage = Stage::new(&[taxman.address.to_string(), s3.address.to_string()])?;
        stage.set("TAXMAN_URL", &taxman.url);
        stage.set("TAXMAN_TOKEN", &taxman.token);
        // acme's SFTP server is not needed here.
        for (name, value) in [
            ("ACME_SFTP_HOST", "files.example.com"),
            ("ACME_SFTP_PORT", "22"),
            ("ACME_SFTP_USER", "acme"),
            ("ACME_SFTP_PASSWORD", "unused"),
            (
                "ACME_SFTP_HOST_KEY",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ",
            ),
        ] {
            stage.set(name, value);
        }
        stage.server.start()?;
        let rest = stage.server.ready().await?;
        stage.install_connectors(&["files-target", "s3", "sftp", "taxman"])?;
        let acme = stage.programs.tenants.join("acme");
        stage.apply(&acme)?;
        s3.put("/acme", b"").await?;
        for entry in std::fs::read_dir(acme.join("samples"))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            s3.put(
                &format!("/acme/erp/outgoing/{name}"),
                &std::fs::read(&path)?,
            )
            .await?;
        }
        let storage = Self { stage, taxman, s3 };
        let files: Value =
            serde_json::from_slice(&std::fs::read(acme.join("connections/files.json"))?)?;
        let mut config = files["config"].clone();
        config["folder"] = json!("outgoing");
        storage.connection(&rest, "bucket", "s3", config).await?;
        Ok((storage, rest))
    }

    async fn connection(
        &self,
        rest: &Rest,
        name: &str,
        connector: &str,
        config: Value,
    ) -> anyhow::Result<()> {
        let document = json!({
            "name": name, "connector": connector, "config": config,
            "endpoint": {"kind": "s3", "endpoint": self.s3.url(), "region": "us-east-1", "bucket": "acme",
                "prefix": "erp", "auth": {"kind": "access_key", "access_key_id": "AKIDEXAMPLE"}},
            "secrets": {"secret_access_key": "s3-secret-canary"},
        });
        rest.put(&format!("/tenants/acme/connections/{name}"), &document)
            .await?;
        Ok(())
    }

    /// acme's integration with other ends.
    async fn integration(&self, rest: &Rest, name: &str, change: &Value) -> anyhow::Result<()> {
        let acme = self.stage.programs.tenants.join("acme");
        let text = std::fs::read(acme.join("integrations/order-tax.json"))?;
        let mut integration: Value = serde_json::from_slice(&text)?;
        integration["name"] = json!(name);
        for (member, value) in change.as_object().into_iter().flatten() {
            integration[member.as_str()] = value.clone();
        }
        rest.put(&format!("/tenants/acme/integrations/{name}"), &integration)
            .await?;
        Ok(())
    }
}

async fn run(rest: &Rest, integration: &str) -> anyhow::Result<Value> {
    let id = rest.start_run("acme", integration).await?;
    rest.finished("acme", &id, 180).await
}

#[tokio::test(flavor = "multi_thread")]
async fn acme_out_of_a_bucket_to_taxman_and_to_files() -> anyhow::Result<()> {
    let (storage, rest) = Storage::open().await?;
    let expected = Expected::read(&storage.stage.programs.tenants.join("acme"))?;
    let source = json!({"connection": "bucket", "stream": "order-lines"});
    storage
        .integration(&rest, "bucket-tax", &json!({"source": source}))
        .await?;
    let first = run(&rest, "bucket-tax").await?;
    assert_eq!(first["state"], "completed_with_errors", "{first}");
    expected.compare_counters(&first)?;
    let effects = control(&storage.taxman, "effects", None).await?;
    assert_eq!(
        effects["effects"],
        expected.summary["counters"]["delivered"]
    );
    assert_eq!(effects["duplicates"], 0);

    // The ledger of files knows them all; then one of them changes.
    let second = run(&rest, "bucket-tax").await?;
    assert_eq!(
        (&second["state"], &second["counters"]["read"]),
        (&json!("succeeded"), &json!(0)),
        "{second}"
    );
    let path = "/acme/erp/outgoing/orders-2026-10-C.csv";
    let mut changed = storage.s3.get(path).await?;
    changed.extend_from_slice(b"\r\n");
    storage.s3.put(path, &changed).await?;
    let third = run(&rest, "bucket-tax").await?;
    assert!(third["counters"]["read"].as_u64() > Some(0), "{third}");
    assert_eq!(third["counters"]["delivered"], 0, "{third}");

    // The same orders as files, and a manifest that adds up.
    let config = json!({"folder": "delivered", "name": "tax"});
    storage
        .connection(&rest, "out", "files-target", config)
        .await?;
    let change = json!({"source": source, "target": {"connection": "out"}});
    storage.integration(&rest, "bucket-files", &change).await?;
    let written = run(&rest, "bucket-files").await?;
    let id = written["id"].as_str().unwrap_or_default().to_owned();
    let delivered = written["counters"]["delivered"]
        .as_u64()
        .unwrap_or_default();
    assert!(delivered > 2_000, "{written}");
    let manifest = storage
        .s3
        .get(&format!("/acme/erp/delivered/tax-manifest-{id}.json"))
        .await?;
    let manifest: Value = serde_json::from_slice(&manifest)?;
    assert_eq!(manifest["rows"], json!(delivered), "{manifest}");
    let mut orders = std::collections::BTreeSet::new();
    let mut rows = 0;
    for file in manifest["files"].as_array().into_iter().flatten() {
        let bytes = storage
            .s3
            .get(&format!(
                "/acme/erp/{}",
                file["file"].as_str().unwrap_or_default()
            ))
            .await?;
        let text = String::from_utf8(bytes)?;
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(file["rows"], json!(lines.len()));
        assert_eq!(file["sha256"].as_str().map(str::len), Some(64));
        for line in lines {
            rows += 1;
            orders.insert(serde_json::from_str::<Value>(line)?["code"].to_string());
        }
    }
    assert_eq!(
        (rows, orders.len() as u64),
        (delivered, delivered),
        "each order once"
    );
    let log = format!("{first}{written}");
    assert!(!log.contains("canary"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_in_the_middle_does_nothing_if_whole_files_are_asked_for()
-> anyhow::Result<()> {
    let (storage, rest) = Storage::open().await?;
    // Three pages of good rows in a zip file, and a byte near the end that is not what was packed.
    let mut text = "nr;name\r\n".to_owned();
    for row in 0..150_000 {
        text += &format!("{row};Straßenbau Weiß KG\r\n");
    }
    let mut bytes = packed(text.as_bytes())?;
    if let Some(byte) = bytes.get_mut(text.len()) {
        *byte ^= 1;
    }
    storage.s3.put("/acme/erp/broken/a.csv.zip", &bytes).await?;
    let mapping = json!({
        "version": 1, "name": "plain", "title": "Rows as they are",
        "source": {"format": "csv", "locale": "de-DE", "key": ["$.nr"]},
        "fields": [
            {"id": "nr", "to": "nr", "type": "string", "from": "$.nr", "required": true},
            {"id": "name", "to": "name", "type": "string", "from": "$.name"},
        ],
    });
    rest.put("/tenants/acme/mappings/plain", &mapping).await?;
    storage
        .connection(&rest, "out", "files-target", json!({"folder": "plain"}))
        .await?;
    let mut delivered = Vec::new();
    for whole in [false, true] {
        let name = format!("broken-{whole}");
        let config = json!({"stream": "rows", "folder": "broken", "csv": {"delimiter": ";"}, "whole_files": whole});
        storage.connection(&rest, &name, "s3", config).await?;
        let change = json!({
            "source": {"connection": name, "stream": "rows"}, "mapping": "plain", "params": {},
            "target": {"connection": "out"},
        });
        storage.integration(&rest, &name, &change).await?;
        let run = run(&rest, &name).await?;
        assert_eq!(run["state"], "failed", "{run}");
        assert_eq!(run["problem"]["code"], "archive_invalid", "{run}");
        delivered.push(run["counters"]["delivered"].as_u64().unwrap_or_default());
    }
    assert!(
        delivered[0] > 0,
        "without it, what was read has gone out: {delivered:?}"
    );
    assert_eq!(delivered[1], 0);
    Ok(())
}
