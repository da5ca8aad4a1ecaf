//! The store's contract: every public method, on SQLite and on Postgres, by the same cases.
//!
//! One test per database runs all cases, each in a database of its own, because a Postgres
//! cluster per case would take longer than the cases. A failure names the case.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests may panic")]
#![expect(clippy::panic, reason = "helpers of tests may panic")]

mod bed;
mod cluster;
mod configuration;
mod consents;
mod doubt;
mod held;
mod intake;
mod isolation;
mod methods;
mod observed;
mod parts;
mod paused;
mod queue;
mod records;
mod reports;
mod room;
mod runs;
mod settle;
mod slow;
mod stops;
mod tokens;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bed::Bed;
use tokio::sync::Semaphore;

type Case = (
    &'static str,
    fn(Bed) -> Pin<Box<dyn Future<Output = ()> + Send>>,
);

const CASES: &[Case] = &[
    ("tenants", |bed| Box::pin(configuration::tenants(bed))),
    ("clients", |bed| Box::pin(configuration::clients(bed))),
    ("connectors", |bed| Box::pin(configuration::connectors(bed))),
    ("trust", |bed| Box::pin(configuration::trust(bed))),
    ("documents", |bed| Box::pin(configuration::documents(bed))),
    ("applied_and_person", |bed| {
        Box::pin(configuration::applied_and_person(bed))
    }),
    ("connections", |bed| {
        Box::pin(configuration::connections(bed))
    }),
    ("consents", |bed| Box::pin(consents::consents(bed))),
    ("tokens", |bed| Box::pin(tokens::tokens(bed))),
    ("uploads", |bed| Box::pin(intake::uploads(bed))),
    ("racing_uploads", |bed| {
        Box::pin(intake::racing_uploads(bed))
    }),
    ("room", |bed| Box::pin(room::room(bed))),
    ("racing_room", |bed| Box::pin(room::racing_room(bed))),
    ("expiry", |bed| Box::pin(room::expiry(bed))),
    ("plans", |bed| Box::pin(room::plans(bed))),
    ("pushes", |bed| Box::pin(intake::pushes(bed))),
    ("racing_pushes", |bed| Box::pin(intake::racing_pushes(bed))),
    ("create_runs", |bed| Box::pin(runs::create_runs(bed))),
    ("racing_creates", |bed| Box::pin(runs::racing_creates(bed))),
    ("list_runs", |bed| Box::pin(runs::list_runs(bed))),
    ("a_whole_run", |bed| Box::pin(runs::a_whole_run(bed))),
    ("an_empty_run", |bed| Box::pin(runs::an_empty_run(bed))),
    ("cancel", |bed| Box::pin(stops::cancel(bed))),
    ("cancel_while_leased", |bed| {
        Box::pin(stops::cancel_while_leased(bed))
    }),
    ("fail_and_redrive", |bed| {
        Box::pin(stops::fail_and_redrive(bed))
    }),
    ("a_redrive_begins_anew", |bed| {
        Box::pin(stops::a_redrive_begins_anew(bed))
    }),
    ("redrive_rejected", |bed| {
        Box::pin(stops::redrive_rejected(bed))
    }),
    ("a_redriven_run_finishes_last", |bed| {
        Box::pin(stops::a_redriven_run_finishes_last(bed))
    }),
    ("failed_plan", |bed| Box::pin(stops::failed_plan(bed))),
    ("a_failed_part_stops_no_other", |bed| {
        Box::pin(parts::a_failed_part_stops_no_other(bed))
    }),
    ("what_all_parts_need_stops_the_run", |bed| {
        Box::pin(parts::what_all_parts_need_stops_the_run(bed))
    }),
    ("a_held_run_needs_all_its_parts", |bed| {
        Box::pin(parts::a_held_run_needs_all_its_parts(bed))
    }),
    ("cancelling_runs_are_told", |bed| {
        Box::pin(parts::cancelling_runs_are_told(bed))
    }),
    ("cursors", |bed| Box::pin(runs::cursors(bed))),
    ("claim_heartbeat_release", |bed| {
        Box::pin(queue::claim_heartbeat_release(bed))
    }),
    ("leases_of_the_dead_end", |bed| {
        Box::pin(queue::leases_of_the_dead_end(bed))
    }),
    ("fences", |bed| Box::pin(queue::fences(bed))),
    ("retry_wait", |bed| Box::pin(queue::retry_wait(bed))),
    ("sweep", |bed| Box::pin(queue::sweep(bed))),
    ("silences_in_a_row_count", |bed| {
        Box::pin(queue::silences_in_a_row_count(bed))
    }),
    ("tenants_take_turns", |bed| {
        Box::pin(queue::tenants_take_turns(bed))
    }),
    ("racing_claims", |bed| Box::pin(queue::racing_claims(bed))),
    ("racing_last_batches", |bed| {
        Box::pin(queue::racing_last_batches(bed))
    }),
    ("held_until_all_is_checked", |bed| {
        Box::pin(held::held_until_all_is_checked(bed))
    }),
    ("stopped_by_a_rule", |bed| {
        Box::pin(held::stopped_by_a_rule(bed))
    }),
    ("cancelled_while_parked", |bed| {
        Box::pin(held::cancelled_while_parked(bed))
    }),
    ("pause_probe_resume", |bed| {
        Box::pin(paused::pause_probe_resume(bed))
    }),
    ("resumed_by_a_person", |bed| {
        Box::pin(paused::resumed_by_a_person(bed))
    }),
    ("a_probe_that_dies_has_a_successor", |bed| {
        Box::pin(paused::a_probe_that_dies_has_a_successor(bed))
    }),
    ("logs_are_bounded", |bed| {
        Box::pin(held::logs_are_bounded(bed))
    }),
    ("last_calls_are_remembered", |bed| {
        Box::pin(doubt::last_calls_are_remembered(bed))
    }),
    ("left_behind_by_a_stop", |bed| {
        Box::pin(doubt::left_behind_by_a_stop(bed))
    }),
    ("left_behind_by_the_dead", |bed| {
        Box::pin(doubt::left_behind_by_the_dead(bed))
    }),
    ("active_while_somebody_works", |bed| {
        Box::pin(doubt::active_while_somebody_works(bed))
    }),
    ("usage_and_shape", |bed| {
        Box::pin(observed::usage_and_shape(bed))
    }),
    ("withdrawn", |bed| Box::pin(doubt::withdrawn(bed))),
    ("refused_after_doubt", |bed| {
        Box::pin(doubt::refused_after_doubt(bed))
    }),
    ("settled_by_a_person", |bed| {
        Box::pin(settle::settled_by_a_person(bed))
    }),
    ("a_settled_doubt_does_not_come_back", |bed| {
        Box::pin(settle::a_settled_doubt_does_not_come_back(bed))
    }),
    ("older_runs", |bed| Box::pin(doubt::older_runs(bed))),
    ("cursors_of_older_runs", |bed| {
        Box::pin(doubt::cursors_of_older_runs(bed))
    }),
    ("slow_targets", |bed| Box::pin(slow::slow_targets(bed))),
    ("recorded_in_part", |bed| {
        Box::pin(slow::recorded_in_part(bed))
    }),
    ("failures_of_recorded_batches", |bed| {
        Box::pin(slow::failures_of_recorded_batches(bed))
    }),
    ("resends", |bed| Box::pin(records::resends(bed))),
    ("index_and_life", |bed| {
        Box::pin(records::index_and_life(bed))
    }),
    ("what_the_target_holds", |bed| {
        Box::pin(records::what_the_target_holds(bed))
    }),
    ("same_key_twice", |bed| {
        Box::pin(records::same_key_twice(bed))
    }),
    ("racing_keys", |bed| Box::pin(records::racing_keys(bed))),
    ("nasty_texts", |bed| Box::pin(records::nasty_texts(bed))),
    ("counters_and_amounts", |bed| {
        Box::pin(reports::counters_and_amounts(bed))
    }),
    ("issues", |bed| Box::pin(reports::issues(bed))),
    ("tenants_see_their_own", |bed| {
        Box::pin(isolation::tenants_see_their_own(bed))
    }),
    ("foreign_leases", |bed| {
        Box::pin(isolation::foreign_leases(bed))
    }),
];

