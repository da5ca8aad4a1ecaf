//! Address spellings, as a tenant could type them.

use super::*;

fn judge(host: &str) -> Option<bool> {
    // The URL parser turns numeric spellings into addresses, as the HTTP path does.
    let url = reqwest::Url::parse(&format!("http://{host}/")).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let ip: IpAddr = host.parse().ok()?;
    Some(EgressPolicy::default().permits(&host, SocketAddr::new(ip, 80)))
}

const INSIDE: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "017700000001",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0x0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "0xa000001",
    "167772161",
    "012.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "0xc0.0xa8.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::808:808]",
    "[100::1]",
    "[2001::1]",
    "[2001:0:7f00:1::]",
    "[2001:10::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[2002:808:808::]",
    "[3fff::1]",
    "[fc00::1]",
    "[fd12:3456:789a::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[5f00::1]",
    "[4000::1]",
    "１２７.０.０.１",
];

#[test]
fn inside_addresses_are_refused_in_every_spelling() {
    assert!(INSIDE.len() >= 60, "{}", INSIDE.len());
    for spelling in INSIDE {
        assert_eq!(judge(spelling), Some(false), "{spelling}");
    }
}

#[test]
fn public_addresses_are_permitted() {
    for spelling in [
        "8.8.8.8",
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.0.1",
        "169.255.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "192.0.3.1",
        "192.167.0.1",
        "192.169.0.1",
        "198.17.0.1",
        "198.20.0.1",
        "203.0.112.1",
        "203.0.114.1",
        "223.255.255.255",
        "134744072",
        "[2606:4700::1111]",
        "[2a00:1450::1]",
        "[2001:4860:4860::8888]",
        "[2001:200::1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::8.8.8.8]",
        "[2003::1]",
        "[3ffe::1]",
    ] {
        assert_eq!(judge(spelling), Some(true), "{spelling}");
    }
}

#[test]
fn a_grant_is_for_one_host_or_address_and_one_port() {
    let policy = EgressPolicy {
        allow: vec![
            "127.0.0.1:2222".to_owned(),
            "erp.local:8080".to_owned(),
            "[::1]:22".to_owned(),
            "nonsense".to_owned(),
        ],
    };
    let at = |text: &str| text.parse::<SocketAddr>().unwrap();
    assert!(policy.permits("127.0.0.1", at("127.0.0.1:2222")));
    assert!(policy.permits("localhost", at("[::ffff:127.0.0.1]:2222")));
    assert!(!policy.permits("127.0.0.1", at("127.0.0.1:2223")));
    assert!(!policy.permits("127.0.0.2", at("127.0.0.2:2222")));
    assert!(policy.permits("ERP.local.", at("10.1.2.3:8080")));
    assert!(!policy.permits("erp.local", at("10.1.2.3:80")));
    assert!(!policy.permits("other.local", at("10.1.2.3:8080")));
    assert!(policy.permits("::1", at("[::1]:22")));
}

#[tokio::test]
async fn a_name_that_resolves_to_an_inside_address_is_refused() {
    let refused = EgressPolicy::default().resolve("localhost", 80).await;
    let denied = EgressError::Denied {
        host: "localhost".to_owned(),
        port: 80,
    };
    assert_eq!(refused.unwrap_err(), denied);
    assert_eq!(denied.problem().code, ErrorCode::ConnectionRefused);
    // getaddrinfo reads short forms too; the check is on what comes out.
    assert!(EgressPolicy::default().resolve("127.1", 80).await.is_err());
}
