//! CPU time of this thread, best of several rounds.

use std::hint::black_box;
use std::time::Instant;

use tributary_model::rows::RowFormat;

use crate::{DOCUMENT, by_hand, jaq, jsonata, map, remap, worker};

/// Rounds of each program; the best counts, which is the one that was disturbed least.
const ROUNDS: usize = 9;

/// The slow ones take part in one of so many rounds: a round of theirs is more than a minute.
const SLOW_EVERY: usize = 3;

/// Two programs on the same records.
pub(crate) struct Race {
    pub(crate) name: &'static str,
    /// records per second
    pub(crate) ours: f64,
    pub(crate) theirs: f64,
}

/// CPU seconds of `work`.
pub(crate) fn seconds(work: impl FnOnce()) -> f64 {
    let (start, wall) = (cpu_seconds(), Instant::now());
    work();
    match (start, cpu_seconds()) {
        (Some(start), Some(end)) => end - start,
        _ => wall.elapsed().as_secs_f64(),
    }
}

/// CPU time of this thread, where the system tells it: other programs on the machine do not count.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// All engines on all orders.
pub(crate) fn orders(lines: &[&[u8]]) -> Vec<Race> {
    let mut worker = worker(DOCUMENT, &RowFormat::Ndjson);
    let tables = by_hand::Tables::new();
    let mut buffers = by_hand::Buffers::default();
    let (remap, jsonata) = (remap::Remap::new(), jsonata::Jsonata::new());
    let mut out = Vec::with_capacity(lines.len() * 1000);
    let mut best = [f64::MAX; 5];
    for round in 0..ROUNDS {
        out.clear();
        best[0] = best[0].min(seconds(|| {
            for (line, bytes) in (1..).zip(lines) {
                black_box(map(&mut worker, line, bytes, &mut out));
            }
        }));
        out.clear();
        best[1] = best[1].min(seconds(|| {
            for bytes in lines {
                let start = out.len();
                match by_hand::map(bytes, &tables, &mut buffers, &mut out) {
                    Ok(()) => out.push(b'\n'),
                    Err(errors) => {
                        out.truncate(start);
                        black_box(errors);
                    }
                }
            }
        }));
        if round % SLOW_EVERY > 0 {
            continue;
        }
        out.clear();
        best[2] = best[2].min(seconds(|| {
            for bytes in lines {
                remap.map(bytes, &mut out);
            }
        }));
        out.clear();
        best[3] = best[3].min(jaq::with_program(|run| {
            seconds(|| {
                for bytes in lines {
                    run(bytes, &mut out);
                }
            })
        }));
        out.clear();
        best[4] = best[4].min(seconds(|| {
            for bytes in lines {
                jsonata.map(bytes, &mut out);
            }
        }));
    }
    let rate = |seconds: f64| lines.len() as f64 / seconds;
    let ours = rate(best[0]);
    let race = |name, theirs| Race { name, ours, theirs };
    vec![
        race("mapping_vs_serde", rate(best[1])),
        race("mapping_vs_vrl", rate(best[2])),
        race("mapping_vs_jaq", rate(best[3])),
        race("mapping_vs_jsonata", rate(best[4])),
    ]
}
