//! Tenants see their own things only: by the handle, and on Postgres by the database.

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::{RecordState, RunState, WorkKind};
use tributary_store::{IssueFilter, PutOptions, RunFilter, Store, StoreError, record_key_hash};

use crate::bed::{Bed, done, outcome, page, partition, parts, result, slug};
use crate::cluster::Cluster;

pub(crate) async fn tenants_see_their_own(bed: Bed) {
    let globex = bed.add_tenant("globex").await;
    bed.acme
        .mapping_put(&slug("m"), "{}", PutOptions::person())
        .await
        .unwrap();
    let run = bed.extracted("orders", 1, 1).await.id;
    let lease = bed.claim(WorkKind::Batch).await;
    let outcomes = result(vec![outcome(0, "k", 1, RecordState::Delivered)]);
    done(bed.acme.commit_batch(&lease, &outcomes).await.unwrap());

    // the same questions: answered to the owner, empty for the other
    for (store, own) in [(&bed.acme, true), (&globex, false)] {
        let integration = slug("orders");
        let hashes = [record_key_hash("k")];
        assert_eq!(
            store.mapping(&slug("m"), None).await.unwrap().is_some(),
            own
        );
        assert_eq!(store.mappings().await.unwrap().len() == 1, own);
        assert_eq!(store.run(&run).await.unwrap().is_some(), own);
        assert_eq!(
            store.runs(&RunFilter::default()).await.unwrap().len() == 1,
            own
        );
        assert_eq!(!store.run_events(&run).await.unwrap().is_empty(), own);
        assert_eq!(!store.partitions(&run).await.unwrap().is_empty(), own);
        assert_eq!(store.partition(&run, 1).await.unwrap().is_some(), own);
        assert_eq!(!store.pages(&run, 1).await.unwrap().is_empty(), own);
        assert_eq!(store.batch(&run, 1, 0).await.unwrap().is_some(), own);
        assert_eq!(!store.batches(&run, None, 9).await.unwrap().is_empty(), own);
        assert_eq!(
            !store.batch_outcomes(&run, 1, 0).await.unwrap().is_empty(),
            own
        );
        assert_eq!(store.run_counters(&run).await.unwrap().delivered == 1, own);
        let counted = store.counters_of(std::slice::from_ref(&run)).await.unwrap();
        assert_eq!(counted.contains_key(&run), own);
        let seen = store.records_seen(&integration, &hashes).await.unwrap();
        assert_eq!(!seen.is_empty(), own);
        let life = store
            .record_life(&integration, &hashes[0], 9)
            .await
            .unwrap();
        assert_eq!(!life.is_empty(), own);
    }
    assert!(
        globex
            .issues(&run, &IssueFilter::default())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(globex.issue_counts(&run).await.unwrap().is_empty());
    assert!(globex.run_amounts(&run).await.unwrap().is_empty());
    assert!(globex.run_checks(&run, None, 9).await.unwrap().is_empty());
    assert!(!globex.log_add(&run, "x", 1, 9).await.unwrap());
    assert!(globex.run_log(&run).await.unwrap().is_empty());
    assert_eq!(globex.run_resume(&run).await.unwrap(), None);
    assert_eq!(globex.run_cancel(&run).await.unwrap(), None);
    assert_eq!(globex.run_redrive(&run, None).await.unwrap(), None);
    assert_eq!(
        bed.acme.run(&run).await.unwrap().unwrap().state,
        RunState::Running
    );
}

pub(crate) async fn foreign_leases(bed: Bed) {
    let globex = bed.add_tenant("globex").await;
    bed.run("orders").await;
    let plan = bed.claim(WorkKind::Plan).await;
    let problem = Problem::new(ErrorCode::Internal, "x");
    let wrong = |error: Option<StoreError>| {
        assert!(
            matches!(error, Some(StoreError::WrongLease { .. })),
            "{error:?}"
        );
    };
    wrong(globex.commit_plan(&plan, &parts(&[])).await.err());
    wrong(globex.fail_work(&plan, &problem, None).await.err());
    // the right tenant, another kind of work
    wrong(bed.acme.commit_page(&plan, &page(0), None, &[]).await.err());
    wrong(bed.acme.commit_grouped(&plan, &[]).await.err());
    wrong(bed.acme.commit_extract_done(&plan, None).await.err());
    wrong(bed.acme.commit_intent(&plan, "[]", &[]).await.err());
    wrong(globex.slow_down(&plan, &problem, 1).await.err());
    wrong(bed.acme.withdraw_intent(&plan).await.err());
    wrong(bed.acme.commit_check(&plan, "{}").await.err());
    wrong(bed.acme.open_delivery(&plan).await.err());
    wrong(bed.acme.commit_batch(&plan, &result(vec![])).await.err());
    wrong(
        bed.acme
            .finish_run(&plan, RunState::Failed, "{}", &[])
            .await
            .err(),
    );
    done(
        bed.acme
            .commit_plan(&plan, &parts(&[partition(1)]))
            .await
            .unwrap(),
    );
}

/// A statement that forgot its tenant sees nothing, whoever owns the tables.
pub(crate) async fn row_security(cluster: &Cluster) -> Result<(), String> {
    let url = cluster.database("row_security");
    let store = Store::open(&url).await.map_err(|e| e.to_string())?;
    store.close().await;
    let tables = cluster.sql(
        "row_security",
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relkind = 'r' and a.attname = 'tenant' and c.relnamespace = 'public'::regnamespace
            and c.relname <> 'client' and not (c.relrowsecurity and c.relforcerowsecurity)",
    );
    if !tables.trim().is_empty() {
        return Err(format!("tables without forced row security: {tables}"));
    }
    let insert = "insert into tenant values ('acme', '', '{}', '', 'person', null, 1, '', 0, 0, 0)";
    cluster.sql("row_security", insert);
    let count = |scope: &str| {
        let text = format!("{scope} select count(*) from tenant");
        cluster
            .sql_as_store("row_security", &text)
            .trim()
            .to_owned()
    };
    let seen = [
        count(""),
        count("set app.tenant = 'globex';"),
        count("set app.tenant = 'acme';"),
        count("set app.tenant = 'acme'; reset app.tenant;"),
        count("set app.system = 'on';"),
    ];
    if seen == ["0", "0", "1", "0", "1"] {
        Ok(())
    } else {
        Err(format!("row security lets through: {seen:?}"))
    }
}