/// Cases at a time: some of them wait for leases to end.
const AT_A_TIME: usize = 4;

/// Runs every case in the bed that `make` gives for its number; names those that failed.
async fn run_all<F>(make: impl Fn(usize) -> F) -> Vec<&'static str>
where
    F: Future<Output = Bed>,
{
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let mut running = Vec::new();
    for (number, (name, case)) in CASES.iter().enumerate() {
        let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
        let bed = make(number).await;
        let handle = tokio::spawn(async move {
            let end = bed.end();
            let outcome = tokio::spawn(case(bed)).await;
            end.close().await;
            drop(permit);
            outcome.is_ok()
        });
        running.push((*name, handle));
    }
    let mut failed = Vec::new();
    for (name, handle) in running {
        if !handle.await.unwrap() {
            failed.push(name);
        }
    }
    failed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let failed = run_all(|_| Bed::sqlite()).await;
    assert!(failed.is_empty(), "failed on SQLite: {failed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let Some(cluster) = cluster::Cluster::start().await else {
        println!("skipped: no postgres");
        return;
    };
    let failed = run_all(|number| Bed::postgres(&cluster, number)).await;
    let row_security = isolation::row_security(&cluster).await;
    cluster.stop();
    assert!(failed.is_empty(), "failed on Postgres: {failed:?}");
    row_security.unwrap();
}
