//! `tributary connection new`: from nothing to a stored connection by questions. They come from the
//! form of the endpoint's kind, from the form of its credential, and from the connector's own schema.
//! The connection is tried before it is stored.
//!
//! Invariant: a secret is not shown, not written to a file, and not taken from the command line.

use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value, json};
use tributary_model::auth_recipe::AuthRecipe;
use tributary_model::connection_form::forms;

use super::answers::{Answers, person};
use super::ask::{Place, choice, value, yes};
use super::{check, items, text};
use crate::client::{Client, ServerOptions, segment};
use crate::print;

/// Arguments of `tributary connection new`.
#[derive(clap::Args)]
pub(super) struct NewArguments {
    tenant: String,
    /// a connector, or a kind of endpoint: http, sftp, s3, sql, tcp, uploads, push
    kind: Option<String>,
    /// an answer, for example endpoint.host=files.example.com or config.folder=/out; `@PATH` as a value
    /// takes it from a file
    #[arg(long = "set", value_name = "PLACE=VALUE")]
    set: Vec<String>,
    /// a secret, from the environment (NAME=env:VARIABLE) or a file (NAME=file:PATH)
    #[arg(long = "secret", value_name = "NAME=FROM")]
    secrets: Vec<String>,
    /// writes the document to this file, with `${NAME}` in place of secrets, instead of storing it
    #[arg(long)]
    out: Option<PathBuf>,
    /// does not try the connection
    #[arg(long)]
    no_check: bool,
    /// stores it also if a step of the check fails
    #[arg(long)]
    unchecked: bool,
    /// replaces a connection of that name
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    server: ServerOptions,
}

/// Asks, shows, tries, stores.
pub(super) async fn run(arguments: &NewArguments) -> anyhow::Result<()> {
    let client = Client::connect(&arguments.server).await?;
    let installed = client.get("/connectors").await?;
    let forms = forms().context("the forms can't be read")?;
    let mut input = BufReader::new(std::io::stdin());
    let mut answers = Answers::new(&mut input, person(), &arguments.set, &arguments.secrets)?;
    let asked = document(&mut answers, &installed, &forms, arguments.kind.as_deref())?;
    if let Some(unused) = answers.unused() {
        bail!("these answers belong to no question: {unused}");
    }
    let name = asked.name().to_owned();
    let place = format!("/tenants/{}/connections", segment(&arguments.tenant));
    if arguments.out.is_none() && !arguments.replace {
        refuse_existing(&client, &place, &name).await?;
    }
    print::remark("");
    print::line(&serde_json::to_string_pretty(&asked.shown())?);
    if !arguments.no_check {
        let path = format!("/tenants/{}/connection-check", segment(&arguments.tenant));
        let answer = client.post(&path, &asked.whole()).await?;
        print::remark(check::steps(&answer).trim_end());
        let mut keep = check::works(&answer) || arguments.unchecked;
        if !keep && answers.person {
            let question = "the connection does not work yet. Keep it all the same?";
            keep = yes(&mut answers, question, false)?;
        }
        if !keep {
            bail!(
                "the connection does not work and was not stored\n  hint: correct the step that failed; --unchecked stores it all the same"
            );
        }
    }
    match &arguments.out {
        Some(file) => asked.write(file),
        None => {
            let path = format!("{place}/{}", segment(&name));
            client.put(&path, &asked.whole()).await?;
            let tenant = &arguments.tenant;
            print::remark(&format!(
                "stored; next: tributary connection discover {tenant} {name}"
            ));
            Ok(())
        }
    }
}

async fn refuse_existing(client: &Client, place: &str, name: &str) -> anyhow::Result<()> {
    let known = client.get(place).await?;
    let taken = items(&known, "items").any(|item| text(item, "name") == name);
    ensure!(
        !taken,
        "there is a connection {name} already\n  hint: choose another name, or replace it with --replace"
    );
    Ok(())
}

