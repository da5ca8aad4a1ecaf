//! What connectors use: of one call, of a connection, of a run. `host` counts, `store` keeps, `api` and
//! `cli` show.
//!
//! Deliberately absent: what the platform itself uses to store, to map and to send.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// instances of the component that were made
    pub instances: u64,
    /// CPU time of the thread inside of calls, host calls with their decoding included, µs
    pub cpu_us: u64,
    /// most linear memory that one instance had
    pub peak_memory_bytes: u64,
    /// bodies and files that came, decompressed, without headers
    pub bytes_in: u64,
    /// bodies and files that were sent, without headers
    pub bytes_out: u64,
    /// calls of the guest into the host, by capability
    pub host_calls: BTreeMap<String, u64>,
}

impl Usage {
    /// Whether nothing was used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another part used; of memory the larger counts.
    pub fn add(&mut self, other: &Self) {
        self.instances += other.instances;
        self.cpu_us += other.cpu_us;
        self.peak_memory_bytes = self.peak_memory_bytes.max(other.peak_memory_bytes);
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        for (capability, calls) in &other.host_calls {
            *self.host_calls.entry(capability.clone()).or_default() += calls;
        }
    }
}

/// What one side of a run used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorUsage {
    /// name and version; of several versions (a redrive) the last
    pub connector: String,
    #[serde(flatten)]
    pub usage: Usage,
}

/// By side: `source`, `target`.
pub type RunUsage = BTreeMap<String, ConnectorUsage>;

/// Adds what was used since.
pub fn add_usage(run: &mut RunUsage, since: &RunUsage) {
    for (side, used) in since {
        let known = run.entry(side.clone()).or_default();
        known.connector.clone_from(&used.connector);
        known.usage.add(&used.usage);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_memory_the_most_counts_and_of_the_rest_the_sum() {
        let part = |peak_memory_bytes| {
            let usage = Usage {
                instances: 1,
                cpu_us: 5,
                peak_memory_bytes,
                bytes_in: 3,
                host_calls: BTreeMap::from([("http".to_owned(), 2)]),
                ..Usage::default()
            };
            let connector = "rest 1.0.0".to_owned();
            RunUsage::from([("source".to_owned(), ConnectorUsage { connector, usage })])
        };
        let mut run = RunUsage::new();
        add_usage(&mut run, &part(70));
        add_usage(&mut run, &part(30));
        let used = &run["source"];
        assert_eq!(used.connector, "rest 1.0.0");
        assert_eq!((used.usage.instances, used.usage.cpu_us), (2, 10));
        assert_eq!((used.usage.peak_memory_bytes, used.usage.bytes_in), (70, 6));
        assert_eq!(used.usage.host_calls["http"], 4);
        let text = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<RunUsage>(&text).unwrap(), run);
    }
}
