//! An other side that refuses, or is not there; and a call that nobody wants any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tributary_host::CheckStep;
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{Finding, good};
use crate::side::{Fault, Plan, Player};
use crate::stand::Scene;

/// The product's own promise.
const CANCELLED_WITHIN: Duration = Duration::from_secs(1);

/// With the case's answers everything works.
pub(super) async fn check(scene: &Scene<'_>) -> Finding {
    let player = Arc::new(Player::new(Arc::clone(&scene.cassette)));
    let (call, _) = scene
        .call(Arc::clone(&player) as _)
        .map_err(|problem| problem.detail)?;
    let steps = scene.connector.check(&call, scene.config()).await;
    let steps = steps.map_err(|problem| {
        let hint = missing(&player);
        format!("{}: {}{hint}", problem.code, problem.detail)
    })?;
    if let Some(step) = steps.iter().find(|step| !step.ok) {
        let hint = missing(&player);
        return Err(format!(
            "the step {:?} fails: {}{hint}",
            step.name, step.message
        ));
    }
    if steps.is_empty() {
        return Err("it has no step: say at least what was tried".to_owned());
    }
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    good(names.join(", "))
}

fn missing(player: &Player) -> String {
    let misses = player.misses();
    if misses.is_empty() {
        return String::new();
    }
    format!(" (the cassette has no answer to {})", misses.join(", "))
}

/// What a check says to a fault that meets every request.
pub(super) async fn checked(
    scene: &Scene<'_>,
    fault: Fault,
) -> Result<Result<Vec<CheckStep>, Problem>, String> {
    let player = Player::with(Arc::clone(&scene.cassette), Plan::always(fault));
    let (call, _) = scene
        .call(Arc::new(player))
        .map_err(|problem| problem.detail)?;
    Ok(scene.connector.check(&call, scene.config()).await)
}

/// Steps must not all be good, and an error must be one of `codes`.
pub(super) fn judged(
    answer: Result<Vec<CheckStep>, Problem>,
    fits: impl Fn(&Problem) -> bool,
    wanted: &str,
) -> Finding {
    match answer {
        Ok(steps) => match steps.iter().find(|step| !step.ok) {
            Some(step) => good(format!("the step {:?} fails: {}", step.name, step.message)),
            None => Err("check succeeds all the same: let a step make a request".to_owned()),
        },
        Err(problem) if fits(&problem) => good(format!("{}: {}", problem.code, problem.detail)),
        Err(problem) => Err(format!(
            "check answers {} ({}); {wanted} is expected, or a step that fails",
            problem.code, problem.detail
        )),
    }
}

pub(super) async fn unreachable(scene: &Scene<'_>) -> Finding {
    let answer = checked(scene, Fault::Unreachable).await?;
    judged(answer, Problem::transient, "a transient error")
}

pub(super) async fn denied(scene: &Scene<'_>) -> Finding {
    let answer = checked(scene, Fault::Refused).await?;
    let codes = [ErrorCode::ConnectionRefused, ErrorCode::ConnectorDenied];
    judged(
        answer,
        |problem| codes.contains(&problem.code),
        "a denied error",
    )
}

/// Cancelled while an answer is on its way that will not come for long.
pub(super) async fn cancel(scene: &Scene<'_>) -> Finding {
    let slow = Plan::always(Fault::Slow(Duration::from_secs(30)));
    let player = Player::with(Arc::clone(&scene.cassette), slow);
    let (call, _) = scene
        .call(Arc::new(player))
        .map_err(|problem| problem.detail)?;
    let cancel = call.cancel.clone();
    let later = async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
        Instant::now()
    };
    let (answer, cancelled) = tokio::join!(scene.connector.check(&call, scene.config()), later);
    let took = cancelled.elapsed();
    if took > CANCELLED_WITHIN {
        return Err(format!("it took {} ms to end", took.as_millis()));
    }
    match answer {
        Err(problem) if problem.code == ErrorCode::RunCancelled => {
            good(format!("ended after {} ms", took.as_millis()))
        }
        Err(problem) => Err(format!("it ended with {} instead", problem.code)),
        Ok(_) => good("it was done before"),
    }
}