/// What was answered; the secrets apart from the rest.
struct Asked {
    document: Map<String, Value>,
    secrets: Map<String, Value>,
}

impl Asked {
    fn name(&self) -> &str {
        let name = self.document.get("name").and_then(Value::as_str);
        name.unwrap_or_default()
    }

    fn with(&self, secret: impl Fn(&str, &Value) -> Value) -> Value {
        let mut document = self.document.clone();
        if !self.secrets.is_empty() {
            let secrets = self.secrets.iter();
            let secrets: Map<String, Value> = secrets
                .map(|(name, value)| (name.clone(), secret(name, value)))
                .collect();
            document.insert("secrets".to_owned(), Value::Object(secrets));
        }
        Value::Object(document)
    }

    fn whole(&self) -> Value {
        self.with(|_, value| value.clone())
    }

    fn shown(&self) -> Value {
        self.with(|_, _| json!("(set)"))
    }

    /// `ERP_PASSWORD`
    fn variable(&self, secret: &str) -> String {
        let name = format!("{}_{secret}", self.name());
        name.to_uppercase().replace('-', "_")
    }

    fn write(&self, file: &std::path::Path) -> anyhow::Result<()> {
        let document = self.with(|name, _| json!(format!("${{{}}}", self.variable(name))));
        let written = serde_json::to_string_pretty(&document)?;
        std::fs::write(file, format!("{written}\n"))
            .with_context(|| format!("could not write {}", file.display()))?;
        let variables: Vec<String> = self
            .secrets
            .keys()
            .map(|name| self.variable(name))
            .collect();
        print::remark(&format!("wrote {}", file.display()));
        if !variables.is_empty() {
            print::remark(&format!(
                "its secrets are not in it; `tributary apply` fills in {} from --var-file or the environment",
                variables.join(", ")
            ));
        }
        Ok(())
    }
}

/// Asks for the whole document.
fn document(
    answers: &mut Answers<'_>,
    installed: &Value,
    forms: &Value,
    kind: Option<&str>,
) -> anyhow::Result<Asked> {
    let manifest = connector(answers, installed, kind)?;
    let connector = text(manifest, "name").to_owned();
    let name_schema = json!({
        "type": "string", "title": "name of the connection", "pattern": "^[a-z][a-z0-9-]{0,62}$",
        "description": "Small letters, digits and hyphens; integrations call it by this name."
    });
    let name = value(answers, &Place::top("name", &name_schema))?;
    let kinds = endpoint_kinds(manifest);
    let of_kind: Vec<&Value> = items(forms, "endpoints")
        .filter(|endpoint| kinds.iter().any(|one| one == text(endpoint, "kind")))
        .collect();
    let words: Vec<(String, String)> = of_kind.iter().map(|form| word(form)).collect();
    let chosen = choice(
        answers,
        "endpoint.kind",
        "what does the other side speak?",
        &words,
    )?;
    let form = named(&of_kind, &chosen)?;
    let mut endpoint = endpoint(answers, form)?;
    // a connector that describes its credentials asks for those, unless another kind is given
    let recipe = recipe(manifest).filter(|recipe| {
        let said = answers.said("endpoint.auth.kind");
        chosen == "http" && said.is_none_or(|said| said == recipe.kind())
    });
    let described = recipe.and_then(|recipe| described(form, &recipe));
    let credentials: Vec<&Value> = match &described {
        Some(described) => vec![described],
        None => items(form, "auth").collect(),
    };
    let words: Vec<(String, String)> = credentials.iter().map(|form| word(form)).collect();
    let chosen = choice(
        answers,
        "endpoint.auth.kind",
        "how do we show who we are?",
        &words,
    )?;
    let credential = named(&credentials, &chosen)?;
    print::remark(text(credential, "description"));
    let auth = credential.get("auth").unwrap_or(&Value::Null);
    // where there is no account, the endpoint knows no such member
    if auth.get("type") != Some(&json!("null")) {
        let auth = value(answers, &Place::top("endpoint.auth", auth))?;
        endpoint.insert("auth".to_owned(), auth.unwrap_or(Value::Null));
    }
    let mut secrets = Map::new();
    ask_secrets(answers, credential, &mut secrets)?;
    let tls = endpoint.get("tls").unwrap_or(&Value::Null);
    if tls.get("client_certificate") == Some(&Value::Bool(true)) {
        let certificate = form.get("client_certificate").unwrap_or(&Value::Null);
        ask_secrets(answers, certificate, &mut secrets)?;
    }
    let schema = manifest.get("config_schema").unwrap_or(&Value::Null);
    let config = value(answers, &Place::top("config", schema))?;
    let members = [
        ("name", name.unwrap_or(Value::Null)),
        ("connector", json!(connector)),
        ("endpoint", Value::Object(endpoint)),
        ("config", config.unwrap_or_else(|| json!({}))),
    ];
    let members = members.into_iter();
    Ok(Asked {
        document: members
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        secrets,
    })
}

