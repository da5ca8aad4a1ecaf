//! No text of a tenant makes us talk to the inside: several hundred spellings of hosts by every
//! channel there is, in a network namespace where every address answers. The kernel's count of
//! connection attempts is the judge, and controls show that the public ones do go out.
//!
//! Where a namespace is not allowed, the same table is held against the dial layer alone.

mod channels;
mod names;
mod namespace;
mod s3;
mod sql;
mod table;
mod tcp;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tributary_host::EgressPolicy;
use tributary_model::error_code::ErrorCode;
use tributary_model::manifest::EndpointKind;

use namespace::{Canaries, attempts};
use table::{Spelling, Table};

const DONE: &str = "egress suite: done";

#[test]
fn the_table_is_as_large_as_promised() {
    let table = table::read();
    let mut texts: Vec<&str> = table.inside.iter().map(|line| line.text.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), table.inside.len(), "a spelling stands twice");
    assert!(texts.len() >= 300, "{} spellings", texts.len());
    assert!(table.public.len() >= 50, "{} controls", table.public.len());
}

#[test]
fn no_spelling_by_any_channel_reaches_the_inside() {
    // Built out here, where cargo has its network.
    crate::support::component("sftp");
    let Some(output) = namespace::run("egress::in_a_namespace") else {
        println!("skipped: no network namespace here; only the dial layer was tested");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let faults = String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "{faults}");
    assert!(text.contains(DONE), "{text}\n{faults}");
}

/// The same table at the layer that all channels share, on any machine.
#[tokio::test]
async fn the_dial_layer_permits_no_inside_address() {
    let policy = EgressPolicy::default();
    let table = table::read();
    let mut judged = 0;
    for line in &table.inside {
        let Some(ip) = line.denotes() else {
            continue;
        };
        let url = reqwest::Url::parse(&line.base_url()).unwrap();
        if url.scheme() != "https" {
            continue;
        }
        let address = SocketAddr::new(ip, url.port().unwrap_or(443));
        assert!(!policy.permits(&ip.to_string(), address), "{:?}", line.text);
        judged += 1;
    }
    assert!(judged > 250, "{judged}");
    for line in table.public.iter().filter(|line| line.denotes().is_some()) {
        let ip = line.denotes().unwrap();
        assert!(
            policy.permits(&ip.to_string(), SocketAddr::new(ip, 443)),
            "{:?}",
            line.text
        );
    }
}

/// What one channel saw.
struct Tally {
    channel: &'static str,
    spellings: usize,
    /// connections to addresses that are not what the channel may dial
    inside: usize,
    /// connections that the channel should make
    wanted: usize,
}

impl Tally {
    fn of(channel: &'static str) -> Self {
        Self {
            channel,
            spellings: 0,
            inside: 0,
            wanted: 0,
        }
    }
}

struct Suite {
    table: Table,
    targets: Vec<IpAddr>,
    canaries: Canaries,
    names: Arc<names::NameServer>,
}

#[tokio::test]
#[ignore = "runs in the namespace that no_spelling_by_any_channel_reaches_the_inside makes"]
async fn in_a_namespace() {
    if !namespace::is_ours() {
        println!("skipped: not in the suite's namespace");
        return;
    }
    let table = table::read();
    let mut targets: Vec<IpAddr> = table.inside.iter().filter_map(Spelling::denotes).collect();
    targets.sort_unstable();
    targets.dedup();
    targets.retain(|ip| !tributary_host::egress::is_global(*ip));
    let redirects: Vec<String> = table.inside.iter().map(location).collect();
    let suite = Suite {
        canaries: Canaries::start(
            &[1, 22, 80, 443, 3306, 5432, 8443, 65535],
            Arc::new(redirects),
        )
        .await,
        names: names::NameServer::start(targets.clone()).await,
        table,
        targets,
    };
    let mut tallies = vec![
        suite.direct().await,
        suite.base_address().await,
        suite.path().await,
        suite.redirects().await,
        suite.resolved_and_mixed().await,
        suite.rebinding().await,
    ];
    let sftp = channels::Sftp::load().await;
    tallies.push(suite.sftp(&sftp).await);
    tallies.push(suite.sftp_names(&sftp).await);
    tallies.push(suite.sftp_rebinding(&sftp).await);
    tallies.push(suite.s3_endpoint().await);
    tallies.push(suite.s3_names().await);
    tallies.push(suite.s3_rebinding().await);
    tallies.push(suite.s3_redirects().await);
    tallies.push(suite.sql_host().await);
    tallies.push(suite.sql_names().await);
    tallies.push(suite.sql_rebinding().await);
    tallies.push(suite.tcp_host().await);
    tallies.push(suite.tcp_names().await);
    tallies.push(suite.tcp_rebinding().await);
    tallies.push(suite.controls(&sftp).await);
    assert_eq!(channels::channel_of(EndpointKind::Http), "http");
    println!("channel                       tried   dialled as meant   dialled inside");
    for tally in &tallies {
        println!(
            "{:<28} {:>6} {:>18} {:>16}",
            tally.channel, tally.spellings, tally.wanted, tally.inside
        );
    }
    assert!(tallies.iter().all(|tally| tally.inside == 0));
    println!("{DONE}");
}

