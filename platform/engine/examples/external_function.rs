//! What a call of a function of code costs beside a function of the language:
//! `external_function COMPONENT`, where the component is `connectors/tax-ids`. One JSON object a line: name,
//! value, unit, baseline, ratio. Times are CPU time of the thread, so that a busy machine does not show.
#![expect(clippy::print_stdout, reason = "a measuring tool")]

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, ensure};
use serde_json::{Value, json};
use tributary_host::{Host, HostConfig};
use tributary_mapping::{Document, Environment, Plan, Row, Verdict, compile};
use tributary_model::external::FunctionComponent;
use tributary_model::rows::{RowFormat, RowPosition};

/// Records of one measurement.
const RECORDS: u32 = 200_000;
/// The best of so many counts.
const ROUNDS: u32 = 5;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::args().nth(1).context("name the component")?;
    let host = Host::new(HostConfig::default())?;
    let functions = host
        .functions(&std::fs::read(file)?)
        .await
        .map_err(|problem| anyhow!("{problem}"))?;
    let components = BTreeMap::from([(functions.reference(), functions.component())]);
    let none = nanoseconds(&plan(&json!([]), &components)?)?;
    let built_in = nanoseconds(&plan(&json!([{ "fn": "abn" }]), &components)?)?;
    let code = nanoseconds(&plan(
        &json!([{ "fn": "external", "name": "cnpj" }]),
        &components,
    )?)?;
    line("record without a function", none, None);
    line("abn, built in", built_in - none, None);
    line(
        "br_cnpj, function of code",
        code - none,
        Some(built_in - none),
    );
    let opened = cpu_ns()?;
    let rounds = 200;
    for _ in 0..rounds {
        use tributary_model::external::FunctionCode as _;
        let mut out = Vec::new();
        let asked = functions
            .open()
            .call("br_cnpj", br#"["11222333000181"]"#, &mut out);
        ensure!(asked.is_ok(), "{asked:?}");
    }
    let each = (cpu_ns()? - opened) / f64::from(rounds);
    line("new instance with its first call", each, Some(code - none));
    Ok(())
}

fn plan(
    steps: &Value,
    components: &BTreeMap<String, FunctionComponent>,
) -> anyhow::Result<Arc<Plan>> {
    let document: Document = serde_json::from_value(json!({
        "version": 1, "name": "speed", "source": { "format": "json", "key": ["$.id"] },
        "external": { "cnpj": {
            "component": "tax-ids@0.1.0", "function": "br_cnpj", "takes": "text", "gives": "text" } },
        "fields": [{ "id": "out", "to": "out", "type": "string", "from": "$.in", "do": steps }]
    }))?;
    let (lookups, params) = (BTreeMap::new(), BTreeMap::new());
    let environment = Environment::new(&lookups, &params).with_components(Some(components));
    compile(&document, &environment).map_err(|found| anyhow!("{found:?}"))
}

/// Time of one record.
fn nanoseconds(plan: &Arc<Plan>) -> anyhow::Result<f64> {
    let mut worker = plan
        .worker(&RowFormat::Ndjson)
        .map_err(|found| anyhow!("{found:?}"))?;
    let number = match format!("{plan:?}").contains("\"abn\"") {
        true => "51824753556",
        false => "11222333000181",
    };
    let text = format!(r#"{{"id":1,"in":"{number}"}}"#);
    let row = Row {
        position: RowPosition::default(),
        bytes: text.as_bytes(),
    };
    let mut out = Vec::new();
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let started = cpu_ns()?;
        for _ in 0..RECORDS {
            out.clear();
            let outcome = worker.map(&[row], &mut out);
            ensure!(outcome.verdict == Verdict::Mapped, "{:?}", outcome.issues);
        }
        best = best.min((cpu_ns()? - started) / f64::from(RECORDS));
    }
    Ok(best)
}

/// CPU time of this thread, as Linux counts it.
fn cpu_ns() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let first = text.split(' ').next().context("schedstat is empty")?;
    Ok(first.parse()?)
}

fn line(name: &str, value: f64, baseline: Option<f64>) {
    let (name, value, unit) = (name, value.round(), "ns");
    let line = match baseline {
        None => json!({ "name": name, "value": value, "unit": unit }),
        Some(baseline) => {
            let ratio = (value / baseline * 10.0).round() / 10.0;
            json!({ "name": name, "value": value, "unit": unit, "baseline": baseline.round(), "ratio": ratio })
        }
    };
    println!("{line}");
}
