//! Which files there are, and which of them are complete.

use std::collections::HashSet;

use tributary_sdk::{Connection, Result, control, files};

use crate::FilePart;
use crate::config::{Config, Order};
use crate::pattern;

/// What a look at the folder found.
pub struct Found {
    /// those that match
    pub files: Vec<FilePart>,
    /// everything that is there, if markers are looked for
    all: HashSet<String>,
}

/// All files of the folder that match, whatever their age.
pub fn files(connection: &Connection, config: &Config) -> Result<Found> {
    let mut found = Found {
        files: Vec::new(),
        all: HashSet::new(),
    };
    let mut page: Option<String> = None;
    loop {
        let listing = files::list(
            connection,
            &config.folder,
            config.recursive,
            page.as_deref(),
        )?;
        for entry in listing.entries {
            if config.done_marker.is_some() {
                found.all.insert(entry.path.clone());
            }
            if wanted(config, &entry.path) {
                found.files.push(FilePart {
                    path: entry.path,
                    size: entry.size,
                    modified_ms: entry.modified_ms,
                    version: entry.version,
                    whole: config.whole_files,
                });
            }
        }
        page = listing.next;
        if page.is_none() {
            return Ok(found);
        }
    }
}

/// Of these, in order, the files whose sender is done.
pub fn ready(connection: &Connection, config: &Config, found: &Found) -> Result<Vec<FilePart>> {
    let mut ready = found.files.clone();
    if config.min_age_s > 0 {
        let young = control::now_ms().saturating_sub(config.min_age_s.saturating_mul(1000));
        ready.retain(|file| file.modified_ms <= young);
    }
    ready.retain(|file| {
        config
            .marker_of(&file.path)
            .is_none_or(|marker| found.all.contains(&marker))
    });
    if config.stable_s > 0 && !ready.is_empty() {
        // one call of the host waits a minute at most, or less by the tenant's plan
        let until = control::now_ms().saturating_add(u64::from(config.stable_s) * 1000);
        while !control::stopping() {
            let left = until.saturating_sub(control::now_ms());
            if left == 0 {
                break;
            }
            control::sleep_ms(u32::try_from(left).unwrap_or(u32::MAX));
        }
        let again = self::files(connection, config)?;
        ready.retain(|file| again.files.iter().any(|now| now.is(file)));
    }
    match config.order {
        Order::Name => ready.sort_by(|a, b| a.path.cmp(&b.path)),
        Order::Modified => {
            ready.sort_by(|a, b| (a.modified_ms, &a.path).cmp(&(b.modified_ms, &b.path)));
        }
    }
    Ok(ready)
}

/// Whether a path is a file to read: it fits the pattern, lies outside the archive and is no
/// marker.
fn wanted(config: &Config, path: &str) -> bool {
    if config.archived(path) || config.is_marker(path) {
        return false;
    }
    pattern::fits(&config.pattern, config.below(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_and_the_markers_are_no_files_to_read() {
        let config = |text: &str| serde_json::from_str::<Config>(text).map_err(|e| e.to_string());
        let all = config(
            r#"{"folder": "/in", "recursive": true, "after": "archive", "archive_folder": "/in/done",
                "done_marker": "{name}.ok"}"#,
        );
        let all = all.as_ref();
        let is = |path: &str| all.map(|config| wanted(config, path));
        assert_eq!(is("/in/a.csv"), Ok(true));
        assert_eq!(is("/in/sub/a.csv"), Ok(true));
        assert_eq!(is("/in/done/a.csv"), Ok(false));
        assert_eq!(is("/in/doneness/a.csv"), Ok(true));
        assert_eq!(is("/in/a.csv.ok"), Ok(false));
    }
}
