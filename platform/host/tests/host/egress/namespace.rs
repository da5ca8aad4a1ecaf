//! A network of our own in which every address there is ends at this machine, so that a connection
//! to any of them is seen and none leaves. The kernel counts the attempts, whatever port they go to.

use std::net::{IpAddr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// In the namespace's resolv.conf, to be sure that it is the namespace.
pub(crate) const MARK: &str = "tributary egress suite";

const SETUP: &str = r#"
set -e
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo
printf '# %s\nnameserver 127.0.0.1\noptions timeout:1 attempts:1\n' "$MARK" > "$FOLDER/resolv.conf"
printf '127.0.0.1 localhost localhost.localdomain\n::1 localhost ip6-localhost ip6-loopback\n' > "$FOLDER/hosts"
mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf
mount --bind "$FOLDER/hosts" /etc/hosts
exec "$0" "$@"
"#;

/// Runs one test of this very program in a namespace. `None`: this machine does not allow it.
pub(crate) fn run(test: &str) -> Option<std::process::Output> {
    let flags: [&[&str]; 2] = [
        &["--net", "--mount"],
        &["--map-root-user", "--net", "--mount"],
    ];
    let allowed = |flags: &[&str]| {
        let probe = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo \
                     && ip -6 route add local ::/0 dev lo && mount --bind /etc/hosts /etc/hosts";
        Command::new("unshare")
            .args(flags)
            .args(["sh", "-c", probe])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let flags = flags.into_iter().find(|flags| allowed(flags))?;
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(flags)
        .args(["sh", "-c", SETUP])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("MARK", MARK)
        .env("FOLDER", folder.path())
        .output()
        .unwrap();
    Some(output)
}

pub(crate) fn is_ours() -> bool {
    std::fs::read_to_string("/etc/resolv.conf").is_ok_and(|text| text.contains(MARK))
}

/// Attempts to open a TCP connection since the namespace began, by the kernel's own count.
pub(crate) fn attempts() -> u64 {
    let text = std::fs::read_to_string("/proc/self/net/snmp").unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("Tcp:"));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let at = names.split(' ').position(|name| name == "ActiveOpens");
    values.split(' ').nth(at.unwrap()).unwrap().parse().unwrap()
}

/// Listens on every address and remembers which one was dialled.
#[derive(Clone, Default)]
pub(crate) struct Canaries {
    dialled: Arc<Mutex<Vec<SocketAddr>>>,
    bytes: Arc<Mutex<u64>>,
}

impl Canaries {
    /// Ports 80 answers requests by [`answer`]; the others accept, read a little and hang up.
    pub(crate) async fn start(ports: &[u16], redirects: Arc<Vec<String>>) -> Self {
        let canaries = Self::default();
        for port in ports {
            let listener = TcpListener::bind(("::", *port)).await.unwrap();
            let (canaries, redirects) = (canaries.clone(), Arc::clone(&redirects));
            let port = *port;
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (canaries, redirects) = (canaries.clone(), Arc::clone(&redirects));
                    tokio::spawn(async move { canaries.serve(stream, port, &redirects).await });
                }
            });
        }
        canaries
    }

    async fn serve(&self, mut stream: TcpStream, port: u16, redirects: &[String]) {
        let address = stream.local_addr().unwrap();
        let ip: IpAddr = address.ip().to_canonical();
        self.dialled.lock().unwrap().push(SocketAddr::new(ip, port));
        let mut request = vec![0; 8 << 10];
        let length = stream.read(&mut request).await.unwrap_or(0);
        *self.bytes.lock().unwrap() += length as u64;
        if port == 80 {
            let answer = answer(&request[..length], redirects);
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }

    /// What was dialled since the last time.
    pub(crate) async fn take(&self) -> Vec<SocketAddr> {
        // A connection is there before it is accepted.
        tokio::task::yield_now().await;
        std::mem::take(&mut self.dialled.lock().unwrap())
    }
}

/// `GET /<kind>/<number>` is answered with a redirect of that kind to that line of the table.
fn answer(request: &[u8], redirects: &[String]) -> String {
    let text = String::from_utf8_lossy(request);
    let path = text.split(' ').nth(1).unwrap_or_default();
    let mut parts = path.trim_start_matches('/').split('/');
    let status = parts.next().unwrap_or_default();
    let number: usize = parts.next().and_then(|part| part.parse().ok()).unwrap();
    format!(
        "HTTP/1.1 {status} Elsewhere\r\nlocation: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        redirects[number]
    )
}
