//! The steps of a connection's check, each with what to do if it fails.

use tributary_sdk::{CheckStep, Connection, Error, ErrorKind, Result, sql};

use crate::dialect::Dialect;

/// Names in their order.
const STEPS: [(&str, &str); 4] = [
    ("dns", "check how the host is spelled"),
    (
        "connect",
        "check port and firewall, and that the operator allowed the address",
    ),
    (
        "tls",
        "put the authority's certificate into tls.trust, or its name into tls.server_name",
    ),
    ("auth", "check user, password and the database's name"),
];

/// Reaches the database.
///
/// # Errors
/// The steps up to the one that failed.
pub fn reached(
    connection: &Connection,
) -> std::result::Result<(Dialect, Vec<CheckStep>), Vec<CheckStep>> {
    let asked = || -> Result<Dialect> {
        let dialect = Dialect::of(connection)?;
        sql::fetch(connection, "SELECT 1 AS one", "[]")?;
        Ok(dialect)
    };
    match asked() {
        Ok(Dialect::Sqlite) => Ok((
            Dialect::Sqlite,
            vec![CheckStep::ok("open", "the file is a database")],
        )),
        Ok(dialect) => {
            let ok = |(name, _): &(&str, &str)| CheckStep::ok(name, "ok");
            Ok((dialect, STEPS.iter().map(ok).collect()))
        }
        Err(error) => Err(refused(&error)),
    }
}

fn refused(error: &Error) -> Vec<CheckStep> {
    let place = match (error.kind, error.code.as_deref().unwrap_or_default()) {
        _ if error.message.contains("could not be resolved") => 0,
        (ErrorKind::Auth, _) if error.field.as_deref() == Some("/endpoint/tls") => 2,
        (ErrorKind::Auth | ErrorKind::NotFound, _) | (_, "source_permission_denied") => 3,
        _ => 1,
    };
    let mut steps = Vec::new();
    for (index, (name, hint)) in STEPS.iter().enumerate() {
        if index < place {
            steps.push(CheckStep::ok(name, "ok"));
        } else if index == place {
            let mut step = CheckStep::failed(name, error);
            // the host tells a bad certificate as it tells bad credentials
            (*name).clone_into(&mut step.name);
            steps.push(hinted(step, hint));
        }
    }
    steps
}

/// A failed step with what to do.
#[must_use]
pub fn hinted(mut step: CheckStep, hint: &str) -> CheckStep {
    step.message = format!("{}; {hint}", step.message);
    step
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_failure_is_the_step_that_it_belongs_to() {
        let mut tls = Error::new(ErrorKind::Auth, "not believed");
        tls.field = Some("/endpoint/tls".to_owned());
        for (error, name, count) in [
            (
                Error::transient("the name \"x\" could not be resolved"),
                "dns",
                1,
            ),
            (Error::transient("x:1 could not be reached"), "connect", 2),
            (Error::new(ErrorKind::Denied, "not public"), "connect", 2),
            (tls, "tls", 3),
            (Error::new(ErrorKind::Auth, "password"), "auth", 4),
            (
                Error::new(ErrorKind::NotFound, "no such database"),
                "auth",
                4,
            ),
        ] {
            let steps = refused(&error);
            assert_eq!(steps.len(), count, "{name}");
            let last = steps.last().unwrap();
            assert!(last.name == name && !last.ok && last.message.contains("; "));
        }
    }
}
