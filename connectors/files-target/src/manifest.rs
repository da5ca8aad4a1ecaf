//! The file at the end of a run that names all its files, so that whoever reads them knows when all
//! are there and whether they are whole.

use serde_json::{Value, json};
use tributary_sdk::Result;
use tributary_sdk::target::{Document, Written};

use crate::config::Config;

/// `<name>-manifest-<run>.json` beside the files.
pub fn document(config: &Config, run: &str, written: &[Written]) -> Result<Document> {
    let mut files = Vec::with_capacity(written.len());
    for file in written {
        let detail: Value = match &file.detail {
            Some(detail) => serde_json::from_str(detail)?,
            None => Value::Null,
        };
        files.push(json!({
            "file": file.external_id,
            "rows": file.rows,
            "sha256": detail.get("sha256"),
        }));
    }
    let rows: u64 = written.iter().map(|file| file.rows).sum();
    let manifest = json!({ "run": run, "rows": rows, "files": files });
    let mut content = serde_json::to_vec_pretty(&manifest)?;
    content.push(b'\n');
    Ok(Document {
        path: config.path(&format!("manifest-{run}.json")),
        content,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn all_files_are_named_with_rows_and_digest() {
        let config: Config = serde_json::from_str(r#"{"folder": "out", "name": "tax"}"#).unwrap();
        let file = |name: &str, rows, sha256: Option<&str>| Written {
            external_id: name.to_owned(),
            rows,
            detail: sha256.map(|sha256| json!({ "sha256": sha256 }).to_string()),
        };
        let written = [file("out/a", 3, Some("00ff")), file("out/b", 4, None)];
        let document = document(&config, "run_1", &written).unwrap();
        assert_eq!(document.path, "out/tax-manifest-run_1.json");
        let manifest: Value = serde_json::from_slice(&document.content).unwrap();
        let files = json!([
            { "file": "out/a", "rows": 3, "sha256": "00ff" },
            { "file": "out/b", "rows": 4, "sha256": null },
        ]);
        assert_eq!(
            manifest,
            json!({ "run": "run_1", "rows": 7, "files": files })
        );
    }
}
