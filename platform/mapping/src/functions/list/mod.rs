//! Lists and objects: the elements of a JSON array, or what a path with several results found; the
//! members of a JSON object.

mod all;
mod any;
mod append;
mod at;
mod avg;
mod bounds;
mod chunk;
mod compact;
mod contains_element;
mod count;
mod count_where;
mod difference;
mod distinct;
mod duplicates;
mod each;
mod entries;
mod extreme;
mod filter;
mod find;
mod first;
mod flatten;
mod get;
mod group_by;
mod index_where;
mod intersection;
mod is_unique;
mod join;
mod join_on;
mod key;
mod keys;
mod last;
mod map;
mod max;
mod max_by;
mod median;
mod membership;
mod merge;
mod min;
mod min_by;
mod object;
mod omit_members;
mod order;
mod pick_members;
mod range_list;
mod rename_members;
mod reverse;
mod running_total;
mod set_member;
mod skip;
mod slice;
mod sort;
mod sum;
mod sum_of;
mod take;
mod to_object;
mod values;
mod zip;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(super) const FUNCTIONS: &[Function] = &[
    count::FUNCTION,
    first::FUNCTION,
    last::FUNCTION,
    at::FUNCTION,
    find::FUNCTION,
    index_where::FUNCTION,
    any::FUNCTION,
    all::FUNCTION,
    count_where::FUNCTION,
    contains_element::FUNCTION,
    map::FUNCTION,
    filter::FUNCTION,
    compact::FUNCTION,
    sort::FUNCTION,
    reverse::FUNCTION,
    distinct::FUNCTION,
    duplicates::FUNCTION,
    is_unique::FUNCTION,
    take::FUNCTION,
    skip::FUNCTION,
    slice::FUNCTION,
    chunk::FUNCTION,
    append::FUNCTION,
    flatten::FUNCTION,
    zip::FUNCTION,
    intersection::FUNCTION,
    difference::FUNCTION,
    sum::FUNCTION,
    sum_of::FUNCTION,
    avg::FUNCTION,
    median::FUNCTION,
    min::FUNCTION,
    max::FUNCTION,
    min_by::FUNCTION,
    max_by::FUNCTION,
    running_total::FUNCTION,
    range_list::FUNCTION,
    join::FUNCTION,
    group_by::FUNCTION,
    join_on::FUNCTION,
    to_object::FUNCTION,
    entries::FUNCTION,
    keys::FUNCTION,
    values::FUNCTION,
    merge::FUNCTION,
    pick_members::FUNCTION,
    omit_members::FUNCTION,
    rename_members::FUNCTION,
    set_member::FUNCTION,
    get::FUNCTION,
];