/// A header can't carry everything.
fn location(line: &Spelling) -> String {
    line.base_url().replace(['\0', '\t'], "")
}

impl Suite {
    /// Nothing at all may have been dialled since `before`.
    async fn nothing(&self, tally: &mut Tally, before: u64, what: &str) {
        tally.spellings += 1;
        let tried = attempts() - before;
        if tried > 0 {
            println!(
                "{}: {what:?} dialled {:?}",
                tally.channel,
                self.canaries.take().await
            );
            tally.inside += usize::try_from(tried).unwrap();
        }
    }

    /// Only `meant` may have been dialled.
    async fn only(&self, tally: &mut Tally, before: u64, meant: SocketAddr, what: &str) {
        let tried = usize::try_from(attempts() - before).unwrap();
        let mut seen = self.canaries.take().await;
        for _ in 0..100 {
            if seen.len() >= tried {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            seen.extend(self.canaries.take().await);
        }
        let others = seen.iter().filter(|address| **address != meant).count();
        let unseen = tried.saturating_sub(seen.len());
        if others + unseen > 0 {
            println!("{}: {what:?} dialled {seen:?}", tally.channel);
        }
        tally.inside += others + unseen;
        tally.wanted += seen.len() - others;
    }

    async fn direct(&self) -> Tally {
        let mut tally = Tally::of("HTTP, as host");
        for line in &self.table.inside {
            let before = attempts();
            let problem = channels::direct(&format!("https://{}/", line.text)).await;
            self.nothing(&mut tally, before, &line.text).await;
            assert!(channels::is_refusal(&problem), "{:?}: {problem}", line.text);
        }
        tally
    }

    async fn base_address(&self) -> Tally {
        let mut tally = Tally::of("HTTP, as base address");
        for line in &self.table.inside {
            let before = attempts();
            let problem = channels::direct(&line.text).await;
            self.nothing(&mut tally, before, &line.text).await;
            assert!(channels::is_refusal(&problem), "{:?}: {problem}", line.text);
        }
        tally
    }

    /// A connector can choose the path only.
    async fn path(&self) -> Tally {
        let mut tally = Tally::of("HTTP, as path");
        let call = channels::http("https://8.8.8.8/", &[]).unwrap();
        let meant = "8.8.8.8:443".parse().unwrap();
        for line in &self.table.inside {
            for path in [
                line.text.clone(),
                format!("//{}/x", line.text),
                format!("@{}", line.text),
                format!("/\\{}", line.text),
            ] {
                let before = attempts();
                tally.spellings += 1;
                channels::send(&call, &path).await.unwrap_err();
                self.only(&mut tally, before, meant, &path).await;
            }
        }
        tally
    }

    async fn redirects(&self) -> Tally {
        let mut tally = Tally::of("HTTP, as redirect");
        let grants = ["public.test:80".to_owned()];
        let call = channels::http("http://public.test/", &grants).unwrap();
        let meant = "8.8.4.4:80".parse().unwrap();
        let kinds = [301_u16, 302, 303, 307, 308];
        for (number, line) in self.table.inside.iter().enumerate() {
            let status = kinds[number % kinds.len()];
            let before = attempts();
            tally.spellings += 1;
            let answer = channels::send(&call, &format!("{status}/{number}")).await;
            self.only(&mut tally, before, meant, &line.text).await;
            assert_eq!(answer.unwrap(), status, "{:?}", line.text);
        }
        tally
    }

    /// Names of inside addresses, alone and beside a good one.
    async fn resolved_and_mixed(&self) -> Tally {
        let mut tally = Tally::of("HTTP, as a name's address");
        for (number, target) in self.targets.iter().enumerate() {
            for name in [
                format!("n{number}.name.test"),
                format!("m{number}.mixed.test"),
            ] {
                let before = attempts();
                let problem = channels::direct(&format!("https://{name}/")).await;
                self.nothing(&mut tally, before, &name).await;
                assert_eq!(
                    problem.code,
                    ErrorCode::ConnectionRefused,
                    "{target}: {problem}"
                );
                let told = format!("{problem:?}").contains(&target.to_string());
                assert!(
                    !told || target.to_string().len() < 4,
                    "{target}: {problem:?}"
                );
            }
        }
        tally
    }

    /// Public at the first look, inside at the second; one connection object for both.
    async fn rebinding(&self) -> Tally {
        let mut tally = Tally::of("HTTP, by DNS rebinding");
        let meant: SocketAddr = SocketAddr::new(names::FIRST.parse().unwrap(), 443);
        for (number, target) in self.targets.iter().enumerate() {
            let name = format!("r{number}.rebind.test");
            let call = channels::http(&format!("https://{name}/"), &[]).unwrap();
            let before = attempts();
            tally.spellings += 1;
            channels::send(&call, "x").await.unwrap_err();
            assert_eq!(
                attempts() - before,
                1,
                "{target}: the first address was not dialled"
            );
            // Checked and dialled by the same look-up.
            assert_eq!(
                self.names.asked(&name),
                1,
                "{target}: asked twice for one connection"
            );
            let problem = channels::send(&call, "x").await.unwrap_err();
            self.only(&mut tally, before, meant, &name).await;
            assert_eq!(
                problem.code,
                ErrorCode::ConnectionRefused,
                "{target}: {problem}"
            );
        }
        tally
    }

    async fn sftp(&self, sftp: &channels::Sftp) -> Tally {
        let mut tally = Tally::of("SFTP, as host");
        for line in &self.table.inside {
            let before = attempts();
            assert!(!sftp.check(&line.text).await, "{:?}", line.text);
            self.nothing(&mut tally, before, &line.text).await;
        }
        tally
    }

    async fn sftp_names(&self, sftp: &channels::Sftp) -> Tally {
        let mut tally = Tally::of("SFTP, as a name's address");
        for number in 0..self.targets.len() {
            for name in [
                format!("n{number}.name.test"),
                format!("m{number}.mixed.test"),
            ] {
                let before = attempts();
                assert!(!sftp.check(&name).await, "{name}");
                self.nothing(&mut tally, before, &name).await;
            }
        }
        tally
    }

    async fn sftp_rebinding(&self, sftp: &channels::Sftp) -> Tally {
        let mut tally = Tally::of("SFTP, by DNS rebinding");
        let meant = SocketAddr::new(names::FIRST.parse().unwrap(), 22);
        for (number, target) in self.targets.iter().enumerate() {
            let name = format!("r{number}.again.test");
            let before = attempts();
            tally.spellings += 1;
            assert!(!sftp.check(&name).await, "{name}");
            assert_eq!(
                (attempts() - before, self.names.asked(&name)),
                (1, 1),
                "{target}: checked and dialled by one look-up"
            );
            assert!(!sftp.check(&name).await, "{name}");
            self.only(&mut tally, before, meant, &name).await;
        }
        tally
    }

    /// What is public goes out, to the address that is written beside it.
    async fn controls(&self, sftp: &channels::Sftp) -> Tally {
        let mut tally = Tally::of("controls, HTTP and SFTP");
        for line in &self.table.public {
            let ip: IpAddr = line.address.as_deref().unwrap().parse().unwrap();
            let url = reqwest::Url::parse(&line.base_url()).unwrap();
            let meant = SocketAddr::new(ip, url.port().unwrap_or(443));
            let before = attempts();
            tally.spellings += 1;
            let wanted = tally.wanted;
            let problem = channels::direct(&line.base_url()).await;
            self.only(&mut tally, before, meant, &line.text).await;
            let (text, section) = (&line.text, &line.section);
            assert_eq!(tally.wanted, wanted + 1, "{section}: {text:?}: {problem}");
            if line.plain_host() {
                let before = attempts();
                tally.spellings += 1;
                sftp.check(&line.text).await;
                let meant = SocketAddr::new(ip, 22);
                self.only(&mut tally, before, meant, &line.text).await;
                assert_eq!(tally.wanted, wanted + 2, "SFTP, {section}: {text:?}");
            }
        }
        tally
    }
}
