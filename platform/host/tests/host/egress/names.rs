//! A name server with a will of its own: fixed names, names that change their answer, names with
//! one bad address among good ones. Time to live is 0 throughout.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

/// Names with fixed addresses.
const ZONE: &[(&str, &[&str])] = &[
    ("public.test", &["8.8.4.4"]),
    ("mail.public.test", &["8.8.4.4"]),
    ("alias.public.test", &["8.8.4.4"]),
    ("six.public.test", &["2606:4700::6"]),
    ("xn--bcher-kva.test", &["8.8.4.5"]),
    ("inside.test", &["10.20.30.40"]),
    ("cname.test", &["10.20.30.41"]),
    ("mixed.test", &["8.8.8.8", "10.0.0.1"]),
    ("mapped.test", &["::ffff:127.0.0.1"]),
    ("loop6.test", &["::1"]),
    ("ula.test", &["fd00::1"]),
    ("linklocal.test", &["fe80::1"]),
    ("localhost6", &["::1"]),
    ("foo.localhost", &["127.0.0.1"]),
    ("metadata", &["169.254.169.254"]),
    ("metadata.google.internal", &["169.254.169.254"]),
    ("metadata.goog", &["169.254.169.254"]),
    ("metadata.azure.internal", &["168.63.129.16"]),
    ("instance-data", &["169.254.169.254"]),
    (
        "instance-data.ec2.internal",
        &["169.254.169.254", "fd00:ec2::254"],
    ),
    ("kubernetes", &["10.96.0.1"]),
    ("kubernetes.default.svc", &["10.96.0.1"]),
    ("kubernetes.default.svc.cluster.local", &["10.96.0.1"]),
    ("host.docker.internal", &["172.17.0.1"]),
    ("gateway.docker.internal", &["192.168.65.1"]),
    ("postgres", &["10.0.0.5"]),
    ("redis.internal", &["10.0.0.6"]),
    ("intranet.corp", &["192.168.7.7"]),
    ("router.lan", &["192.168.1.1"]),
];

/// The address that a changing name has first.
pub(crate) const FIRST: &str = "9.9.9.9";

/// What `n<i>.name.test`, `m<i>.mixed.test`, `r<i>.rebind.test` and `r<i>.again.test` stand for:
/// `targets[i]`; the last two begin with [`FIRST`].
pub(crate) struct NameServer {
    targets: Arc<Vec<IpAddr>>,
    asked: Arc<Mutex<HashMap<(String, u16), u32>>>,
}

const A: u16 = 1;
const AAAA: u16 = 28;

impl NameServer {
    pub(crate) async fn start(targets: Vec<IpAddr>) -> Arc<Self> {
        let server = Arc::new(Self {
            targets: Arc::new(targets),
            asked: Arc::default(),
        });
        let socket = UdpSocket::bind("127.0.0.1:53").await.unwrap();
        let own = Arc::clone(&server);
        tokio::spawn(async move {
            let mut query = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut query).await {
                let answer = own.answer(&query[..length]);
                let _ = socket.send_to(&answer, from).await;
            }
        });
        server
    }

    /// How often the addresses of `name` were asked for, as IPv4.
    pub(crate) fn asked(&self, name: &str) -> u32 {
        let asked = self.asked.lock().unwrap();
        asked.get(&(name.to_owned(), A)).copied().unwrap_or(0)
    }

    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let (name, end) = question(query);
        let kind = u16::from_be_bytes([query[end], query[end + 1]]);
        let found = self.addresses(&name, kind);
        let code = if found.is_some() { 0 } else { 3 };
        let of_kind: Vec<IpAddr> = found
            .unwrap_or_default()
            .into_iter()
            .filter(|ip| matches!((kind, ip), (A, IpAddr::V4(_)) | (AAAA, IpAddr::V6(_))))
            .collect();
        let count = u8::try_from(of_kind.len()).unwrap();
        let mut out = query[..2].to_vec();
        out.extend([0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
        out.extend(&query[12..end + 4]);
        for ip in of_kind {
            out.extend([0xc0, 0x0c]);
            out.extend(kind.to_be_bytes());
            out.extend([0, 1, 0, 0, 0, 0]);
            match ip {
                IpAddr::V4(v4) => {
                    out.extend([0, 4]);
                    out.extend(v4.octets());
                }
                IpAddr::V6(v6) => {
                    out.extend([0, 16]);
                    out.extend(v6.octets());
                }
            }
        }
        out
    }

    fn addresses(&self, name: &str, kind: u16) -> Option<Vec<IpAddr>> {
        let times = {
            let mut asked = self.asked.lock().unwrap();
            let times = asked.entry((name.to_owned(), kind)).or_default();
            *times += 1;
            *times
        };
        let parse = |text: &&str| text.parse::<IpAddr>().unwrap();
        if let Some((_, fixed)) = ZONE.iter().find(|(known, _)| *known == name) {
            return Some(fixed.iter().map(parse).collect());
        }
        let (label, zone) = name.split_once('.')?;
        let target = *self.targets.get(label.get(1..)?.parse::<usize>().ok()?)?;
        let first = parse(&FIRST);
        Some(match zone {
            "name.test" => vec![target],
            "mixed.test" => vec![first, target],
            "rebind.test" | "again.test" if times == 1 => vec![first],
            "rebind.test" | "again.test" => vec![target],
            _ => return None,
        })
    }
}

/// The name that is asked for, in lower case, and where its type stands.
fn question(query: &[u8]) -> (String, usize) {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let length = usize::from(query[at]);
        let label = &query[at + 1..at + 1 + length];
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += 1 + length;
    }
    (labels.join("."), at + 1)
}