/// How the connector describes the credentials of its API.
fn recipe(manifest: &Value) -> Option<AuthRecipe> {
    let recipe = manifest.pointer("/connection/auth")?;
    serde_json::from_value(recipe.clone()).ok()
}

/// The form of the kind that the recipe describes, without what the recipe says already.
fn described(form: &Value, recipe: &AuthRecipe) -> Option<Value> {
    let kind = recipe.kind();
    let mut form = items(form, "auth")
        .find(|form| text(form, "kind") == kind)?
        .clone();
    let mut asked: Vec<&str> = ["kind"].into_iter().chain(recipe.asks()).collect();
    let schema = form.get_mut("auth")?.as_object_mut()?;
    schema.insert("required".to_owned(), json!(asked));
    asked.extend(recipe.leaves_open());
    let members = schema.get_mut("properties")?.as_object_mut()?;
    members.retain(|name, _| asked.contains(&name.as_str()));
    let description =
        "The connector describes how it is done; what it needs is who we are and the secret.";
    form.as_object_mut()?
        .insert("description".to_owned(), json!(description));
    Some(form)
}

/// The manifest of the connector that is meant.
fn connector<'a>(
    answers: &mut Answers<'_>,
    installed: &'a Value,
    kind: Option<&str>,
) -> anyhow::Result<&'a Value> {
    // the version installed last comes first
    let mut manifests: Vec<&Value> = Vec::new();
    for item in items(installed, "items") {
        let manifest = item.get("manifest").unwrap_or(&Value::Null);
        let known = |other: &&Value| text(other, "name") == text(manifest, "name");
        if !endpoint_kinds(manifest).is_empty() && !manifests.iter().any(known) {
            manifests.push(manifest);
        }
    }
    let all: Vec<&str> = manifests.iter().map(|one| text(one, "name")).collect();
    let all = all.join(", ");
    if let Some(kind) = kind {
        let is = |one: &&Value| {
            text(one, "name") == kind || endpoint_kinds(one).iter().any(|word| word == kind)
        };
        match manifests.iter().find(|one| text(one, "name") == kind) {
            Some(named) => manifests = vec![*named],
            None => manifests.retain(is),
        }
    }
    ensure!(
        !manifests.is_empty(),
        "no installed connector has this name or kind of endpoint; there are: {all}\n  hint: `tributary connector install` adds more"
    );
    let words: Vec<(String, String)> = manifests
        .iter()
        .map(|one| (text(one, "name").to_owned(), text(one, "title").to_owned()))
        .collect();
    let chosen = choice(answers, "connector", "which connector?", &words)?;
    let found = manifests.iter().find(|one| text(one, "name") == chosen);
    found.copied().context("no such connector")
}

