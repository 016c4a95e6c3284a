//! What people type who care for others: officers who suspend, handlers who draft and take back.

use super::printed::FILLED;
use super::scene::{PASSPHRASE, Scene};
use super::typed::{Left, behind, filled, says};
use std::process::Command;
use tests::binary;

/// The context of a handler of an office, who is appointed for the first of these commands.
async fn handler(scene: &Scene, left: &mut Left) -> &'static str {
    const CONTEXT: &str = "handler";
    if left.has_handler {
        return CONTEXT;
    }
    let office = &scene.office;
    let applied = office.register_officer("何经办", "unit-handler", "sz-office").await;
    let order = office.apply(&applied).await;
    office.approve_by_both(&order).await;
    let collected = office.collect(&applied).await;
    let officer = office.officer(applied, &collected);
    let home = scene.home();
    let pem: String = officer.chain.iter().map(pki::Certificate::pem).collect();
    std::fs::write(home.join("my.pem"), pem).unwrap();
    keys::save(&home.join("my.key"), &officer.signer, PASSPHRASE, keys::Stretch::Random).unwrap();
    let mut add = Command::new(binary("yinxin"));
    add.args(["context", "add", CONTEXT, "--cert", "my.pem", "--key", "my.key", "--trust"]);
    add.arg(office.path("ca/trust.json")).current_dir(&home);
    let done = add.env("XDG_CONFIG_HOME", scene.contexts()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    left.has_handler = true;
    CONTEXT
}

/// By the letter of a certificate, or by an officer of its holder's county.
pub(super) fn suspend(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let own = text.contains("--letter").then(|| left.holders.pop().ok_or("nobody enrolled"));
    let own = own.transpose()?;
    let (holder, who) = match &own {
        Some(holder) => (holder, ""),
        None => (left.cared_for()?, "sample-officer"),
    };
    let serial = holder.serial.clone();
    let serial = serial.as_str();
    let names = [
        ("LETTER", "letter.json"),
        ("SERIAL", serial),
        ("018e9a4c70f3b5d2018e9a4c70f3b5d2018e", serial),
        ("--evidence", "本人电话报告"),
        (FILLED, serial),
        ("…", "本人电话报告"),
    ];
    says(scene.types(&holder.home, who, &filled(text, &names)), serial)?;
    left.suspended = Some(serial.to_owned());
    Ok(())
}

/// Of what somebody else suspended.
pub(super) async fn draft_release(
    scene: &Scene,
    left: &mut Left,
    text: &str,
) -> Result<(), String> {
    let who = handler(scene, left).await;
    let serial = left.suspended.clone().ok_or("nobody is suspended")?;
    let names = [
        ("SERIAL", serial.as_str()),
        ("018e9a4c70f3b5d2018e9a4c70f3b5d2018e", &serial),
        ("TEXT", "核实无误"),
        ("--evidence", "核实无误"),
        (FILLED, &serial),
        ("…", "核实无误"),
    ];
    says(scene.types(&scene.home(), who, &filled(text, &names)), "yinxin withdraw ").map(drop)
}

/// Somebody on leave, and who acts for them from now on; what is ended was granted before.
pub(super) async fn draft_delegation(
    scene: &Scene,
    left: &mut Left,
    text: &str,
) -> Result<(), String> {
    let who = handler(scene, left).await;
    let (office, home) = (&scene.office, scene.home());
    let absent = office.register("张请假", "sz-office").await;
    let role = "registration-officer";
    let (order, _) = office.draft(&["role", "grant", &absent, role, "--scope", "sz-office"]);
    office.approve_by_security(&order).await;
    let deputy = office.register("李代理", "sz-office").await;
    let (from, until) = (tests::now(), tests::now() + 86_400);
    let (from, until) = (records::time::seconds(from), records::time::seconds(until));
    let names = [
        ("--absent", absent.as_str()),
        ("--role", role),
        ("--scope", "sz-office"),
        ("--from", &from),
        ("--until", &until),
        (FILLED, &deputy),
    ];
    if text.contains("delegation withdraw") {
        let grant = text.replace("delegation withdraw", "delegation grant");
        let said = scene.types(&home, who, &filled(&grant, &names))?;
        let order = behind(&said, "yinxin withdraw ")?;
        office.approve_by_security(order.split(' ').next().unwrap_or_default()).await;
    }
    says(scene.types(&home, who, &filled(text, &names)), "yinxin withdraw ").map(drop)
}

pub(super) fn release(scene: &Scene, left: &Left, text: &str) -> Result<(), String> {
    let serial = left.suspended.as_deref().ok_or("nobody is suspended")?;
    let names = [("SERIAL", serial), ("TEXT", "核实无误")];
    says(scene.operates(&filled(text, &names)), "0 / 2").map(drop)
}

