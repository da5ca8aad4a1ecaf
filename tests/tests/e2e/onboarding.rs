//! From nothing to a mapping's first schema without code: a connection made by questions, tried, looked
//! into; and what a run says when its source has changed.

use serde_json::{Value, json};
use tributary_tests::rest::Rest;

use crate::theatre::Theatre;

/// Acme's connection by flags, but for what `without` leaves to the lines.
fn flags(theatre: &Theatre, without: &[&str]) -> Vec<String> {
    let variable = |name: &str| theatre.stage.variables[name].clone();
    let all = [
        ("name", "orders-in".to_owned()),
        ("endpoint.host", variable("ACME_SFTP_HOST")),
        ("endpoint.port", variable("ACME_SFTP_PORT")),
        ("endpoint.user", variable("ACME_SFTP_USER")),
        ("endpoint.host_keys", variable("ACME_SFTP_HOST_KEY")),
        ("endpoint.auth.kind", "password".to_owned()),
        ("config.stream", "order-lines".to_owned()),
        ("config.folder", "/outgoing".to_owned()),
        ("config.pattern", "orders-*.csv".to_owned()),
        ("config.csv.delimiter", ";".to_owned()),
        ("config.csv.encoding", "windows-1252".to_owned()),
    ];
    let mut words = vec!["connection".to_owned(), "new".to_owned(), "acme".to_owned()];
    words.push("sftp".to_owned());
    for (place, value) in all.iter().filter(|(place, _)| !without.contains(place)) {
        words.push("--set".to_owned());
        words.push(format!("{place}={value}"));
    }
    words
}

fn told(
    theatre: &Theatre,
    words: &[String],
    lines: &str,
) -> anyhow::Result<(bool, String, String)> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    theatre.stage.cli_told(&words, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_made_by_questions_tried_and_stored() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let password = theatre.stage.variables["ACME_SFTP_PASSWORD"].clone();
    let host = theatre.stage.variables["ACME_SFTP_HOST"].clone();

    // nobody answers: the question names the flag that would
    let words = flags(&theatre, &["endpoint.host"]);
    let (succeeded, _, said) = told(&theatre, &words, "")?;
    assert!(
        !succeeded && said.contains("--set endpoint.host=VALUE"),
        "{said}"
    );

    // a wrong password is the step `auth`, and nothing is stored
    let words = flags(&theatre, &[]);
    let (succeeded, shown, said) = told(&theatre, &words, "wrong-canary\n")?;
    assert!(!succeeded, "{said}");
    assert!(said.contains("FAILED  auth"), "{said}");
    assert!(
        said.contains("/docs/errors/connection_auth_failed"),
        "{said}"
    );
    assert!(
        !format!("{shown}{said}").contains("canary"),
        "{shown}{said}"
    );
    let stored = rest.get("/tenants/acme/connections/orders-in").await;
    assert!(stored.is_err(), "{stored:?}");

    // by lines where flags do not answer: name, host, password, folder
    let words = flags(&theatre, &["name", "endpoint.host", "config.folder"]);
    let lines = format!("orders-in\n{host}\n{password}\n/outgoing\n");
    let (succeeded, shown, said) = told(&theatre, &words, &lines)?;
    assert!(succeeded, "{shown}\n{said}");
    for step in [
        "dns", "connect", "host_key", "auth", "sftp", "list", "header",
    ] {
        assert!(said.contains(&format!("ok      {step}")), "{step}: {said}");
    }
    assert!(shown.contains("\"password\": \"(set)\""), "{shown}");
    assert!(
        !format!("{shown}{said}").contains(&password),
        "{shown}{said}"
    );
    let stored = rest.get("/tenants/acme/connections/orders-in").await?;
    assert_eq!(stored["config"]["csv"]["delimiter"], ";", "{stored}");

    // there is one already; a file takes it without its secret
    let (succeeded, _, said) = told(&theatre, &words, &lines)?;
    assert!(!succeeded && said.contains("--replace"), "{said}");
    let file = theatre.stage.dir.path().join("orders-in.json");
    let mut words = words;
    words.extend(["--out".to_owned(), file.to_string_lossy().into_owned()]);
    let (succeeded, _, said) = told(&theatre, &words, &lines)?;
    assert!(succeeded && said.contains("ORDERS_IN_PASSWORD"), "{said}");
    let written = std::fs::read_to_string(&file)?;
    assert!(written.contains("${ORDERS_IN_PASSWORD}"), "{written}");
    assert!(!written.contains(&password), "{written}");
    Ok(())
}

/// Acme's connection with changes, under another name.
async fn connection(
    theatre: &Theatre,
    rest: &Rest,
    name: &str,
    change: impl Fn(&mut Value),
) -> anyhow::Result<()> {
    let file = theatre
        .stage
        .programs
        .tenants
        .join("acme/connections/files.json");
    let mut text = std::fs::read_to_string(file)?;
    for (variable, value) in &theatre.stage.variables {
        text = text.replace(&format!("${{{variable}}}"), value);
    }
    let mut document: Value = serde_json::from_str(&text)?;
    document["name"] = json!(name);
    change(&mut document);
    let path = format!("/tenants/acme/connections/{name}");
    rest.put(&path, &document).await?;
    Ok(())
}