/// The kinds of endpoint that a connector speaks to: a word or a list in its manifest.
fn endpoint_kinds(manifest: &Value) -> Vec<String> {
    match manifest.pointer("/connection/kind") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(list)) => {
            let words = list.iter().filter_map(Value::as_str);
            words.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The settings of an endpoint without its credentials, which have a form of their own.
fn endpoint(answers: &mut Answers<'_>, form: &Value) -> anyhow::Result<Map<String, Value>> {
    let mut settings = form.get("settings").cloned().unwrap_or(Value::Null);
    if let Some(members) = settings
        .get_mut("properties")
        .and_then(Value::as_object_mut)
    {
        members.shift_remove("auth");
    }
    if let Some(required) = settings.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name != "auth");
    }
    match value(answers, &Place::top("endpoint", &settings))? {
        Some(Value::Object(endpoint)) => Ok(endpoint),
        _ => Ok(Map::new()),
    }
}

fn ask_secrets(
    answers: &mut Answers<'_>,
    form: &Value,
    secrets: &mut Map<String, Value>,
) -> anyhow::Result<()> {
    let schema = form.get("secrets").unwrap_or(&Value::Null);
    if let Some(Value::Object(given)) = value(answers, &Place::top("secrets", schema))? {
        secrets.extend(given);
    }
    Ok(())
}

fn word(form: &Value) -> (String, String) {
    (
        text(form, "kind").to_owned(),
        text(form, "title").to_owned(),
    )
}

fn named<'a>(forms: &[&'a Value], kind: &str) -> anyhow::Result<&'a Value> {
    let found = forms.iter().find(|form| text(form, "kind") == kind);
    found
        .copied()
        .with_context(|| format!("there is no kind {kind:?}"))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn installed(auth: &Value) -> Value {
        json!({ "items": [{ "manifest": {
            "name": "pim", "title": "PIM", "config_schema": { "type": "object", "properties": {} },
            "connection": { "label": "api", "kind": "http", "auth": auth },
        } }] })
    }

    fn asked(auth: &Value, set: &[&str]) -> anyhow::Result<Asked> {
        let secret = tempfile::NamedTempFile::new()?;
        std::fs::write(secret.path(), "canary")?;
        let secrets = match set.iter().any(|set| set.ends_with("bearer")) {
            true => "token",
            false => "signing_key",
        };
        let secrets = [format!("{secrets}=file:{}", secret.path().display())];
        let set: Vec<String> = set.iter().map(|one| (*one).to_owned()).collect();
        let mut input = Cursor::new(Vec::new());
        let mut answers = Answers::new(&mut input, false, &set, &secrets)?;
        let asked = document(&mut answers, &installed(auth), &forms()?, Some("pim"))?;
        assert_eq!(answers.unused(), None);
        Ok(asked)
    }

    #[test]
    fn a_connector_that_describes_its_credentials_asks_for_the_key_alone() {
        let auth = json!({
            "kind": "hmac", "template": "{path}", "headers": { "X-Key": "{key_id}", "X-Signature": "{signature}" },
        });
        let place = ["name=erp", "endpoint.base_url=https://pim.example/"];
        let with = |more: &[&'static str]| [&place, more].concat();
        let made = asked(&auth, &with(&["endpoint.auth.key_id=k1"])).unwrap();
        let written = made.shown();
        assert_eq!(
            written["endpoint"]["auth"],
            json!({ "kind": "hmac", "key_id": "k1" })
        );
        assert_eq!(written["secrets"], json!({ "signing_key": "(set)" }));
        // it is asked for, because it is in the header
        let missing = asked(&auth, &place).err().unwrap().to_string();
        assert!(missing.contains("endpoint.auth.key_id"), "{missing}");
        // another kind can be had by its name
        let other = asked(&auth, &with(&["endpoint.auth.kind=bearer"])).unwrap();
        assert_eq!(
            other.shown()["endpoint"]["auth"],
            json!({ "kind": "bearer" })
        );
    }
}
