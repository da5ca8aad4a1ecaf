//! This process seen from outside: its resident set, and the linear memory of guests, which is found
//! by its mark and searched for the secret while the guest runs.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::guest::{MARK, MARK_AT};

/// Peak of the resident set since the last call of [`forget_peak`], bytes.
pub(crate) fn peak() -> u64 {
    status("VmHWM:")
}

/// The resident set now, bytes.
pub(crate) fn resident() -> u64 {
    status("VmRSS:")
}

pub(crate) fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib << 10
}

/// What the search has seen.
#[derive(Default)]
pub(crate) struct Found {
    /// memories that were looked through
    pub(crate) memories: AtomicU64,
    pub(crate) bytes: AtomicU64,
    /// times that a secret was there
    pub(crate) secrets: AtomicU64,
}

/// Looks through the guests' memories every few milliseconds until it is dropped.
pub(crate) struct Search {
    pub(crate) found: Arc<Found>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Search {
    pub(crate) fn start(secrets: Vec<Vec<u8>>) -> Self {
        let (found, stop) = (Arc::new(Found::default()), Arc::new(AtomicBool::new(false)));
        let (own, end) = (Arc::clone(&found), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            // Whoever is measured goes first. Linux takes "this process" for this thread.
            let _ = rustix::process::setpriority_process(None, 19);
            while !end.load(Ordering::Relaxed) {
                for memory in memories() {
                    own.memories.fetch_add(1, Ordering::Relaxed);
                    own.bytes.fetch_add(memory.len() as u64, Ordering::Relaxed);
                    let there = |secret: &Vec<u8>| memchr::memmem::find(&memory, secret).is_some();
                    if secrets.iter().any(there) {
                        own.secrets.fetch_add(1, Ordering::Relaxed);
                    }
                }
                std::thread::sleep(Duration::from_millis(60));
            }
        });
        Self {
            found,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The linear memories of live guests.
fn memories() -> Vec<Vec<u8>> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mut process = std::fs::File::open("/proc/self/mem").unwrap();
    let mut read = |at: u64, length: usize| -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        process.seek(SeekFrom::Start(at)).ok()?;
        process.read_exact(&mut bytes).ok()?;
        Some(bytes)
    };
    let regions: Vec<(u64, u64)> = maps.lines().filter_map(writable).collect();
    let mut memories = Vec::new();
    for (index, (start, end)) in regions.iter().enumerate() {
        if end - start < 4096 || read(start + MARK_AT, MARK.len()).as_deref() != Some(MARK) {
            continue;
        }
        let mut last = *end;
        for (next, after) in regions.iter().skip(index + 1) {
            if *next != last {
                break;
            }
            last = *after;
        }
        // It may go away while it is read.
        if let Some(memory) = read(*start, usize::try_from(last - start).unwrap()) {
            memories.push(memory);
        }
    }
    memories
}

fn writable(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    rest.starts_with("rw")
        .then_some((number(start)?, number(end)?))
}
