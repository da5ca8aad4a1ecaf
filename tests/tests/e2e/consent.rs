//! A person consents to a connection in a browser, and runs read with what came of it.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};
use tributary_counterparts::login;

use crate::theatre::Theatre;

/// As much of a browser as this takes: one cookie, no redirects by itself.
struct Browser {
    http: reqwest::Client,
    cookie: String,
}

impl Browser {
    fn new() -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            http,
            cookie: String::new(),
        })
    }

    /// Status, where it leads, and the text.
    async fn go(&mut self, url: &str, form: Option<&str>) -> anyhow::Result<(u16, String, String)> {
        let mut request = match form {
            None => self.http.get(url),
            Some(form) => self
                .http
                .post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned()),
        };
        if !self.cookie.is_empty() {
            request = request.header(COOKIE, &self.cookie);
        }
        let answer = request.send().await?;
        let text = |name| {
            let value = answer.headers().get(name);
            value
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let set = text(SET_COOKIE);
        if !set.is_empty() {
            self.cookie = set.split(';').next().unwrap_or_default().to_owned();
        }
        let (status, location) = (answer.status().as_u16(), text(LOCATION));
        Ok((status, location, answer.text().await?))
    }

    /// From the address that was handed on to the last page.
    async fn consent(&mut self, url: &str, decision: &str) -> anyhow::Result<String> {
        let (status, _, page) = self.go(url, None).await?;
        anyhow::ensure!(status == 200, "{status}: {page}");
        let proof = page.split("name=\"proof\" value=\"").nth(1);
        let proof = proof
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_default();
        let (status, away, page) = self.go(url, Some(&format!("proof={proof}"))).await?;
        anyhow::ensure!(status == 303, "{status}: {page}");
        let (_, back, page) = self
            .go(&away, Some(&format!("decision={decision}")))
            .await?;
        anyhow::ensure!(!back.is_empty(), "{page}");
        Ok(self.go(&back, None).await?.2)
    }
}

/// Asks by the CLI; the answer's JSON.
fn ask(theatre: &Theatre) -> anyhow::Result<Value> {
    let words = [
        "connection",
        "consent",
        "globex",
        "erp",
        "--no-wait",
        "--json",
    ];
    let (succeeded, shown, said) = theatre.stage.cli(&words)?;
    anyhow::ensure!(succeeded, "{said}");
    Ok(serde_json::from_str(&shown)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reads_with_what_a_person_consented_to() -> anyhow::Result<()> {
    let mut theatre = Theatre::new().await?;
    let server = theatre.stage.server.url();
    let login = login::start(login::Config {
        port: 0,
        client_id: "tributary".to_owned(),
        client_secret: "canary-client-secret".to_owned(),
        redirect_uri: format!("{server}/oauth/callback"),
        access_token: theatre.erp.token.clone(),
    })
    .await?;
    theatre.stage.server.allow(&login.address.to_string());
    let rest = theatre.open().await?;
    let mut document = rest.get("/tenants/globex/connections/erp").await?;
    document["endpoint"]["auth"] = json!({
        "kind": "oauth2_code", "client_id": "tributary", "client_auth": "body",
        "authorize_url": format!("{}/authorize", login.url), "token_url": format!("{}/token", login.url),
    });
    document["secrets"] = json!({"client_secret": "canary-client-secret"});
    rest.put("/tenants/globex/connections/erp", &document)
        .await?;

    // nobody has consented yet: the check says what to do
    let check = ["connection", "check", "globex", "erp"];
    let (succeeded, shown, said) = theatre.stage.cli(&check)?;
    assert!(!succeeded, "{shown}");
    assert!(shown.contains("nobody has given consent"), "{shown}{said}");
    assert!(
        shown.contains("tributary connection consent"),
        "{shown}{said}"
    );

    let denied = ask(&theatre)?;
    let mut browser = Browser::new()?;
    let url = |asked: &Value| asked["url"].as_str().unwrap_or_default().to_owned();
    let page = browser.consent(&url(&denied), "deny").await?;
    assert!(page.contains("access_denied"), "{page}");

    let asked = ask(&theatre)?;
    let page = browser.consent(&url(&asked), "agree").await?;
    assert!(page.contains("Access was given"), "{page}");
    let id = asked["id"].as_str().unwrap_or_default();
    let path = format!("/tenants/globex/connections/erp/consents/{id}");
    let view = rest.get(&path).await?;
    assert_eq!(
        (&view["state"], &view["renewable"]),
        (&json!("given"), &json!(true)),
        "{view}"
    );

    let (succeeded, shown, said) = theatre.stage.cli(&check)?;
    assert!(succeeded, "{shown}{said}");
    let (succeeded, shown, said) = theatre.stage.cli(&["run", "globex", "order-tax"])?;
    assert!(succeeded, "{shown}{said}");
    // neither log nor database shows what was given
    let log = std::fs::read_to_string(theatre.stage.server.log())?;
    for secret in [
        "of-a-consent",
        "canary-client-secret",
        theatre.erp.token.as_str(),
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(
            !format!("{shown}{said}").contains(secret),
            "{secret} is shown"
        );
    }
    Ok(())
}
