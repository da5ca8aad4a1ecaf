//! Parts of a run that cannot be read, and runs that are to stop while somebody works on them.

use tributary_model::error_code::ErrorCode;
use tributary_model::problem::Problem;
use tributary_model::state::{RunState, WorkKind};
use tributary_store::{Lease, NewPartition, NewPlan, Redrive, Run};

use crate::bed::{Bed, LEASE_MS, done, new_batch, page};
use crate::runs::delivered;

fn file(no: u32, descriptor: &str) -> NewPartition {
    NewPartition {
        no,
        descriptor: descriptor.to_owned(),
        state: None,
    }
}

/// A run of three files; gives the leases of their extracts.
async fn three(bed: &Bed, held: bool) -> (Run, Vec<Lease>) {
    let run = bed.run("orders").await;
    let plan = bed.claim(WorkKind::Plan).await;
    let planned = NewPlan {
        partitions: vec![
            file(0, "{\"key\":\"in/a.csv\"}"),
            file(1, "{\"key\":\"in/b.csv\"}"),
            file(2, "{\"from\":7}"),
        ],
        held,
        ..NewPlan::default()
    };
    done(bed.acme.commit_plan(&plan, &planned).await.unwrap());
    let leases = bed.system.claim("worker", 10, LEASE_MS).await.unwrap();
    assert_eq!(leases.len(), 3);
    (run, leases)
}

fn poison() -> Problem {
    Problem::new(ErrorCode::ArchiveInvalid, "in/b.csv is damaged")
}

/// Reads a part: one page and one batch of one record.
async fn read(bed: &Bed, lease: &Lease) {
    let cut = [new_batch(0, 1)];
    let pages = bed.acme.commit_page(lease, &page(0), None, &cut).await;
    done(pages.unwrap());
    done(bed.acme.commit_extract_done(lease, None).await.unwrap());
}

async fn deliver(bed: &Bed, key: &str) {
    let lease = bed.claim(WorkKind::Batch).await;
    done(
        bed.acme
            .commit_batch(&lease, &delivered(key))
            .await
            .unwrap(),
    );
}

pub(crate) async fn a_failed_part_stops_no_other(bed: Bed) {
    let (run, leases) = three(&bed, false).await;
    read(&bed, &leases[0]).await;
    // what was cut before the place that cannot be read stays
    let cut = [new_batch(0, 1)];
    let pages = bed.acme.commit_page(&leases[1], &page(0), None, &cut).await;
    done(pages.unwrap());
    let state = bed.acme.fail_work(&leases[1], &poison(), None).await;
    assert_eq!(done(state.unwrap()), RunState::Running);
    let failed = bed.acme.failed_parts(&run.id).await.unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].no, failed[0].label.as_str()), (1, "in/b.csv"));
    assert_eq!(failed[0].problem, poison());
    let other = bed.add_tenant("globex").await;
    assert_eq!(other.failed_parts(&run.id).await.unwrap(), []);

    let stop = bed.acme.fail_work(&leases[1], &poison(), None).await;
    assert_eq!(stop.unwrap(), tributary_store::Fenced::Lost);
    read(&bed, &leases[2]).await;
    for key in ["a", "b", "c"] {
        deliver(&bed, key).await;
    }
    let finish = bed.claim(WorkKind::Finish).await;
    let parts = bed.acme.partitions(&run.id).await.unwrap();
    let told: Vec<_> = parts
        .iter()
        .map(|part| (part.label(), part.done, part.problem.is_some()))
        .collect();
    let expected = [
        ("in/a.csv", true, false),
        ("in/b.csv", false, true),
        ("part 2", true, false),
    ];
    assert_eq!(
        told,
        expected.map(|(label, done, failed)| (label.to_owned(), done, failed))
    );
    let ended = bed
        .acme
        .finish_run(&finish, RunState::Failed, "{}", &[])
        .await;
    assert_eq!(done(ended.unwrap()), RunState::Failed);

    // taken up again: that part alone
    let redrive = bed.acme.run_redrive(&run.id, None).await.unwrap();
    assert!(matches!(redrive, Some(Redrive::Queued(_))), "{redrive:?}");
    assert_eq!(bed.acme.failed_parts(&run.id).await.unwrap(), []);
    let extract = bed.claim(WorkKind::Extract).await;
    assert_eq!((extract.partition, extract.attempt), (Some(1), 1));
    bed.nothing_due().await;
    let pages = bed.acme.commit_page(&extract, &page(1), None, &[]).await;
    done(pages.unwrap());
    let read = bed.acme.commit_extract_done(&extract, None).await;
    done(read.unwrap());
    let part = bed.acme.partition(&run.id, 1).await.unwrap().unwrap();
    assert_eq!((part.done, part.problem), (true, None));
    bed.claim(WorkKind::Finish).await;
}

pub(crate) async fn what_all_parts_need_stops_the_run(bed: Bed) {
    let (run, leases) = three(&bed, false).await;
    read(&bed, &leases[0]).await;
    let refused = Problem::new(ErrorCode::ConnectionAuth, "the password was refused");
    let state = bed.acme.fail_work(&leases[1], &refused, None).await;
    assert_eq!(done(state.unwrap()), RunState::Failed);
    bed.nothing_due().await;
    let failed = bed.acme.failed_parts(&run.id).await.unwrap();
    assert_eq!(failed[0].problem, refused);
    // another part that fails afterwards is told and changes nothing
    let state = bed.acme.fail_work(&leases[2], &poison(), None).await;
    assert_eq!(done(state.unwrap()), RunState::Failed);
    assert_eq!(bed.acme.failed_parts(&run.id).await.unwrap().len(), 2);
    let run = bed.acme.run(&run.id).await.unwrap().unwrap();
    assert_eq!(run.problem, Some(refused));
    bed.nothing_due().await;
}

pub(crate) async fn a_held_run_needs_all_its_parts(bed: Bed) {
    let (run, leases) = three(&bed, true).await;
    read(&bed, &leases[0]).await;
    let state = bed.acme.fail_work(&leases[1], &poison(), None).await;
    assert_eq!(
        done(state.unwrap()),
        RunState::Failed,
        "no rule can be asked"
    );
    bed.nothing_due().await;
    let counters = bed.acme.run_counters(&run.id).await.unwrap();
    assert_eq!((counters.read, counters.pending), (1, 1));
}

pub(crate) async fn cancelling_runs_are_told(bed: Bed) {
    let run = bed.extracted("orders", 2, 1).await;
    let one = bed.claim(WorkKind::Batch).await;
    assert_eq!(one.run, run.id);
    assert_eq!(bed.system.cancelling_runs().await.unwrap(), []);
    let state = bed.acme.run_cancel(&run.id).await.unwrap();
    assert_eq!(state, Some(RunState::Cancelling));
    let told = bed.system.cancelling_runs().await.unwrap();
    assert_eq!(told, [(one.tenant.clone(), run.id)]);
    assert!(bed.system.release(&one).await.unwrap());
    assert_eq!(bed.system.cancelling_runs().await.unwrap(), []);
}
