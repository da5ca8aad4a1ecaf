//! Names of hosts, as in e-mail and web addresses.

use crate::worker::run::Run;

/// The host in small letters: labels of letters, digits and hyphens (RFC 1123; letters beyond ASCII as
/// RFC 5890 shows them) of 1 to 63 bytes with points between them, at most 253 bytes; the last label is
/// not a number unless the whole is an IPv4 address. `None` if it has another form, also for IPv6.
pub(super) fn host<'a>(name: &'a str, run: &Run<'a>) -> Option<&'a str> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|sign| sign.is_alphanumeric() || sign == '-')
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return None;
    }
    let last = name.rsplit('.').next()?;
    if last.bytes().all(|byte| byte.is_ascii_digit()) && name.parse::<std::net::Ipv4Addr>().is_err()
    {
        return None;
    }
    if !name.chars().any(char::is_uppercase) {
        return Some(name);
    }
    let mut small = run.text_buffer(name.len());
    small.extend(name.chars().flat_map(char::to_lowercase));
    Some(small.into_bump_str())
}
