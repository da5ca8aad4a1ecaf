//! What the operator lets a tenant use: maxima, by the name of a plan. A connector's manifest asks for limits
//! of its own; what holds is the smaller of both, and a refusal says which it was.
//!
//! Invariants: what a plan does not name is bounded by the platform alone; the plan `default` is always there,
//! and a tenant that names none has it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::Slug;
use crate::manifest::Limits;

/// The plan of tenants that name none.
pub const DEFAULT_PLAN: &str = "default";

/// Maxima of one plan. Absent: no other than the platform's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Maxima {
    /// memory of one call into a connector, MiB
    pub memory_mib: Option<u32>,
    /// CPU time of one call into a connector, ms
    pub call_cpu_ms: Option<u32>,
    /// CPU time of one read, ms, before what the bytes that it moves add to it
    pub read_cpu_ms: Option<u32>,
    /// wall time of one read, s
    pub read_wall_s: Option<u32>,
    /// time of one call of a connector into the platform, s
    pub host_call_s: Option<u32>,
    /// bytes that a connector hands over in one call, MiB
    pub host_call_mib: Option<u32>,
    /// runs that are not over
    pub open_runs: Option<u32>,
    /// files and batches of records that were sent and are kept, MiB
    pub stored_mib: Option<u32>,
    /// versions of files that were sent and are kept
    pub stored_files: Option<u32>,
    /// days that archived files and replaced versions are kept
    pub keep_files_days: Option<u32>,
    /// days that batches of records are kept after their run
    pub keep_pushes_days: Option<u32>,
}

/// One of the maxima, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maximum {
    /// as in the configuration
    pub name: &'static str,
    pub about: &'static str,
    /// `None`: no other than the platform's own
    pub value: Option<u32>,
}

impl Maxima {
    /// All of them, in the order of the struct.
    #[must_use]
    pub fn all(&self) -> [Maximum; 11] {
        let one = |name, about, value| Maximum { name, about, value };
        [
            one(
                "memory_mib",
                "memory of a call into a connector, MiB",
                self.memory_mib,
            ),
            one(
                "call_cpu_ms",
                "CPU time of a call into a connector, ms",
                self.call_cpu_ms,
            ),
            one("read_cpu_ms", "CPU time of a read, ms", self.read_cpu_ms),
            one("read_wall_s", "time of a read, s", self.read_wall_s),
            one(
                "host_call_s",
                "time of a connector's call into the platform, s",
                self.host_call_s,
            ),
            one(
                "host_call_mib",
                "bytes of such a call, MiB",
                self.host_call_mib,
            ),
            one("open_runs", "runs that are not over", self.open_runs),
            one(
                "stored_mib",
                "files and records that were sent and are kept, MiB",
                self.stored_mib,
            ),
            one(
                "stored_files",
                "versions of files that were sent and are kept",
                self.stored_files,
            ),
            one(
                "keep_files_days",
                "days that archived and replaced files are kept",
                self.keep_files_days,
            ),
            one(
                "keep_pushes_days",
                "days that records are kept after their run",
                self.keep_pushes_days,
            ),
        ]
    }
}

/// A plan with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub name: String,
    pub maxima: Maxima,
}

impl Plan {
    /// One that bounds nothing, for who works outside of a platform.
    #[must_use]
    pub fn unbounded() -> Arc<Self> {
        Arc::new(Self {
            name: DEFAULT_PLAN.to_owned(),
            maxima: Maxima::default(),
        })
    }
}

/// All plans of a platform. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Plans {
    plans: Arc<BTreeMap<String, Arc<Plan>>>,
    default: Arc<Plan>,
}

/// A maximum that lets nothing through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plans.{plan}.{name} is 0, with which nothing could be done; leave it away for no maximum")]
pub struct ZeroMaximum {
    pub plan: Slug,
    pub name: &'static str,
}

impl Plans {
    /// Plans by name. Without a plan [`DEFAULT_PLAN`] there is one that bounds nothing.
    ///
    /// # Errors
    /// [`ZeroMaximum`].
    pub fn new(given: BTreeMap<Slug, Maxima>) -> Result<Self, ZeroMaximum> {
        let mut plans = BTreeMap::new();
        for (plan, maxima) in given {
            if let Some(zero) = maxima.all().iter().find(|one| one.value == Some(0)) {
                let name = zero.name;
                return Err(ZeroMaximum { plan, name });
            }
            let name = plan.as_str().to_owned();
            plans.insert(name.clone(), Arc::new(Plan { name, maxima }));
        }
        let default = plans
            .entry(DEFAULT_PLAN.to_owned())
            .or_insert_with(Plan::unbounded);
        Ok(Self {
            default: Arc::clone(default),
            plans: Arc::new(plans),
        })
    }

    /// Whether there is one of that name.
    #[must_use]
    pub fn knows(&self, name: &Slug) -> bool {
        self.plans.contains_key(name.as_str())
    }

