//! What a run observed: what its connectors used, what its source looks like.

use std::collections::BTreeMap;

use tributary_model::id::Slug;
use tributary_model::source_shape::{DriftFinding, DriftKind, SourceShape};
use tributary_model::state::{RunState, WorkKind};
use tributary_model::usage::{ConnectorUsage, RunUsage, Usage};

use crate::bed::{Bed, done, parts};

fn used(side: &str, peak_memory_bytes: u64) -> RunUsage {
    let usage = Usage {
        instances: 1,
        cpu_us: 1_500,
        peak_memory_bytes,
        bytes_in: 10,
        bytes_out: 2,
        host_calls: BTreeMap::from([("files".to_owned(), 3)]),
    };
    let connector = "sftp 0.1.0".to_owned();
    RunUsage::from([(side.to_owned(), ConnectorUsage { connector, usage })])
}

fn shape(names: &[&str]) -> SourceShape {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    SourceShape {
        connection: Slug::parse("erp").unwrap(),
        stream: "orders".to_owned(),
        always: names.clone(),
        names,
        header: true,
    }
}

fn added(name: &str) -> DriftFinding {
    DriftFinding {
        kind: DriftKind::Added,
        name: name.to_owned(),
        renamed_to: None,
        source: "a.csv".to_owned(),
        message: format!("{name} is new"),
    }
}

pub(crate) async fn usage_and_shape(bed: Bed) {
    let globex = bed.add_tenant("globex").await;
    let run = bed.run("orders").await;
    assert!(run.usage.is_empty() && run.drift.is_empty());
    bed.acme
        .run_usage_add(&run.id, &used("source", 70))
        .await
        .unwrap();
    bed.acme
        .run_usage_add(&run.id, &used("source", 30))
        .await
        .unwrap();
    bed.acme
        .run_usage_add(&run.id, &used("target", 9))
        .await
        .unwrap();
    let stored = bed.acme.run(&run.id).await.unwrap().unwrap();
    let source = &stored.usage["source"].usage;
    assert_eq!((source.instances, source.peak_memory_bytes), (2, 70));
    assert_eq!((source.cpu_us, source.host_calls["files"]), (3_000, 6));
    assert_eq!(stored.usage["target"].usage.bytes_in, 10);
    // of another tenant's run nothing is changed
    globex
        .run_usage_add(&run.id, &used("source", 99))
        .await
        .unwrap();
    let same = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(same.usage, stored.usage);

    let names = shape(&["nr", "amount"]);
    let twice = [added("x"), added("x")];
    let note = bed.acme.run_shape_note(&run.id, &names, &twice);
    note.await.unwrap();
    globex
        .run_shape_note(&run.id, &names, &[added("z")])
        .await
        .unwrap();
    bed.acme
        .run_shape_note(&run.id, &names, &[added("y")])
        .await
        .unwrap();
    let stored = bed.acme.run(&run.id).await.unwrap().unwrap();
    let drift: Vec<&str> = stored.drift.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(drift, ["x", "y"], "each once");

    let orders = Slug::parse("orders").unwrap();
    assert_eq!(
        bed.acme.last_shape(&orders).await.unwrap(),
        None,
        "it is not over"
    );
    let plan = bed.claim(WorkKind::Plan).await;
    done(bed.acme.commit_plan(&plan, &parts(&[])).await.unwrap());
    let finish = bed.claim(WorkKind::Finish).await;
    let finished = bed
        .acme
        .finish_run(&finish, RunState::Succeeded, "{}", &[])
        .await;
    done(finished.unwrap());
    assert_eq!(bed.acme.last_shape(&orders).await.unwrap(), Some(names));
    assert_eq!(globex.last_shape(&orders).await.unwrap(), None);
}
