//! Configuration: the compiled-in defaults, then a file, then the environment. Read once, here,
//! and passed on as structs; no other crate reads the environment.
//!
//! Invariant: unknown keys are errors, so a misspelt key never falls back silently.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use toml::{Table, Value};
use tributary_model::id::Slug;
use tributary_model::plan::Maxima;

const DEFAULTS: &str = include_str!("../config.default.toml");
const PREFIX: &str = "TRIBUTARY_";

/// Variables with the prefix that are no configuration keys but arguments of commands.
const NOT_CONFIG: [&str; 3] = ["TRIBUTARY_CREDENTIALS", "TRIBUTARY_URL", "TRIBUTARY_CONFIG"];

/// See `config.default.toml`, which documents every key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data_dir: PathBuf,
    pub(crate) server: Server,
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) workers: Workers,
    pub(crate) host: Host,
    pub(crate) intake: Intake,
    /// by name
    pub(crate) plans: BTreeMap<Slug, Maxima>,
    pub(crate) egress: Egress,
    pub(crate) log: Log,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) listen: SocketAddr,
    /// without path; empty: `listen`
    pub(crate) public_url: String,
    pub(crate) max_connections: usize,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    pub(crate) url: String,
}

/// The URL may hold a password, so it is never printed.
impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Workers {
    pub(crate) slots: usize,
    pub(crate) lease_ms: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Host {
    pub(crate) instances: u32,
    pub(crate) isolation: Isolation,
}

/// Which connectors run in a process of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Isolation {
    /// those that the operator does not vouch for
    Unreviewed,
    All,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Intake {
    pub(crate) max_file_mib: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Egress {
    /// for all tenants
    pub(crate) allow: Vec<String>,
    /// for one tenant alone, by its name
    pub(crate) tenants: BTreeMap<Slug, Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Defaults, then `file`, then the environment, then `data_dir`. What lies beside or in the data
    /// folder follows it, unless it was given a place of its own.
    pub(crate) fn load(file: Option<&Path>, data_dir: Option<&Path>) -> anyhow::Result<Self> {
        let mut table: Table = toml::from_str(DEFAULTS).context("the built-in defaults")?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("could not read {}", path.display()))?;
            let given: Table = toml::from_str(&text)
                .with_context(|| format!("{} is not valid TOML", path.display()))?;
            merge(&mut table, given);
        }
        overlay(&mut table, std::env::vars())?;
        Self::from_table(table, data_dir)
    }

    fn from_table(table: Table, data_dir: Option<&Path>) -> anyhow::Result<Self> {
        let mut config: Self = Value::Table(table)
            .try_into()
            .context("the configuration has a wrong key or value")?;
        if let Some(folder) = data_dir {
            folder.clone_into(&mut config.data_dir);
        }
        check_public_url(&config.server.public_url)?;
        config.fill();
        Ok(config)
    }

    fn fill(&mut self) {
        if self.keys.dir.as_os_str().is_empty() {
            let mut beside = self.data_dir.clone().into_os_string();
            beside.push("-keys");
            self.keys.dir = PathBuf::from(beside);
        }
        if self.store.url.is_empty() {
            let file = self.data_dir.join("tributary.db");
            self.store.url = format!("sqlite://{}", file.display());
        }
    }

    /// The file with the operator's first credentials.
    pub(crate) fn operator_file(&self) -> PathBuf {
        self.keys.dir.join("operator.json")
    }
}

/// Browsers carry a person's consent there, so it is TLS or this machine, and names no page.
fn check_public_url(text: &str) -> anyhow::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let wrong = |why: &str| {
        anyhow::anyhow!(
            "server.public_url {text:?} {why}\n  hint: give the address under which browsers reach the server, for example https://tributary.example.com"
        )
    };
    let url = reqwest::Url::parse(text).map_err(|_| wrong("is no address"))?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err(wrong("does not begin with https://"));
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || text.ends_with('/') || !url.username().is_empty() {
        return Err(wrong("has more than a host and a port"));
    }
    Ok(())
}

fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// `TRIBUTARY_SERVER__LISTEN` → `server.listen`. Values are parsed by the default's type.
fn overlay(
    table: &mut Table,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<()> {
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if NOT_CONFIG.contains(&name.as_str())
            || rest.starts_with("VAR_")
            || rest.starts_with("TEST_")
        {
            continue;
        }
        let path: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
        let slot = match path.as_slice() {
            [key] => table.get_mut(key),
            [section, key] => table
                .get_mut(section)
                .and_then(Value::as_table_mut)
                .and_then(|section| section.get_mut(key)),
            _ => None,
        };
        let Some(slot) = slot else {
            bail!("{name} names no configuration key; the keys are in config.default.toml");
        };
        *slot = parse_like(slot, &text).with_context(|| format!("{name} has a wrong value"))?;
    }
    Ok(())
}