/// The steps of a check by the CLI, and whether it succeeded.
fn check(theatre: &Theatre, name: &str) -> anyhow::Result<(bool, Vec<Value>)> {
    let words = ["connection", "check", "acme", name, "--json"];
    let (succeeded, shown, _) = theatre.stage.cli(&words)?;
    let steps = shown.lines().map(serde_json::from_str);
    Ok((succeeded, steps.collect::<Result<_, _>>()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_names_its_step_and_what_to_do() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let other_key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    type Change = fn(&mut Value);
    let changes: [(&str, Change, &str, &str); 4] = [
        (
            "a",
            |d| d["secrets"]["password"] = json!("wrong"),
            "auth",
            "connection_auth_failed",
        ),
        (
            "b",
            |d| d["config"]["folder"] = json!("/nowhere"),
            "list",
            "source_not_found",
        ),
        (
            "c",
            |d| d["endpoint"]["port"] = json!(1),
            "egress",
            "connection_denied",
        ),
        (
            "d",
            |d| d["endpoint"]["host"] = json!("no-such-host.invalid"),
            "dns",
            "connection_unreachable",
        ),
    ];
    for (name, change, step, code) in changes {
        connection(&theatre, &rest, name, change).await?;
        let (succeeded, steps) = check(&theatre, name)?;
        let last = steps.last().cloned().unwrap_or_default();
        assert!(!succeeded, "{steps:?}");
        assert_eq!(
            (&last["name"], &last["code"]),
            (&json!(step), &json!(code)),
            "{steps:?}"
        );
        assert!(
            last["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
            "{last}"
        );
        assert!(last["took_ms"].is_u64(), "{last}");
        let before = steps.split_last().map_or(&[][..], |(_, before)| before);
        assert!(before.iter().all(|step| step["ok"] == true), "{steps:?}");
    }
    connection(&theatre, &rest, "e", |d| {
        d["endpoint"]["host_keys"] = json!([other_key])
    })
    .await?;
    let (_, steps) = check(&theatre, "e")?;
    let names: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["name"].as_str())
        .collect();
    assert_eq!(names, ["dns", "connect", "host_key"], "{steps:?}");
    assert_eq!(steps[2]["code"], "host_key_changed");

    // over HTTP: what the API asks for is refused behind a connection that works
    let (succeeded, steps) = check(&theatre, "taxman")?;
    assert!(succeeded, "{steps:?}");
    let document = json!({
        "name": "taxman-2", "connector": "taxman", "secrets": {"token": "wrong"}, "config": {},
        "endpoint": {"kind": "http", "base_url": theatre.stage.variables["TAXMAN_URL"], "auth": {"kind": "bearer"}},
    });
    let tried = rest
        .post("/tenants/acme/connection-check", &document)
        .await?;
    assert_eq!(tried["ok"], false, "{tried}");
    let names = tried["steps"].as_array().into_iter().flatten();
    let names: Vec<&str> = names.filter_map(|step| step["name"].as_str()).collect();
    assert_eq!(names, ["dns", "connect", "auth"], "{tried}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_tell_what_the_columns_look_like_and_change_nothing() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    connection(&theatre, &rest, "deleting", |d| {
        d["config"]["after"] = json!("delete")
    })
    .await?;
    let file = theatre.stage.dir.path().join("schema.json");
    let out = file.to_string_lossy().into_owned();
    let words = [
        "connection",
        "discover",
        "acme",
        "deleting",
        "--rows",
        "1000",
        "--json",
        "--out",
        &out,
    ];
    let (succeeded, shown, said) = theatre.stage.cli(&words)?;
    assert!(succeeded, "{said}");
    let stream: Value = serde_json::from_str(shown.trim())?;
    assert_eq!(
        (&stream["name"], &stream["sampled_rows"]),
        (&json!("order-lines"), &json!(1000))
    );
    let fields = stream["fields"].as_array().cloned().unwrap_or_default();
    let field = |path: &str| {
        let found = fields.iter().find(|field| field["path"] == path);
        found.cloned().unwrap_or_default()
    };
    let price = field("$.rabatt_prozent");
    assert!(price["looks"].to_string().contains("de-DE"), "{price}");
    assert!(
        price["examples"]
            .as_array()
            .is_some_and(|list| !list.is_empty()),
        "{price}"
    );
    let invoiced = field("$.rechnungsdatum");
    assert!(
        invoiced["empty_share"]
            .as_f64()
            .is_some_and(|share| share > 0.0),
        "{invoiced}"
    );
    // the schema is one that a mapping can name, and holds nobody's values
    let schema: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    let price = &schema["properties"]["einzelpreis"];
    assert_eq!(price["type"], "string", "{schema}");
    assert!(price["examples"].is_null(), "{schema}");
    rest.put("/tenants/acme/schemas/order-lines", &schema)
        .await?;
    // nothing was removed, although the connection says so of what was read
    let left = std::fs::read_dir(theatre.files.root().join("outgoing"))?.count();
    assert_eq!(left, 3);

    let words = [
        "connection",
        "discover",
        "acme",
        "deleting",
        "--stream",
        "nothing",
    ];
    let (succeeded, _, said) = theatre.stage.cli(&words)?;
    assert!(!succeeded && said.contains("it has order-lines"), "{said}");
    let path = "/tenants/globex/connections/erp/discover";
    let (status, found) = rest.call(reqwest::Method::POST, path, None).await?;
    assert_eq!(status, 200, "{found}");
    let fields = found["streams"][0]["fields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert!(!fields.is_empty(), "{found}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_was_renamed_stops_the_run_before_anything_is_delivered() -> anyhow::Result<()>
{
    let mut theatre = Theatre::new().await?;
    let rest = theatre.open().await?;
    let first = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &first, 120).await?;
    assert_eq!(run["state"], "completed_with_errors", "{run}");
    assert_eq!(run["drift"], json!([]), "{run}");
    // what the connectors used is told
    for (side, calls) in [("source", "output"), ("target", "")] {
        let used = &run["usage"][side];
        assert!(
            used["instances"].as_u64().is_some_and(|count| count > 0),
            "{side}: {used}"
        );
        assert!(
            used["cpu_ms"].as_u64().is_some_and(|ms| ms > 0),
            "{side}: {used}"
        );
        let peak = used["peak_memory_bytes"].as_u64().unwrap_or_default();
        assert!((1..=64 << 20).contains(&peak), "{side}: {used}");
        if !calls.is_empty() {
            assert!(
                used["host_calls"][calls]
                    .as_u64()
                    .is_some_and(|count| count > 0),
                "{used}"
            );
        }
    }
    let samples = theatre.stage.programs.tenants.join("acme/samples");
    let mut bytes = 0;
    for entry in std::fs::read_dir(&samples)? {
        bytes += entry?.metadata()?.len();
    }
    let came = run["usage"]["source"]["bytes_in"]
        .as_u64()
        .unwrap_or_default();
    assert!(came >= bytes, "{came} of {bytes}: {}", run["usage"]);
    assert!(
        run["usage"]["target"]["bytes_out"].as_u64() > Some(100_000),
        "{}",
        run["usage"]
    );
    let (_, report, _) = theatre.stage.cli(&["runs", "acme", &first])?;
    assert!(report.contains("used         source  sftp"), "{report}");

    // one column more, and two at other places: told, and nothing else
    let sample = std::fs::read(samples.join("orders-2026-10-A.csv"))?;
    let header_end = sample.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let header = String::from_utf8_lossy(&sample[..header_end])
        .trim()
        .to_owned();
    let lines = String::from_utf8_lossy(&sample);
    // some of them are broken on purpose
    let fields = |line: &str| line.matches(';').count();
    let whole = |line: &&str| line.contains(";DE;L-2001;") && fields(line) == fields(&header);
    let line = lines.lines().skip(1).find(whole);
    let (_, fields) = line
        .and_then(|line| line.split_once(';'))
        .unwrap_or_default();
    let row = format!("2099000001;{fields}");
    let more = format!("{header};lager\r\n{row};7\r\n");
    theatre
        .files
        .put("outgoing/orders-2026-11-A.csv", more.as_bytes())?;
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 60).await?;
    let issues = rest.get(&format!("/tenants/acme/runs/{id}/issues")).await?;
    assert_eq!(run["state"], "succeeded", "{run} {issues}");
    assert_eq!(run["drift"][0]["kind"], "added", "{run}");
    assert_eq!(run["drift"][0]["name"], "lager", "{run}");
    let delivered = theatre.effects().await?["effects"].clone();

    // a column that the mapping reads has another name
    let renamed = header.replace(";rechnungsdatum;", ";rechnungs_datum;");
    let row = row.replace("2099000001", "2099000002");
    let file = format!("{renamed}\r\n{row}\r\n");
    theatre
        .files
        .put("outgoing/orders-2026-12-A.csv", file.as_bytes())?;
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 60).await?;
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(run["problem"]["code"], "source_drift", "{run}");
    let detail = run["problem"]["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("orders-2026-12-A.csv"), "{detail}");
    assert!(
        detail.contains("probably called \"rechnungs_datum\""),
        "{detail}"
    );
    assert_eq!(run["drift"][0]["kind"], "missing", "{run}");
    assert_eq!(
        theatre.effects().await?["effects"],
        delivered,
        "nothing was delivered"
    );

    // the file is corrected and the run redriven
    let file = format!("{header}\r\n{row}\r\n");
    theatre
        .files
        .put("outgoing/orders-2026-12-A.csv", file.as_bytes())?;
    let id = rest.start_run("acme", "order-tax").await?;
    let run = rest.finished("acme", &id, 60).await?;
    assert_eq!(run["state"], "succeeded", "{run}");
    assert_eq!(run["counters"]["delivered"], 1, "{run}");
    Ok(())
}
