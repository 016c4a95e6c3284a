//! What operators, officers and officials do, through the same binaries that they use.

use crate::city::{City, Person};
use crate::tool;
use anyhow::Context;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long an order may take to be carried out, in looks.
const LOOKS_MAX: usize = 400;
const LOOK: Duration = Duration::from_millis(25);

/// Acts for the people of a city.
pub(crate) struct Actor {
    folder: PathBuf,
    city: City,
    officers: Vec<Person>,
    security: Vec<Person>,
}

/// A few random letters that make names fresh.
pub(crate) fn suffix() -> anyhow::Result<String> {
    Ok(data_encoding::HEXLOWER.encode(&system::random::bytes::<3>()?))
}

impl Actor {
    /// For the city in `folder`.
    pub(crate) fn new(folder: &Path) -> anyhow::Result<Self> {
        let city = City::read(folder)?;
        let officers = city.holders("registration-officer").cloned().collect();
        let security = city.holders("security-administrator").cloned().collect();
        Ok(Self { folder: folder.to_owned(), city, officers, security })
    }

    /// Registers a person by an order that both officers approve; gives the person id.
    pub(crate) fn register(&self, name: &str, unit: &str) -> anyhow::Result<String> {
        let drafted = tool::json(tool::ca_server(&self.folder)?.args([
            "person",
            "create",
            "--name",
            name,
            "--unit",
            unit,
            "--evidence",
            "任命文件与身份证原件已核对 / appointment and identity card seen",
        ]))?;
        let text = |key: &str| tool::text(&drafted, key);
        self.approve_online(&text("order"), 0)?;
        self.approve_online(&text("order"), 1)?;
        self.carried_out(&text("order"))?;
        Ok(text("person"))
    }

    /// Waits until an order is done.
    pub(crate) fn carried_out(&self, order: &str) -> anyhow::Result<()> {
        for _ in 0..LOOKS_MAX {
            let shown = tool::json(tool::ca_server(&self.folder)?.args(["order", "show", order]))?;
            if tool::text(&shown, "state") == "done" {
                return Ok(());
            }
            pause();
        }
        anyhow::bail!("order {order} is not carried out; next: ca-server doctor")
    }

    /// Makes a letter and carries it away as its printer would, to a folder of the sample city's
    /// own: the CA shreds its copy once the letter is used. Gives where it lies now.
    pub(crate) fn letter(&self, person: &str, profile: &str) -> anyhow::Result<PathBuf> {
        let made = tool::json(tool::ca_server(&self.folder)?.args([
            "letter",
            person,
            "--profile",
            profile,
        ]))?;
        let made = PathBuf::from(tool::text(&made, "letter"));
        let carried = self.folder.join("letters").join(made.file_name().context("letter")?);
        std::fs::create_dir_all(self.folder.join("letters"))?;
        for end in ["html", "json"] {
            let text = std::fs::read(made.with_extension(end))?;
            system::file::create_private(&carried.with_extension(end), &text)?;
        }
        Ok(carried)
    }

    /// Applies with a letter; gives the order's id.
    pub(crate) fn submit(&self, letter: &Path, to: &Path) -> anyhow::Result<String> {
        tool::write_passphrase(&to.with_extension("passphrase"))?;
        let said = tool::json(&mut self.enroll(letter, to)?)?;
        Ok(tool::text(&said, "order"))
    }

    /// Collects the certificate; the key is written in clear beside it, for plain clients.
    pub(crate) fn collect(&self, letter: &Path, to: &Path) -> anyhow::Result<Value> {
        let said = tool::json(self.enroll(letter, to)?.args(["--wait", "30"]))?;
        let passphrase = keys::passphrase_from_file(&to.with_extension("passphrase"))?;
        let key = keys::open(&to.with_extension("sealed.key"), &passphrase)?;
        keys::save_plain(&to.with_extension("key"), &key)?;
        Ok(said)
    }

    fn enroll(&self, letter: &Path, to: &Path) -> anyhow::Result<Command> {
        let mut command = tool::yinxin()?;
        command
            .args(["enroll", "--yes", "--letter"])
            .arg(letter)
            .arg("--key")
            .arg(to.with_extension("sealed.key"))
            .arg("--out")
            .arg(to.with_extension("pem"))
            .arg("--passphrase-file")
            .arg(to.with_extension("passphrase"));
        Ok(command)
    }

