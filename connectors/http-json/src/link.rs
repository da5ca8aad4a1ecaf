//! Links of an API to itself: the `Link` header (RFC 8288) and addresses in bodies, read against
//! the connection's base address.
//!
//! Invariant: what comes out is below the base address; the host checks that once more.

/// Where a link leads, below the base address: path and query as they stand in the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub path: String,
    pub query: Vec<(String, String)>,
}

/// The target of `rel="next"`.
pub fn next_of(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, from)) = rest.split_once('<') {
        let (target, after) = from.split_once('>')?;
        // parameters go on to a comma outside quotes
        let mut quoted = false;
        let end = after
            .char_indices()
            .find(|(_, c)| {
                quoted ^= *c == '"';
                *c == ',' && !quoted
            })
            .map_or(after.len(), |(at, _)| at);
        let (parameters, next) = after.split_at(end);
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let mut relations = value.trim().trim_matches('"').split_whitespace();
            name.trim().eq_ignore_ascii_case("rel")
                && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.trim().to_owned());
        }
        rest = next;
    }
    None
}

/// Resolves a link that stood in the answer to `path` (below `base`). `hosts` are further names of
/// the same server.
pub fn resolve(base: &str, hosts: &[String], path: &str, link: &str) -> Result<Target, String> {
    let (origin, base_path) = split_origin(base).ok_or("the connection has no base address")?;
    let link = link.split('#').next().unwrap_or_default();
    let (address, query) = link.split_once('?').unwrap_or((link, ""));
    let whole = if let Some((other, path)) = split_origin(address) {
        let same = other.eq_ignore_ascii_case(origin)
            || hosts
                .iter()
                .any(|host| host_of(other).eq_ignore_ascii_case(host));
        if !same {
            return Err(format!(
                "the link leads to {}, not to {}; if that is the same server, add it to `hosts`",
                host_of(other),
                host_of(origin)
            ));
        }
        path.to_owned()
    } else if address.starts_with("//") || has_scheme(address) {
        return Err(format!("{address:?} is no link that can be followed"));
    } else if address.starts_with('/') {
        address.to_owned()
    } else {
        let here = format!(
            "{}/{}",
            base_path.trim_end_matches('/'),
            path.trim_start_matches('/')
        );
        match (address.is_empty(), here.rsplit_once('/')) {
            (true, _) => here,
            (false, Some((folder, _))) => format!("{folder}/{address}"),
            (false, None) => address.to_owned(),
        }
    };
    let folder = base_path.trim_end_matches('/');
    let below = whole
        .strip_prefix(folder)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let below = below.ok_or_else(|| {
        format!("the link leads to {whole:?}, which is not below the base address {folder:?}")
    })?;
    Ok(Target {
        path: below.trim_start_matches('/').to_owned(),
        query: pairs(query),
    })
}

/// The names by which a server on this machine may call itself: the base address's own port at each
/// name of the loopback. None for any other server.
#[must_use]
pub fn loopback_names(base: &str) -> Vec<String> {
    let names = ["localhost", "127.0.0.1", "[::1]"];
    let Some((origin, _)) = split_origin(base) else {
        return Vec::new();
    };
    let host = host_of(origin).to_ascii_lowercase();
    let Some(port) = names.iter().find_map(|name| host.strip_prefix(name)) else {
        return Vec::new();
    };
    if !(port.is_empty() || port.starts_with(':')) {
        return Vec::new();
    }
    names.iter().map(|name| format!("{name}{port}")).collect()
}

/// `https://host:port` and the path.
fn split_origin(address: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return None;
    }
    let end = rest.find('/').unwrap_or(rest.len());
    Some(address.split_at(scheme.len() + 3 + end))
}

fn host_of(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

fn has_scheme(address: &str) -> bool {
    address
        .split_once(':')
        .is_some_and(|(scheme, _)| !scheme.contains('/') && !scheme.is_empty())
}

/// The decoded pairs of a query.
fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let digits = tail
            .get(..2)
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match (
            first,
            digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Everything but letters, digits and `-._~` as `%XX`, for a value within a path.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        for (header, wanted) in [
            (
                "<https://a/x?page=2>; rel=\"next\"",
                Some("https://a/x?page=2"),
            ),
            (
                "<u1>; rel=prev, <u2>; title=\"a, b; rel=next\"; rel=\"last next\"",
                Some("u2"),
            ),
            ("</a,b;c>; rel=next", Some("/a,b;c")),
            ("<u1>; rel=\"prev\"", None),
            ("<u1>; rel=\"nextish\"", None),
            ("nonsense", None),
            ("<half", None),
            ("", None),
        ] {
            assert_eq!(next_of(header).as_deref(), wanted, "{header}");
        }
    }

    #[test]
    fn only_a_loopback_has_several_names() {
        let all = ["localhost:14004", "127.0.0.1:14004", "[::1]:14004"];
        assert_eq!(loopback_names("http://127.0.0.1:14004/odata/"), all);
        assert_eq!(loopback_names("http://localhost:14004"), all);
        for base in ["https://localhost.evil.example/", "http://10.0.0.1/", "x"] {
            assert!(loopback_names(base).is_empty(), "{base}");
        }
        let own = loopback_names("http://127.0.0.1:14004/x/");
        let far = resolve(
            "http://127.0.0.1:14004/x/",
            &own,
            "y",
            "http://localhost:14005/x/y",
        );
        assert!(far.is_err());
    }

    #[test]
    fn links_stay_on_the_server_and_below_the_base() {
        let base = "https://api.example.com:8443/v2/";
        let hosts = ["inside.example".to_owned()];
        for (link, wanted) in [
            (
                "https://api.example.com:8443/v2/orders?p=2&a=x%20y+z",
                Ok("orders p=2 a=x y z"),
            ),
            ("HTTPS://API.example.com:8443/v2/orders", Ok("orders")),
            ("https://inside.example/v2/orders?p=2", Ok("orders p=2")),
            ("/v2/x/orders?p=2#frag", Ok("x/orders p=2")),
            ("?p=3", Ok("sales/orders p=3")),
            ("orders?%24skiptoken=100", Ok("sales/orders $skiptoken=100")),
            (
                "https://evil.example/v2/orders",
                Err("leads to evil.example"),
            ),
            (
                "https://api.example.com/v2/orders",
                Err("leads to api.example.com,"),
            ),
            ("http://api.example.com:8443/v2/orders", Err("leads to")),
            ("//evil.example/v2", Err("no link")),
            ("file:///etc/passwd", Err("no link")),
            ("javascript:alert(1)", Err("no link")),
            ("/v1/orders", Err("not below")),
            ("/v22/orders", Err("not below")),
        ] {
            let got = resolve(base, &hosts, "sales/orders", link);
            match (got, wanted) {
                (Ok(target), Ok(wanted)) => {
                    let pairs = target.query.iter().map(|(n, v)| format!(" {n}={v}"));
                    assert_eq!(
                        format!("{}{}", target.path, pairs.collect::<String>()),
                        wanted
                    );
                }
                (Err(message), Err(part)) => assert!(message.contains(part), "{link}: {message}"),
                (got, _) => panic!("{link}: {got:?}"),
            }
        }
        let root = resolve("https://a.example/", &[], "x", "https://a.example/y?z=1").unwrap();
        assert_eq!(root.path, "y");
    }
}
