//! Texts: cleansing, case, cutting, joining, patterns, questions about them.

mod after;
mod before;
mod byte_length;
mod capitalize;
mod collapse_spaces;
mod concat;
mod contains;
mod count_matches;
mod ends_with;
mod ensure_prefix;
mod ensure_suffix;
mod extract;
mod extract_all;
mod fix_case;
mod fix_mojibake;
mod index_of;
mod insert;
mod is_blank;
mod keep_chars;
mod left;
mod length;
mod lower;
mod mask;
mod matches;
mod normalize;
mod pad_left;
mod pad_right;
mod pattern;
mod remove_chars;
mod remove_control_chars;
mod remove_prefix;
mod remove_suffix;
mod repeat;
mod replace;
mod replace_pattern;
mod reverse_text;
mod right;
mod similarity;
mod single_line;
mod slug;
mod split;
mod starts_with;
mod substring;
mod template;
mod title;
mod to_ascii;
mod to_string;
mod transliteration;
mod trim;
mod trim_chars;
mod trim_end;
mod trim_start;
mod truncate;
mod truncate_words;
mod upper;
mod words;

use super::Function;

/// The functions of this topic, in the order of the documentation.
pub(crate) use trim::trimmed;

pub(super) const FUNCTIONS: &[Function] = &[
    trim::FUNCTION,
    trim_start::FUNCTION,
    trim_end::FUNCTION,
    trim_chars::FUNCTION,
    collapse_spaces::FUNCTION,
    single_line::FUNCTION,
    remove_control_chars::FUNCTION,
    remove_chars::FUNCTION,
    keep_chars::FUNCTION,
    upper::FUNCTION,
    lower::FUNCTION,
    capitalize::FUNCTION,
    title::FUNCTION,
    fix_case::FUNCTION,
    normalize::FUNCTION,
    fix_mojibake::FUNCTION,
    to_ascii::FUNCTION,
    slug::FUNCTION,
    pad_left::FUNCTION,
    pad_right::FUNCTION,
    truncate::FUNCTION,
    truncate_words::FUNCTION,
    left::FUNCTION,
    right::FUNCTION,
    substring::FUNCTION,
    before::FUNCTION,
    after::FUNCTION,
    split::FUNCTION,
    words::FUNCTION,
    concat::FUNCTION,
    template::FUNCTION,
    repeat::FUNCTION,
    insert::FUNCTION,
    ensure_prefix::FUNCTION,
    ensure_suffix::FUNCTION,
    remove_prefix::FUNCTION,
    remove_suffix::FUNCTION,
    reverse_text::FUNCTION,
    replace::FUNCTION,
    replace_pattern::FUNCTION,
    matches::FUNCTION,
    extract::FUNCTION,
    extract_all::FUNCTION,
    count_matches::FUNCTION,
    starts_with::FUNCTION,
    ends_with::FUNCTION,
    contains::FUNCTION,
    index_of::FUNCTION,
    length::FUNCTION,
    byte_length::FUNCTION,
    is_blank::FUNCTION,
    similarity::FUNCTION,
    mask::FUNCTION,
    to_string::FUNCTION,
];