fn parse_like(sample: &Value, text: &str) -> anyhow::Result<Value> {
    Ok(match sample {
        Value::Integer(_) => Value::Integer(text.parse().context("a whole number is needed")?),
        Value::Boolean(_) => Value::Boolean(text.parse().context("true or false is needed")?),
        Value::Array(_) => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
        _ => Value::String(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        loaded_in(variables, None)
    }

    fn loaded_in(variables: &[(&str, &str)], data_dir: Option<&str>) -> anyhow::Result<Config> {
        let mut table: Table = toml::from_str(DEFAULTS)?;
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        overlay(&mut table, owned)?;
        Config::from_table(table, data_dir.map(Path::new))
    }

    #[test]
    fn the_environment_overrides_by_section_and_key() {
        let config = loaded(&[
            ("TRIBUTARY_SERVER__LISTEN", "127.0.0.1:9"),
            ("TRIBUTARY_WORKERS__SLOTS", "7"),
            ("TRIBUTARY_EGRESS__ALLOW", "127.0.0.1:1, 127.0.0.1:2"),
        ])
        .unwrap();
        assert_eq!(config.server.listen.port(), 9);
        assert_eq!(config.workers.slots, 7);
        assert_eq!(config.egress.allow, ["127.0.0.1:1", "127.0.0.1:2"]);
    }

    #[test]
    fn a_public_address_is_a_host_with_tls() {
        let with = |text| loaded(&[("TRIBUTARY_SERVER__PUBLIC_URL", text)]);
        for good in [
            "",
            "https://t.example.com",
            "https://t.example.com:8443",
            "http://127.0.0.1:8080",
        ] {
            assert_eq!(with(good).unwrap().server.public_url, good);
        }
        for bad in [
            "t.example.com",
            "http://t.example.com",
            "https://t.example.com/",
            "https://t.example.com/x",
            "https://u@t.example.com",
        ] {
            let error = with(bad).unwrap_err().to_string();
            assert!(
                error.contains("server.public_url") && error.contains("hint:"),
                "{error}"
            );
        }
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_errors_that_name_the_variable() {
        let unknown = loaded(&[("TRIBUTARY_SERVER__LISTN", "x")]).unwrap_err();
        assert!(unknown.to_string().contains("TRIBUTARY_SERVER__LISTN"));
        let wrong = loaded(&[("TRIBUTARY_WORKERS__SLOTS", "many")]).unwrap_err();
        assert!(wrong.to_string().contains("TRIBUTARY_WORKERS__SLOTS"));
    }

    #[test]
    fn plans_come_from_a_file() {
        let mut table: Table = toml::from_str(DEFAULTS).unwrap();
        let given = "[plans.small]\nmemory_mib = 32\nstored_mib = 1024";
        merge(&mut table, toml::from_str(given).unwrap());
        let config = Config::from_table(table.clone(), None).unwrap();
        let names: Vec<&str> = config.plans.keys().map(Slug::as_str).collect();
        assert_eq!(names, ["default", "small"]);
        let small = config.plans.values().next_back().unwrap();
        assert_eq!((small.memory_mib, small.stored_mib), (Some(32), Some(1024)));
        merge(
            &mut table,
            toml::from_str("[plans.small]\nmemory = 1").unwrap(),
        );
        assert!(
            Config::from_table(table, None).is_err(),
            "a misspelt maximum"
        );
    }

    #[test]
    fn keys_lie_beside_the_data_never_in_it() {
        let config = loaded_in(&[], Some("/x/data")).unwrap();
        assert_eq!(config.keys.dir, Path::new("/x/data-keys"));
        assert!(config.store.url.ends_with("/x/data/tributary.db"));
        let given = [
            ("TRIBUTARY_STORE__URL", "postgres://x/y"),
            ("TRIBUTARY_KEYS__DIR", "/k"),
        ];
        let config = loaded_in(&given, Some("/x/data")).unwrap();
        assert_eq!(config.data_dir, Path::new("/x/data"));
        assert_eq!(config.keys.dir, Path::new("/k"));
        assert_eq!(
            config.store.url, "postgres://x/y",
            "never dropped in silence"
        );
    }
}