    /// An officer approves through the portal.
    pub(crate) fn approve_online(&self, order: &str, officer: usize) -> anyhow::Result<()> {
        let mut command = self.approve(officer)?;
        tool::json(command.args([order, "--yes"])).map(|_| ())
    }

    /// An officer approves an exported order; the CA host takes the file.
    pub(crate) fn approve_offline(&self, order: &str, officer: usize) -> anyhow::Result<()> {
        let export = self.folder.join(format!("demo/{order}.order.json"));
        let approval = self.folder.join(format!("demo/{order}.approval.json"));
        tool::run(
            tool::ca_server(&self.folder)?.args(["order", "export", order, "--out"]).arg(&export),
        )?;
        let mut command = self.approve(officer)?;
        tool::json(command.arg("--order").arg(&export).arg("--out").arg(&approval).arg("--yes"))?;
        tool::run(
            tool::ca_server(&self.folder)?.args(["order", "import-approval"]).arg(&approval),
        )?;
        Ok(())
    }

    /// Both security administrators approve through the portal, and the order is carried out.
    pub(crate) fn approve_by_security(&self, order: &str) -> anyhow::Result<()> {
        for administrator in &self.security {
            let mut command = self.approve_as(administrator)?;
            tool::json(command.args([order, "--yes"]))?;
        }
        self.carried_out(order)
    }

    fn approve(&self, officer: usize) -> anyhow::Result<Command> {
        self.approve_as(self.officers.get(officer).context("no such officer")?)
    }

    fn approve_as(&self, officer: &Person) -> anyhow::Result<Command> {
        let path = |place: &Option<String>| -> anyhow::Result<PathBuf> {
            Ok(self.folder.join(place.as_deref().context("place")?))
        };
        let mut command = tool::yinxin()?;
        command
            .arg("approve")
            .arg("--trust")
            .arg(self.folder.join(&self.city.trust_file))
            .arg("--cert")
            .arg(path(&officer.cert)?)
            .arg("--key")
            .arg(path(&officer.key)?)
            .arg("--passphrase-file")
            .arg(path(&officer.passphrase_file)?);
        Ok(command)
    }

    /// Brings key and certificate into a form for browsers.
    pub(crate) fn export(&self, to: &Path) -> anyhow::Result<()> {
        tool::write_passphrase(&to.with_extension("p12.password"))?;
        tool::run(
            tool::yinxin()?
                .args(["cert", "export", "--p12"])
                .arg(to.with_extension("p12"))
                .arg("--password-file")
                .arg(to.with_extension("p12.password"))
                .arg("--cert")
                .arg(to.with_extension("pem"))
                .arg("--key")
                .arg(to.with_extension("sealed.key"))
                .arg("--passphrase-file")
                .arg(to.with_extension("passphrase")),
        )?;
        Ok(())
    }

    /// Reports a loss; gives the serial numbers of the receipt.
    pub(crate) fn report_lost(&self, letter: &Path, out: &Path) -> anyhow::Result<Vec<String>> {
        let said = tool::json(
            tool::yinxin()?
                .args(["report-lost", "--yes", "--letter"])
                .arg(letter)
                .arg("--out")
                .arg(out),
        )?;
        let serials = said.get("serials").and_then(Value::as_array).context("serials")?;
        Ok(serials.iter().filter_map(|serial| serial.as_str().map(str::to_owned)).collect())
    }
}

impl Actor {
    /// An auditor's command, with their certificate.
    pub(crate) fn audit(&self, words: &[&str]) -> anyhow::Result<Command> {
        let auditor = self.city.holders("auditor").next().context("no auditor")?;
        let path = |place: &Option<String>| -> anyhow::Result<PathBuf> {
            Ok(self.folder.join(place.as_deref().context("place")?))
        };
        let mut command = tool::yinxin()?;
        command
            .arg("audit")
            .args(words)
            .arg("--trust")
            .arg(self.folder.join(&self.city.trust_file))
            .arg("--cert")
            .arg(path(&auditor.cert)?)
            .arg("--key")
            .arg(path(&auditor.key)?)
            .arg("--passphrase-file")
            .arg(path(&auditor.passphrase_file)?);
        Ok(command)
    }
}

fn pause() {
    #[expect(clippy::disallowed_methods, reason = "polls a running system from outside")]
    std::thread::sleep(LOOK);
}