/// Of a person whom the handler may draft for.
pub(super) async fn draft(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let who = handler(scene, left).await;
    if text == "yinxin draft list" {
        return scene.types(&scene.home(), who, &filled(text, &[])).map(drop);
    }
    let person = scene.office.register("周经办", "sz-office").await;
    let names = [
        ("--name", "周 经办"),
        ("--unit", "sz-office"),
        ("--mail", ""),
        ("--evidence", "任命文件"),
        ("--profile", "official"),
        ("0123456789ABCDEF", person.as_str()),
        ("PERSON", &person),
        (FILLED, &person),
    ];
    let moves = text.starts_with("yinxin draft person move");
    let mut words = filled(text, &names);
    if moves {
        // Where somebody is already, nobody is moved to.
        let unit = words.iter_mut().find(|word| *word == "sz-office").ok_or("no unit")?;
        "sz-finance".clone_into(unit);
    }
    says(scene.types(&scene.home(), who, &words), "yinxin withdraw ").map(drop)
}

/// One person in a file beside whoever types.
pub(super) async fn draft_roster(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let who = handler(scene, left).await;
    let home = scene.home();
    // Nobody is registered twice.
    let people = ["周名册,11010519491231002X", "周二册,611002199001010015"];
    let person = people.get(left.rosters.len()).ok_or("more rosters than people")?;
    let roster = format!("姓名,证件号,单位\n{person},sz-office\n");
    std::fs::write(home.join("roster.csv"), roster).unwrap();
    let names = [("TEXT", "录用文件"), ("FILE", "roster.csv")];
    let said = scene.types(&home, who, &filled(text, &names))?;
    left.rosters.push(behind(&said, "batch: ")?);
    Ok(())
}

/// Somebody with a certificate, in a table beside whoever types.
pub(super) async fn draft_changes(
    scene: &Scene,
    left: &mut Left,
    text: &str,
) -> Result<(), String> {
    let who = handler(scene, left).await;
    let home = scene.home();
    let (official, _) = scene.office.official("周变动", "sz-office").await;
    let person = &official.letter.person;
    let table = format!("人员编号,姓名,调往单位,吊销原因\n{person},周变动,sz-finance,superseded\n");
    std::fs::write(home.join("changes.csv"), table).unwrap();
    let names = [("TEXT", "变动清单"), ("FILE", "changes.csv")];
    says(scene.types(&home, who, &filled(text, &names)), "batch: ").map(drop)
}

/// Of a roster that both officers approved.
pub(super) async fn draft_letters(
    scene: &Scene,
    left: &mut Left,
    text: &str,
) -> Result<(), String> {
    let who = handler(scene, left).await;
    let batch = left.rosters.pop().ok_or("no roster was drafted")?;
    scene.office.approve_by_both(&batch).await;
    let names = [("ORDER", batch.as_str()), (FILLED, &batch), ("5GPJWBSG64S36D1P", &batch)];
    let words = filled(text, &names);
    says(scene.types(&scene.home(), who, &words), "letters made: 1").map(drop)
}

/// What waits for an officer.
pub(super) fn batch(scene: &Scene, text: &str) -> Result<(), String> {
    for name in ["孙一批", "孙二批"] {
        scene.draft(name);
    }
    let words = filled(text, &[]);
    says(scene.types(&scene.home(), "sample-officer", &words), "yinxin approve ").map(drop)
}

/// What was drafted a moment ago, by the command that was printed then.
pub(super) async fn withdraw(scene: &Scene, left: &mut Left, text: &str) -> Result<(), String> {
    let who = handler(scene, left).await;
    let home = scene.home();
    let drafting = match text.contains("--letter") {
        true => {
            let person = scene.office.register("周密码信封", "sz-office").await;
            format!("yinxin draft letter {person} --profile official")
        }
        false => "yinxin draft person create --name 周撤回 --unit sz-office --evidence 文件".into(),
    };
    let said = scene.types(&home, who, &filled(&drafting, &[]))?;
    let name = match text.contains("--letter") {
        true => behind(&said, "yinxin withdraw --letter ")?,
        false => behind(&said, "yinxin withdraw ")?,
    };
    let name = name.split(' ').next().unwrap_or_default().to_owned();
    let twice = [FILLED, FILLED].concat();
    let names = [(FILLED, name.as_str()), (&twice, &name), ("ORDER", &name)];
    says(scene.types(&home, who, &filled(text, &names)), "taken back").map(drop)
}
