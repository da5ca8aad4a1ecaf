//! A real SAP CAP server with OData V4 and V2 (npm packages `@sap/cds` and its V2 adapter) over SQLite,
//! with sample orders. It needs Node.js 22: the machine's own, or that of the npm package `node`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::fetched::{self, Process, once, run};

const PACKAGE: &str = include_str!("package.json");
/// Orders that share an instant.
pub const TIES: usize = 50;

/// A running server; user `alice` may read and change, `bob` may not read.
pub struct Cap {
    /// of the V4 service
    pub v4: String,
    /// of the V2 service
    pub v2: String,
    /// `host:port`
    pub place: String,
    _process: Process,
    _folder: TempDir,
}

impl Cap {
    /// Starts a server with that many orders, of one to four items each.
    ///
    /// # Errors
    /// When Node.js or the packages cannot be had, or the server does not start.
    pub fn start(orders: usize) -> anyhow::Result<Self> {
        let node = node()?;
        let packages = once("cap-10.1.1", |folder| {
            std::fs::write(folder.join("package.json"), PACKAGE)?;
            npm(folder, &["install", "--no-audit", "--no-fund"])
        })?;
        let folder = tempfile::tempdir()?;
        let path = folder.path();
        std::os::unix::fs::symlink(packages.join("node_modules"), path.join("node_modules"))?;
        for sub in ["db/data", "srv"] {
            std::fs::create_dir_all(path.join(sub))?;
        }
        for (name, text) in [
            ("package.json", PACKAGE),
            ("server.js", include_str!("server.js")),
            ("db/schema.cds", include_str!("schema.cds")),
            ("srv/orders-service.cds", include_str!("orders-service.cds")),
        ] {
            std::fs::write(path.join(name), text)?;
        }
        fill(&path.join("db/data"), orders)?;
        let command = |script: &str| {
            let mut command = Command::new(&node);
            command
                .arg(packages.join("node_modules").join(script))
                .current_dir(path);
            command
        };
        run(&mut command(".bin/cds-deploy"))?;
        let port = fetched::free_port()?;
        let mut serve = command("@sap/cds/bin/serve.js");
        serve.arg("all").env("PORT", port.to_string());
        let process = Process::start(&mut serve, port, path.join("server.log"))?;
        Ok(Self {
            v4: format!("http://127.0.0.1:{port}/odata/v4/sales/"),
            v2: format!("http://127.0.0.1:{port}/odata/v2/sales/"),
            place: format!("127.0.0.1:{port}"),
            _process: process,
            _folder: folder,
        })
    }

    /// Changes an order as a person would; the server dates it.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn change(&self, number: usize, what: &Value) -> anyhow::Result<()> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}Orders({})", self.v4, id_of(number));
        let request = http
            .patch(url)
            .basic_auth("alice", Some("alice-secret"))
            .json(what);
        let response = request.send().await?;
        let status = response.status();
        let said = response.text().await?;
        anyhow::ensure!(status.is_success(), "{status} {said}");
        Ok(())
    }
}

/// The id of an order: no order of numbers is the order of ids.
#[must_use]
pub fn id_of(number: usize) -> String {
    let mixed = (number as u32).wrapping_mul(2_654_435_761);
    format!("{mixed:08x}-0000-4000-8000-{number:012x}")
}

/// Items of an order.
#[must_use]
pub fn items_of(number: usize) -> usize {
    1 + number % 4
}

/// Writes what the server loads at its first start.
fn fill(folder: &Path, orders: usize) -> anyhow::Result<()> {
    let mut customers = String::from("ID,name,taxId,country,postalCode,city,street,modifiedAt\n");
    for number in 1..=50 {
        writeln!(
            customers,
            "{number},Customer {number},US{number:07},US,98101,Seattle,{number} Pike St,2025-01-01T00:00:00.000Z"
        )?;
    }
    let mut products = String::from("sku,title,taxCode,price\n");
    for number in 0..100 {
        writeln!(
            products,
            "SKU-{number:04},Widget {number},P0000000,{}.10",
            5 + number
        )?;
    }
    let mut heads =
        String::from("ID,orderNo,customer_ID,currency,orderDate,total,createdAt,modifiedAt\n");
    let mut items = String::from("up__ID,pos,product_sku,quantity,price,amount\n");
    for number in 0..orders {
        let id = id_of(number);
        let (minute, second) = (number / TIES / 60, number / TIES % 60);
        let at = format!("2025-03-01T10:{minute:02}:{second:02}.123Z");
        let count = items_of(number);
        writeln!(
            heads,
            "{id},SO{number:06},{},USD,2025-03-01,{count}0.10,{at},{at}",
            number % 50 + 1
        )?;
        for item in 1..=count {
            writeln!(
                items,
                "{id},{},SKU-{:04},{item}.500,10.00,10.00",
                item * 10,
                (number + item) % 100
            )?;
        }
    }
    for (name, text) in [
        ("Customers", customers),
        ("Products", products),
        ("Orders", heads),
        ("Orders.items", items),
    ] {
        std::fs::write(folder.join(format!("sap.e2e-{name}.csv")), text)?;
    }
    Ok(())
}

/// Node.js 22 or newer.
fn node() -> anyhow::Result<PathBuf> {
    if is_new_enough(Path::new("node")) {
        return Ok(PathBuf::from("node"));
    }
    let folder = once("node-24", |folder| {
        std::fs::write(folder.join("package.json"), "{\"private\": true}")?;
        npm(folder, &["install", "--no-audit", "--no-fund", "node@24"])
    })?;
    let node = folder.join("node_modules/node/bin/node");
    anyhow::ensure!(
        is_new_enough(&node),
        "the npm package node@24 has no program that runs here; install Node.js 22 or newer"
    );
    Ok(node)
}

fn is_new_enough(node: &Path) -> bool {
    let version = Command::new(node)
        .arg("--version")
        .stderr(Stdio::null())
        .output();
    version.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let major = text
            .trim_start_matches('v')
            .split('.')
            .next()
            .unwrap_or_default();
        major.parse::<u32>().is_ok_and(|major| major >= 22)
    })
}

fn npm(folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    run(Command::new("npm").args(arguments).current_dir(folder))
}
