//! Any two headers, one name a line with a zero byte between the two: what differs is told completely.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

use tributary_formats::drift::compare;
use tributary_formats_fuzz::Choices;

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes);
    let names = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (expected, found) = (names(choices.text()), names(choices.text()));
    let drift = compare(&expected, &found);
    let renamed_from = drift.renamed.iter().map(|renamed| &renamed.from);
    let gone: BTreeSet<&String> = drift
        .removed
        .iter()
        .map(|column| &column.name)
        .chain(renamed_from)
        .collect();
    let renamed_to = drift.renamed.iter().map(|renamed| &renamed.to);
    let new: BTreeSet<&String> = drift
        .added
        .iter()
        .map(|column| &column.name)
        .chain(renamed_to)
        .collect();
    for name in &expected {
        assert_eq!(gone.contains(name), !found.contains(name), "{name:?}");
    }
    for name in &found {
        assert_eq!(new.contains(name), !expected.contains(name), "{name:?}");
    }
    for moved in &drift.moved {
        assert_eq!(expected[moved.from - 1], moved.name);
        assert_eq!(found[moved.to - 1], moved.name);
    }
    let distinct: BTreeSet<&String> = expected.iter().collect();
    if distinct.len() == expected.len() {
        assert!(compare(&expected, &expected).is_empty());
    }
});
