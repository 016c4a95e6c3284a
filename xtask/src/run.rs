//! `make run`: founds the sample city once, starts its processes, prints where to look, ends
//! cleanly.

use crate::city::{City, Person};
use crate::demo::act::Actor;
use crate::found::{Sample, found};
use crate::processes::Running;
use anyhow::Context;
use records::letter::Letter;
use rustix::fs::{FlockOperation, flock};
use std::io::{Write, stdout};
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Officials of the first day: name, unit.
const OFFICIALS: [(&str, &str); 4] = [
    ("王小明", "sz-office"),
    ("李丹", "sz-office"),
    ("张建国", "sz-finance"),
    ("刘洋", "sz-finance"),
];

/// Runs the city in `folder` until Ctrl-C.
pub(crate) async fn run(folder: &Path) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let fresh = !folder.join("city.json").exists();
    if fresh {
        println!("正在建立示例城市 … / founding the sample city …");
    }
    found(folder, &Sample::default())?;
    let lock = std::fs::File::create(folder.join("lock"))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)
        .ok()
        .with_context(|| format!("{} is running already", folder.display()))?;
    println!("正在启动 … / starting …");
    let mut running = Running::start(folder).await?;
    if City::read(folder)?.people.iter().all(|person| person.letter.is_none()) {
        println!("正在登记首批人员 … / registering the first officials …");
        first_officials(folder)?;
    }
    if City::read(folder)?.agent.is_none() {
        println!("正在登记网关并加入 … / registering the gate and joining …");
        crate::gate::join(folder)?;
        running.start_gate(&City::read(folder)?).await?;
    }
    print(folder, &City::read(folder)?);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = tokio::time::sleep(Duration::from_secs(1)) => running.check()?,
        }
    }
    // Whoever started this may have closed the terminal; that is no reason to stop badly.
    let _ = writeln!(stdout(), "\n正在停止 … / stopping …");
    running.stop().await?;
    let _ = writeln!(
        stdout(),
        "已停止。再次 make run 继续使用同一城市 / stopped; make run goes on with the same city"
    );
    Ok(())
}

/// The first officials, registered by orders that both officers approve, each with a letter.
fn first_officials(folder: &Path) -> anyhow::Result<()> {
    let mut city = City::read(folder)?;
    let actor = Actor::new(folder)?;
    for (name, unit) in OFFICIALS {
        let person = actor.register(name, unit)?;
        let letter = actor.letter(&person, "official")?;
        let letter = letter.strip_prefix(folder).unwrap_or(&letter).display().to_string();
        city.people.push(Person {
            name: name.into(),
            role: "official".into(),
            unit: unit.into(),
            person,
            letter: Some(letter),
            ..Person::default()
        });
    }
    city.write(folder)
}

/// What a stranger needs to walk the pages by hand; the codes of a sample city are no secret.
fn in_a_browser(folder: &Path, city: &City, letter: &str) {
    let read = std::fs::read(folder.join(letter)).ok();
    let letter = read.and_then(|bytes| serde_json::from_slice::<Letter>(&bytes).ok());
    let Some(letter) = letter else { return };
    println!("  浏览器 / in a browser: 导入根证书后打开 / import the root certificate, open");
    println!("    {}  编号 / reference {}", city.portal.public_url, letter.reference);
    println!("    领证码 / code {}", letter.code);
    println!(
        "  再由两名审批人在命令行批准；导入各自的文件，可在浏览器中查看工作台（通行密钥须先认证）"
    );
    println!(
        "  then two officers approve on the command line; their files open the staff pages in a"
    );
    println!(
        "  browser (a passkey is certified first). ORDER: 页面上的办件编号 / the number on the page"
    );
    for officer in city.people.iter().filter(|person| person.role == "registration-officer") {
        let at = |place: &Option<String>| {
            folder.join(place.as_deref().unwrap_or("")).display().to_string()
        };
        println!("    {}  {}", officer.name, at(&officer.p12));
        println!("      口令 / password  {}", at(&officer.p12_password_file));
        println!("      target/debug/yinxin approve ORDER --cert {} \\", at(&officer.cert));
        println!(
            "        --key {} --passphrase-file {} \\",
            at(&officer.key),
            at(&officer.passphrase_file)
        );
        println!("        --trust {}", folder.join(&city.trust_file).display());
    }
}

fn print(folder: &Path, city: &City) {
    let at = folder.display();
    println!();
    println!("══ {} ══ 示例城市 / sample city", city.city);
    println!("门户 / portal        {}", city.portal.public_url);
    println!("工作人员 / staff     {}", city.portal.staff_url);
    println!("吊销列表 / CRL       {}", city.ca.crl_url);
    for (log, place) in &city.logs {
        println!("日志 / log {log:<9} {}/checkpoint", place.url);
    }
    if let Some(agent) = &city.agent {
        println!("公文交换 / exchange  {} （需证书 / with a certificate）", agent.url);
        println!("令牌公钥 / JWKS      {}", agent.jwks_url);
    }
    println!("根证书 / root        {at}/{}", city.ca.root_pem);
    println!("说明文件 / described {at}/city.json");
    println!("根密钥 / root key    {at}/secret （请移至离线介质 / move this offline）");
    println!();
    println!("信函 / enrolment letters:");
    for person in city.people.iter().filter(|person| person.letter.is_some()) {
        let letter = person.letter.as_deref().unwrap_or_default();
        println!("  {} ({})  {at}/{letter}", person.name, person.unit);
    }
    println!();
    println!("试一试 / try:");
    if let Some(letter) = city.people.iter().find_map(|person| person.letter.as_ref()) {
        println!("  target/debug/yinxin enroll --letter {at}/{letter} --key my.key --out my.pem");
        in_a_browser(folder, city, letter);
    }
    println!("  make demo            （自动演示全程 / plays the whole journey）");
    println!("  target/debug/ca-server --state {at}/ca status");
    println!();
    println!("Ctrl-C 停止 / stops");
}
