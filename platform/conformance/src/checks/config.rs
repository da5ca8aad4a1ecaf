//! A wrong configuration must be refused, with its field, before anything is sent.

use std::sync::Arc;

use serde_json::{Value, json};
use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;

use super::{Finding, good, skipped};
use crate::side::Player;
use crate::stand::Scene;

/// Fits no schema that says anything.
fn odd() -> Value {
    json!({"\u{2603}": [null, {"\u{2603}": 1e300}]})
}

/// Each property of the case's configuration is replaced, one after the other; one is added.
pub(super) async fn garbage(scene: &Scene<'_>) -> Finding {
    let Some(members) = scene.config().as_object() else {
        return skipped("the case has no configuration");
    };
    let mut tried = 0;
    let names = members.keys().map(String::as_str);
    for name in names.chain(["no_such_property_\u{2603}"]) {
        let mut bad = members.clone();
        bad.insert(name.to_owned(), odd());
        refused(scene, &Value::Object(bad), name).await?;
        tried += 1;
    }
    for whole in [json!([]), json!("text"), json!(7)] {
        refused(scene, &whole, "").await?;
        tried += 1;
    }
    good(format!("{tried} wrong configurations refused"))
}

async fn refused(scene: &Scene<'_>, config: &Value, name: &str) -> Result<(), String> {
    let place = match name {
        "" => "a configuration that is no object".to_owned(),
        name => format!("nonsense at /config/{name}"),
    };
    let judged = |problem: &Problem| match (problem.code, &problem.pointer) {
        (ErrorCode::ConfigInvalid, Some(_)) => Ok(()),
        (ErrorCode::ConfigInvalid, None) => {
            Err(format!("{place} is refused, but no field is named"))
        }
        (code, _) => Err(format!(
            "{place} becomes {code} ({}); kind `config` is expected",
            problem.detail
        )),
    };
    if let Err(problem) = scene.connector.validate_config(config) {
        return judged(&problem);
    }
    // The schema lets it pass, so the connector itself must look.
    let player = Arc::new(Player::new(Arc::clone(&scene.cassette)));
    let (call, _) = scene.call(player).map_err(|problem| problem.detail)?;
    match scene.connector.check(&call, config).await {
        Err(problem) => judged(&problem),
        Ok(_) => Err(format!(
            "{place} is accepted: say in config_schema what may stand there"
        )),
    }
}