    /// The plan of a tenant that names this one, or none. An unknown one counts as [`DEFAULT_PLAN`]: a server does
    /// not start with a tenant that names one, and does not take one.
    #[must_use]
    pub fn of(&self, name: Option<&Slug>) -> Arc<Plan> {
        let found = name.and_then(|name| self.plans.get(name.as_str()));
        Arc::clone(found.unwrap_or(&self.default))
    }

    /// Names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.plans.keys().map(String::as_str)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Plan> {
        self.plans.values().map(AsRef::as_ref)
    }
}

/// A limit, and what a refusal calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub value: u32,
    /// as in manifest or configuration
    pub name: &'static str,
    /// the plan that set it; `None`: what was asked for
    pub plan: Option<String>,
}

impl Bound {
    /// What was asked for, or less if the plan has less.
    #[must_use]
    pub fn of(asked: u32, name: &'static str, most: Option<u32>, plan: &Plan) -> Self {
        let (value, plan) = match most.filter(|most| *most < asked) {
            Some(most) => (most, Some(plan.name.clone())),
            None => (asked, None),
        };
        Self { value, name, plan }
    }
}

/// `limits.memory_mib`, or `memory_mib of the plan "small"`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.plan {
            Some(plan) => write!(f, "{} of the plan {plan:?}", self.name),
            None => write!(f, "limits.{}", self.name),
        }
    }
}

/// What one call into a connector may use under a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallBounds {
    pub memory_mib: Bound,
    pub call_cpu_ms: Bound,
    pub read_cpu_ms: Bound,
    pub read_wall_s: Bound,
}

impl Plan {
    /// The smaller of what the manifest asks for and what the plan has.
    #[must_use]
    pub fn bounds(&self, asked: &Limits) -> CallBounds {
        let most = &self.maxima;
        CallBounds {
            memory_mib: Bound::of(asked.memory_mib, "memory_mib", most.memory_mib, self),
            call_cpu_ms: Bound::of(asked.call_cpu_ms, "call_cpu_ms", most.call_cpu_ms, self),
            read_cpu_ms: Bound::of(asked.read_cpu_ms, "read_cpu_ms", most.read_cpu_ms, self),
            read_wall_s: Bound::of(asked.read_wall_s, "read_wall_s", most.read_wall_s, self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(name: &str) -> Slug {
        Slug::parse(name).unwrap()
    }

    fn small() -> Maxima {
        Maxima {
            memory_mib: Some(32),
            read_wall_s: Some(7_200),
            ..Maxima::default()
        }
    }

    #[test]
    fn the_smaller_holds_and_says_whose_it_is() {
        let plans = Plans::new(BTreeMap::from([(slug("small"), small())])).unwrap();
        let plan = plans.of(Some(&slug("small")));
        let bounds = plan.bounds(&Limits::default());
        assert_eq!(bounds.memory_mib.value, 32);
        assert_eq!(
            bounds.memory_mib.to_string(),
            "memory_mib of the plan \"small\""
        );
        assert_eq!(bounds.read_wall_s.value, Limits::default().read_wall_s);
        assert_eq!(bounds.read_wall_s.to_string(), "limits.read_wall_s");
        assert_eq!(bounds.call_cpu_ms.value, Limits::default().call_cpu_ms);
    }

    #[test]
    fn there_is_always_a_default_and_it_bounds_nothing_by_itself() {
        let plans = Plans::new(BTreeMap::from([(slug("small"), small())])).unwrap();
        assert_eq!(plans.names().count(), 2);
        let default = plans.of(None);
        assert_eq!(default.name, DEFAULT_PLAN);
        assert!(default.maxima.all().iter().all(|one| one.value.is_none()));
        assert!(!plans.knows(&slug("gone")));
        assert_eq!(plans.of(Some(&slug("gone"))), default);
        let given = BTreeMap::from([(slug(DEFAULT_PLAN), small())]);
        assert_eq!(Plans::new(given).unwrap().of(None).maxima, small());
    }

    #[test]
    fn a_maximum_of_nothing_is_refused() {
        let zero = Maxima {
            open_runs: Some(0),
            ..Maxima::default()
        };
        let error = Plans::new(BTreeMap::from([(slug("small"), zero)])).unwrap_err();
        assert!(
            error.to_string().contains("plans.small.open_runs"),
            "{error}"
        );
    }

    /// A maximum that is not listed would be shown to nobody.
    #[test]
    fn every_maximum_is_listed() {
        let listed = serde_json::to_value(Maxima::default()).unwrap();
        let fields = listed.as_object().unwrap();
        assert_eq!(fields.len(), Maxima::default().all().len());
        for one in Maxima::default().all() {
            assert!(fields.contains_key(one.name), "{}", one.name);
        }
    }
}
