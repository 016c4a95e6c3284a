//! The walks of `docs/walks`, walked: every command that stands in one is run as it stands there,
//! in its order, with names in the place of words in capitals. A walk that is changed fails here
//! until its steps hold again.

mod at_desk;

use portal_api::Pages;
use records::access::request_id;
use records::record::Event;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::authenticator::Authenticator;
use tests::desk::Desk;
use tests::processes::until;
use tests::{Office, Officer, Official, Running, binary, workspace};

const PROGRAMS: [&str; 5] = ["yinxin", "ca-server", "ra-portal", "agent", "yinxin-verify"];

/// The commands of one walk that are still to be run.
struct Walk {
    name: &'static str,
    lines: VecDeque<String>,
    /// Where they are run.
    home: tempfile::TempDir,
}

impl Walk {
    fn open(name: &'static str) -> Self {
        let path = workspace().join("docs/walks").join(format!("{name}.md"));
        let text = std::fs::read_to_string(path).unwrap();
        let command = |line: &str| {
            let shown = line.strip_prefix("    ")?.trim();
            let first = shown.split(' ').next()?;
            PROGRAMS.contains(&first).then(|| shown.split("  ").next().unwrap().to_owned())
        };
        let lines: VecDeque<String> = text.lines().filter_map(command).collect();
        assert!(!lines.is_empty(), "{name} has no command");
        Self { name, lines, home: tempfile::tempdir().unwrap() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The next command, with names for its words in capitals, and words that only a test needs.
    fn next(&mut self, begins: &str, names: &[(&str, &str)], more: &[&str]) -> Command {
        let line = self.lines.pop_front().unwrap_or_default();
        assert!(line.starts_with(begins), "{}: {line:?} is not {begins:?}", self.name);
        let mut words = line.split(' ').map(|word| {
            let name = names.iter().find(|(placeholder, _)| *placeholder == word);
            name.map_or(word, |(_, name)| name).to_owned()
        });
        let mut command = Command::new(binary(&words.next().unwrap()));
        command.args(words.collect::<Vec<_>>()).args(more).current_dir(self.home.path());
        command.stdin(Stdio::null()).env("XDG_CONFIG_HOME", self.at("config"));
        command.env("XDG_STATE_HOME", self.at("state"));
        command
    }

    /// Runs the next command to its good end; gives what it said.
    fn run(&mut self, begins: &str, names: &[(&str, &str)], more: &[&str]) -> String {
        let done = self.next(begins, names, more).output().unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let error = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{} {begins}: {text}{error}", self.name);
        text
    }

    /// Starts the next command, which stays.
    fn start(&mut self, begins: &str, environment: &[(&str, &Path)]) -> Running {
        let log = std::fs::File::create(self.at("stays.log")).unwrap();
        let mut command = self.next(begins, &[], &[]);
        let command = command.envs(environment.iter().copied()).stdout(Stdio::null());
        Running::new(command.stderr(log).spawn().unwrap())
    }

    /// Takes a person's certificate, key and the trust file along, as the walks name them.
    fn bring(&self, office: &Office, person: &str) {
        for (from, to) in [("pem", "my.pem"), ("key", "my.key"), ("passphrase", "passphrase")] {
            let from = office.path(&format!("people/{person}.{from}"));
            std::fs::copy(from, self.at(to)).unwrap();
        }
        self.trust(office);
    }

    /// The same of somebody who enrolled in this test.
    fn take(&self, office: &Office, own: &Officer) {
        let pem: String = own.chain.iter().map(pki::Certificate::pem).collect();
        std::fs::write(self.at("my.pem"), pem).unwrap();
        tests::write_passphrase(&self.at("passphrase"));
        let phrase = std::fs::read_to_string(self.at("passphrase")).unwrap();
        keys::save(&self.at("my.key"), &own.signer, phrase.trim(), keys::Stretch::Random).unwrap();
        self.trust(office);
    }

    fn trust(&self, office: &Office) {
        std::fs::copy(office.path("ca/trust.json"), self.at("trust.json")).unwrap();
        // Of a letter only the trust file counts here; its code was used long ago.
        let letter = serde_json::json!({
            "v": 1, "reference": "", "code": "", "name": "", "person": "", "profile": "staff",
            "label": "cli", "expires": "2026-11-25T08:00:00Z", "trust": office.trust,
        });
        let bytes = letter.to_string().into_bytes();
        system::file::replace_private(&self.at("letter.json"), &bytes).unwrap();
    }

    /// Opens the desk that the next command starts, looks at a page of it, and ends it.
    async fn desk(&mut self, passphrase: &str, page: &str) -> String {
        let mut desk = Desk::started(self.next("yinxin desk", &[], &["--json"]), passphrase);
        desk.enter().await;
        let seen = desk.get(page).await.text;
        desk.act("/key", "/close", &[]).await;
        seen
    }

    fn is_over(&self) {
        assert!(self.lines.is_empty(), "{}: nobody walks {:?}", self.name, self.lines);
    }
}

/// Nobody is there to be asked.
const ALONE: [&str; 3] = ["--yes", "--passphrase-file", "passphrase"];
const OWN: [&str; 2] = ["--passphrase-file", "passphrase"];

#[tokio::test]
async fn an_official_walks() {
    let office = Office::open().await;
    let mut walk = Walk::open("official");
    // The first half is done in pages, which have tests of their own; its receipt is checked here.
    let (lost, _) = office.official("李丹", "sz-office").await;
    let site = office.public_site();
    let (reference, key) = (&lost.letter.reference, lost.keys.loss_value(&lost.letter.reference));
    let key = records::Bytes::from(key.as_slice()).to_string();
    let form = [("reference", reference.as_str()), ("key", &key), ("confirmed", "yes")];
    let told = site.post("/lost", "", &form).await;
    let receipt = site.get("/lost/receipt.json", &told.cookie()).await;
    std::fs::write(walk.at("receipt.json"), receipt.text).unwrap();
    let written = |official: &Official, name: &str| {
        let bytes = serde_json::to_vec(&official.letter).unwrap();
        system::file::create_private(&walk.at(name), &bytes).unwrap();
    };
    written(&lost, "lost.json");
    let person = office.register("王小明", "sz-office").await;
    let official = office.letter(&person, "official");
    written(&official, "letter.json");
    tests::write_passphrase(&walk.at("passphrase"));
    walk.run("yinxin report-lost --receipt", &[("LETTER", "lost.json")], &[]);
    std::fs::copy(office.path("ca/trust.json"), walk.at("trust.json")).unwrap();
    let said = walk.run("yinxin receipt check", &[], &["--trust", "trust.json"]);
    assert!(said.contains("挂失回执") && said.contains(reference), "{said}");

    let letter = [("LETTER", "letter.json")];
    let enroll = walk.lines.front().cloned().unwrap();
    let said = walk.run("yinxin enroll", &letter, &ALONE);
    assert!(said.contains("0 / 2"), "{said}");
    let records::enrolment::Stage::Awaiting { order, .. } = office.look_up(&official).await.stage
    else {
        panic!("it was not submitted")
    };
    office.approve_by_both(&order).await;
    // As the walk says: run again to collect.
    walk.lines.push_front(enroll);
    walk.run("yinxin enroll", &letter, &[&ALONE[..], &["--wait", "60"]].concat());
    assert!(walk.at("my.pem").exists());
    let early = walk.next("yinxin renew", &[], &OWN).output().unwrap();
    let said = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(!early.status.success() && said.contains("尚未到可以续期的时间"), "{said}");
    let said = walk.run("yinxin suspend --letter", &letter, &["--yes"]);
    assert!(said.contains("已冻结"), "{said}");
    let said = walk.run("yinxin report-lost --letter", &letter, &["--yes"]);
    assert!(said.contains("已吊销"), "{said}");
    walk.is_over();
}

#[tokio::test]
async fn an_officer_walks() {
    let office = Office::open().await;
    let mut walk = Walk::open("officer");
    walk.bring(&office, "officer-1");
    walk.run("yinxin context add", &[("LETTER", "letter.json")], &OWN);
    let said = walk.run("yinxin whoami", &[], &[]);
    assert!(said.contains("陈登记"), "{said}");
    let apply = async |name: &str| {
        let person = office.register(name, "sz-office").await;
        office.apply(&office.letter(&person, "official")).await
    };
    let order = apply("王小明").await;
    let seen = walk.desk("", &format!("/orders/{order}")).await;
    assert!(seen.contains("王小明"), "{seen}");
    walk.run("yinxin approve", &[("ORDER", &order)], &["--yes"]);
    office.approve(&office.first("officer-2"), &order).await.unwrap();
    office.carried_out(&order).await;
    for name in ["陈一", "陈二"] {
        let create = ["person", "create", "--name", name, "--unit", "sz-office"];
        office.draft(&[&create[..], &["--evidence", "任命文件"]].concat());
    }
    let said = walk.run("yinxin batch person create", &[], &["--json"]);
    let made: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(made["count"], 2, "{said}");
    let batch = made["order"].as_str().unwrap();
    // Of a batch so small every order has to be opened, and is named.
    let export = office.staff(&office.first("officer-1")).fetch(batch).await.unwrap();
    let read = export.open(&office.trust, service::Clock::system().seconds()).unwrap();
    let opened = read.rows().iter().flat_map(|row| ["--opened", &*row.order().order]);
    let more: Vec<&str> = ["--yes"].into_iter().chain(opened).collect();
    let said = walk.run("yinxin approve", &[("ORDER", batch)], &more);
    assert!(said.contains("陈一") && said.contains("陈二"), "{said}");
    let reason = ("REASON", "登记的单位不对");
    walk.run("yinxin return", &[("ORDER", &apply("李丹").await), reason], &["--yes"]);
    walk.run("yinxin reject", &[("ORDER", &apply("张建国").await), reason], &["--yes"]);
    let (_, collected) = office.official("刘洋", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let names = [("SERIAL", serial.as_str()), ("TEXT", "本人电话报告")];
    let said = walk.run("yinxin revoke", &names, &["--yes"]);
    assert!(said.contains("yinxin approve"), "{said}");
    let said = walk.run("yinxin suspend", &names, &["--yes"]);
    assert!(said.contains("已冻结"), "{said}");

    let passkey = Authenticator::new(&office);
    let (data, client) = passkey.created(&office.first("officer-1"));
    let saved = serde_json::json!({
        "v": 1, "origin": office.trust.portal_staff,
        "authenticator_data": records::Bytes(data), "client_data": records::Bytes(client),
    });
    std::fs::write(walk.at("passkey.json"), saved.to_string()).unwrap();
    let said = walk.run("yinxin passkey certify", &[], &["--yes"]);
    assert!(said.contains("yinxin approve"), "{said}");
    walk.is_over();
}

const ROSTER: &str = "姓名,证件号,单位,邮箱,核验依据\n\
    陈一,11010519491231002X,sz-office,,\n\
    陈二,611002199001010015,sz-office,,录用文件\n";

#[tokio::test]
async fn a_handler_walks() {
    let office = Office::open().await;
    let mut walk = Walk::open("handler");
    let applied = office.register_officer("陈经办", "unit-handler", "sz-office").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let own = office.officer(applied, &collected);
    walk.take(&office, &own);
    walk.run("yinxin context add", &[("LETTER", "letter.json")], &OWN);
    assert!(walk.run("yinxin whoami", &[], &[]).contains("陈经办"));

    let names = [("NAME", "李丹"), ("UNIT", "sz-office"), ("TEXT", "录用文件")];
    walk.run("yinxin draft person create", &names, &["--yes"]);
    let made = office.staff(&own).drafts(&mut Pages::begin()).await.unwrap().orders.remove(0);
    let export = office.staff(&office.first("officer-1")).fetch(&made.name).await.unwrap();
    let read = export.open(&office.trust, service::Clock::system().seconds()).unwrap();
    let person = read.body().person().unwrap().to_owned();
    office.approve_by_both(&made.name).await;
    office.carried_out(&made.name).await;
    let said = walk.run("yinxin draft list", &[], &[]);
    assert!(said.contains("李丹"), "{said}");

    let of = [("PERSON", person.as_str()), ("NAME", "李丹丹"), ("UNIT", "sz-finance")];
    let of = [&of[..], &[("TEXT", "调令")]].concat();
    walk.run("yinxin draft letter", &of, &["--yes"]);
    walk.run("yinxin draft person correct", &of, &["--yes"]);
    walk.run("yinxin draft person move", &of, &["--yes"]);
    walk.run("yinxin draft person leave", &of, &["--yes"]);
    let leaving = async || {
        let drafts = office.staff(&own).drafts(&mut Pages::begin()).await.unwrap().orders;
        drafts.into_iter().find(|draft| draft.action == "leave")
    };
    until("the leaving is seen", async || leaving().await.is_some()).await;
    let order = leaving().await.unwrap().name;
    walk.run("yinxin withdraw", &[("ORDER", &order)], &["--yes"]);
    let is_back = async || leaving().await.is_some_and(|draft| draft.state == "withdrawn");
    until("it is taken back", is_back).await;
    std::fs::write(walk.at("roster.csv"), ROSTER).unwrap();
    let said = walk.run("yinxin draft roster", &names, &["--yes", "--json"]);
    let made: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let batch = made["order"].as_str().unwrap();
    office.approve_by_both(batch).await;
    let said = walk.run("yinxin draft letters", &[("ORDER", batch)], &["--yes", "--json"]);
    let made: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(made["letters"].as_array().map(Vec::len), Some(2), "{said}");
    let (_, collected) = office.official("刘洋", "sz-office").await;
    let serial = pki::Certificate::read(&collected.chain[0].0).unwrap().serial().to_string();
    let said = walk.run("yinxin suspend", &[("SERIAL", &serial), ("TEXT", "本人来电")], &["--yes"]);
    assert!(said.contains("已冻结"), "{said}");
    walk.is_over();
}

#[tokio::test]
async fn an_owner_walks() {
    let office = Office::open().await;
    let mut walk = Walk::open("owner");
    let ca = office.path("ca").display().to_string();
    let gate = office.path("gate").display().to_string();
    let names = [("U", "sz-office"), ("A", "exchange"), ("H", "localhost")];
    let state = ["--state", ca.as_str(), "--json"];
    let made = walk.run("ca-server agent register", &names, &state);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    office.approve_by_security(made["order"].as_str().unwrap()).await;
    let at = |offset| format!("127.0.0.1:{}", office.port(offset));
    let (listen, admin) = (at(12), at(13));
    let more = ["--state", &gate, "--listen", &listen, "--admin", &admin];
    walk.run("agent join", &[("JOINFILE", made["letter"].as_str().unwrap())], &more);
    let (person, _) = office.official("王小明", "sz-office").await;
    let _stays = walk.start("agent serve", &[("YINXIN_AGENT", Path::new(&gate))]);
    let person = person.letter.person;
    let kept = office.path("gate/world/people.json");
    until("the gate knows the person", async || {
        std::fs::read(&kept).is_ok_and(|bytes| {
            let signed: records::people::SignedPeople = serde_json::from_slice(&bytes).unwrap();
            String::from_utf8_lossy(&signed.snapshot.0).contains(&person)
        })
    })
    .await;
    let access = workspace().join("policies/access").display().to_string();
    let rules = [("policies/access", access.as_str())];
    let made = walk.run("ca-server bundle", &rules, &state);
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    office.approve_by_security(made["order"].as_str().unwrap()).await;
    let explain = ["--state", gate.as_str()];
    let said = walk.run("agent policy explain", &[("PERSON", &person)], &explain);
    assert!(said.contains('✓'), "{said}");
    walk.is_over();
}

#[tokio::test]
async fn an_auditor_walks() {
    let mut office = Office::open().await;
    let gate = office.gate().await;
    let official = office.gate_official("王小明", "sz-office").await;
    let (status, _) = gate.get(&office, &official, "/documents/sz-office/2026-001").await;
    assert_eq!(status, 200);
    let mut request = String::new();
    until("the decision is in the log", async || {
        let decided = office.access().await.into_iter().find_map(|record| {
            let link = record.link.clone()?;
            matches!(record.event, Event::Decision(_))
                .then(|| request_id(tests::gate::AGENT, &link.epoch, link.aseq))
        });
        request = decided.unwrap_or_default();
        !request.is_empty()
    })
    .await;
    let mut walk = Walk::open("auditor");
    walk.bring(&office, "auditor");
    walk.run("yinxin context add", &[("LETTER", "letter.json")], &OWN);
    let seen = walk.desk("", &format!("/audit?log=access&who={}", official.person)).await;
    assert!(seen.contains("审计检索") && !seen.contains("class=\"problem\""), "{seen}");
    let search = walk.lines.front().cloned().unwrap();
    until("the index has it", async || {
        walk.lines[0].clone_from(&search);
        let said = walk.run("yinxin audit search", &[("PERSON", &official.person)], &[]);
        walk.lines.push_front(search.clone());
        said.contains("2026-001") && said.contains(&request)
    })
    .await;
    walk.lines.pop_front();
    walk.run("yinxin audit search --log access --kind read", &[], &[]);
    walk.run("yinxin audit export", &[("NAME", &request)], &[]);
    let said = walk.run("yinxin-verify", &[], &[]);
    assert!(said.contains('✓'), "{said}");
    walk.is_over();
}

#[tokio::test]
async fn an_operator_walks() {
    let mut office = Office::founded();
    let mut walk = Walk::open("operator");
    // A city of its own needs a database of its own; what is run afterwards is the office's.
    let other = office.plan_of_another();
    let (other, state) = (other.display().to_string(), office.path("other").display().to_string());
    walk.run("ca-server init", &[("plan.toml", &other)], &["--state", &state]);
    let ca = office.path("ca");
    let portal = office.path("portal.toml").display().to_string();
    let environment = [("YINXIN_CA", ca.as_path())];
    let mut stays = Vec::new();
    for role in ["issuer", "status", "log", "notices"] {
        stays.push(walk.start(&format!("ca-server serve {role}"), &environment));
    }
    for process in ["public", "staff"] {
        let begins = format!("ra-portal --config portal.toml serve {process}");
        let line = walk.lines.front_mut().unwrap();
        *line = line.replace("portal.toml", &portal);
        stays.push(walk.start(&begins.replace("portal.toml", &portal), &[]));
    }
    for name in ["issuer", "status", "log", "notices", "portal-public", "portal-staff"] {
        let admin = office.admin(name);
        until("it is ready", async || {
            admin.get("/readyz").await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }
    let ca = ca.display().to_string();
    let state = ["--state", ca.as_str()];
    let leader = office.first("system").person;
    let (unit, mail) = (("UNIT", "sz-office"), ("MAIL", "ops@acme.test"));
    let names = [("NAME", "网站"), unit, ("PERSON", leader.as_str()), mail];
    let said = walk.run("ca-server system register", &names, &state);
    let file = said.lines().find_map(|line| line.strip_prefix("系统文件 / system file: "));
    let file = file.unwrap_or_else(|| panic!("{said}"));
    let said = walk.run("ca-server system setup", &[("FILE", file)], &state);
    assert!(said.contains("--eab-hmac-key") && !Path::new(file).exists(), "{said}");
    for system in ["portal-scep --profile scep", "printer-7 --profile device"] {
        let said = walk.run(&format!("ca-server system register {system} "), &names, &state);
        assert!(said.contains("系统文件 / system file: "), "{said}");
    }
    let said = walk.run("ca-server status", &[], &state);
    assert!(said.contains("日志 / log: control"), "{said}");
    walk.run("ca-server doctor", &[], &state);
    walk.run("ca-server doctor --confirm-clock", &[], &state);
    let person = office.register("王小明", "sz-office").await;
    let said = walk.run("ca-server letter", &[("PERSON", &person)], &state);
    let made = said.lines().find_map(|line| line.strip_prefix("编号 / reference: ")).unwrap();
    let other = office.ca_json(&["letter", &person]);
    let other = other["reference"].as_str().unwrap();
    walk.run("ca-server letter void", &[("REFERENCE", made)], &state);
    let said = walk.run("ca-server letter replace", &[("REFERENCE", other)], &state);
    assert!(said.contains(&format!("已作废 / voided: {other}")), "{said}");
    walk.run("ca-server letter print --out", &[], &state);
    walk.run("ca-server letter print --since", &[("DAY", "2026-01-01")], &state);
    walk.run("ca-server renew issuer", &[], &state);
    let said = walk.run("ca-server notice test", &[("ADDRESS", "wang@shangluo.example")], &state);
    assert!(said.contains("spool"), "{said}");
    walk.is_over();
    drop(stays);
    // With the renewed key in place everything starts again.
    office.start_all().await;
}

/// A file that is written before a city is founded, as its page has it.
pub(crate) fn file_of_founding(name: &str) -> String {
    let text = std::fs::read_to_string(workspace().join("docs/founding.md")).unwrap();
    let (_, begins) = text.split_once(&format!("```toml\n# {name}\n")).unwrap();
    begins.split("```").next().unwrap().to_owned()
}

/// Both files of a founding are read as their page has them, and speak of the same hosts and ports;
/// `commands` founds a city by the plan.
#[test]
fn what_is_written_for_a_founding_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, file_of_founding(name)).unwrap();
        path
    };
    ca_server::founding::CityPlan::read(&written("plan.toml")).map(drop).unwrap();
    let portal = ra_portal::PortalConfig::read(&written("portal.toml")).unwrap();
    let plan: toml::Table = toml::from_str(&file_of_founding("plan.toml")).unwrap();
    let hosts: Vec<&str> = plan["service"][0]["key"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["hosts"][0].as_str().unwrap())
        .collect();
    let machines = portal.machines().unwrap().host.as_str();
    assert_eq!(hosts, [portal.public.host.as_str(), portal.staff.host.as_str(), machines]);
    let port = |address: &str| address.rsplit(':').next().unwrap().to_owned();
    let plan_says = |role: &str, key: &str| port(plan[role][key].as_str().unwrap());
    assert_eq!(port(&portal.issuer), plan_says("issuer", "listen"));
    assert_eq!(port(&portal.log), plan_says("log", "https"));
    assert_eq!(portal.log, plan["addresses"]["log"].as_str().unwrap());
    assert_eq!(portal.staff.listen.port().to_string(), plan_says("addresses", "portal_staff"));
}

/// Pictures in walks and README are those that the look at every page makes.
#[test]
fn pictures_are_made_by_the_look_at_every_page() {
    let screenshots = workspace().join("tests/browser/page_screenshots.mjs");
    let screenshots = std::fs::read_to_string(screenshots).unwrap();
    let list = screenshots.split("const shown = [").nth(1).unwrap().split(';').next().unwrap();
    let mut any = 0;
    let mut texts = vec![workspace().join("README.md")];
    for entry in std::fs::read_dir(workspace().join("docs/walks")).unwrap() {
        texts.push(entry.unwrap().path());
    }
    for path in texts {
        let text = std::fs::read_to_string(&path).unwrap();
        for shown in text.split("pictures/").skip(1) {
            let file = shown.split(')').next().unwrap();
            let name = file.trim_end_matches(".png").trim_end_matches(".zh-CN");
            assert!(list.contains(&format!("\"{name}\"")), "{}: {file}", path.display());
            assert!(workspace().join("docs/pictures").join(file).exists(), "{file}");
            any += 1;
        }
    }
    assert!(any >= 15, "{any} pictures");
}
