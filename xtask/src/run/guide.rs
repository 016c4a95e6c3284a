//! What `make run` prints: where everything is, and what to try, in an order that can be followed.
//! Nothing in it was used before: letters are fresh, and files that commands make are not there
//! yet.

use super::letters;
use crate::city::{City, Person};
use std::path::Path;

/// Prints it.
pub(super) fn print(folder: &Path, city: &City) -> anyhow::Result<()> {
    places(folder, city);
    println!(
        "密码信封 / enrolment letters （.html 供打印 / to print，.json 供命令 / for commands）:"
    );
    let mut officials = city.people.iter().filter(|person| person.letter.is_some());
    for person in officials.clone() {
        println!("  {} ({})", person.name, person.unit);
        println!("    {}", at(folder, &person.letter_html));
        println!("    {}", at(folder, &person.letter));
    }
    println!("  示例城市在此保留副本供脚本使用；签发机构的密码信封一经使用即粉碎");
    println!(
        "  a sample city keeps these copies for scripts; the CA shreds its own once one is used"
    );
    println!();
    println!("试一试，依次 / try, in this order:");
    if let Some(first) = officials.next() {
        on_the_command_line(folder, city, first);
    }
    if let Some(second) = officials.next() {
        in_a_browser(folder, city, second)?;
    }
    println!("3. 自动演示全程 / the whole journey, played");
    println!("     make demo");
    println!("4. 城市的状态 / how the city stands");
    println!("     target/debug/ca-server --state {}/ca status", folder.display());
    by_their_own_program(folder, city);
    println!();
    println!("再次 make run 给出新的密码信封 / make run again gives fresh letters");
    println!("Ctrl-C 停止 / stops");
    Ok(())
}

fn places(folder: &Path, city: &City) {
    let at = folder.display();
    println!();
    println!("══ {} ══ 示例城市 / sample city", city.city);
    println!("门户 / portal        {}", city.portal.public_url);
    println!("工作人员 / staff     {}", city.portal.staff_url);
    println!("吊销列表 / CRL       {}", city.ca.crl_url);
    println!("在线状态 / OCSP      {}", city.ca.ocsp_url);
    for (log, place) in &city.logs {
        println!("日志 / log {log:<9} {}/checkpoint", place.url);
    }
    if let Some(agent) = &city.agent {
        println!("公文交换 / exchange  {} （需证书 / with a certificate）", agent.url);
        println!("令牌公钥 / JWKS      {}", agent.jwks_url);
    }
    if let Some(machines) = &city.machines {
        println!("系统证书 / ACME      {}", machines.acme_url);
        println!("系统证书 / EST       {}", machines.est_url);
        println!("设备证书 / SCEP      {}", machines.scep_url);
        println!("系统证书 / CMP       {}", machines.cmp_url);
    }
    println!("根证书 / root        {at}/{}", city.ca.root_pem);
    println!("说明文件 / described {at}/city.json");
    println!("根密钥 / root key    {at}/secret （请移至离线介质 / move this offline）");
    println!();
}

/// Enrolment with `yinxin`: apply, two approvals, collect, look at it.
fn on_the_command_line(folder: &Path, city: &City, person: &Person) {
    let (key, cert) = unused(folder);
    let letter = at(folder, &person.letter);
    println!("1. 命令行领证 / a certificate on the command line: {}", person.name);
    println!("     target/debug/yinxin enroll --letter {letter} --key {key} --out {cert}");
    println!("   两名登记员批准，ORDER 是上面显示的办件 / two officers approve the ORDER it named");
    approvals(folder, city);
    println!("   领取 / collect");
    println!(
        "     target/debug/yinxin enroll --letter {letter} --key {key} --out {cert} --wait 30"
    );
    println!("     target/debug/yinxin cert show {cert}");
}

/// What a stranger needs to walk the pages by hand; the codes of a sample city are no secret.
fn in_a_browser(folder: &Path, city: &City, person: &Person) -> anyhow::Result<()> {
    let letter = letters::read(folder, person)?;
    println!("2. 浏览器领证 / a certificate in a browser: {}", person.name);
    println!("   导入根证书后打开 / import the root certificate, open {}", city.portal.public_url);
    println!("     编号 / reference  {}", letter.reference);
    println!("     授权码 / code     {}", letter.code);
    println!("   两名登记员批准页面上的办件 / two officers approve the ORDER on the page");
    approvals(folder, city);
    println!("   回到页面领取 / back on the page, collect it");
    println!(
        "   登记员的工作台（导入文件；通行密钥须先认证）/ the officers' pages (import a file;"
    );
    println!("   a passkey is certified first): {}", city.portal.staff_url);
    for officer in city.holders("registration-officer") {
        println!("     {}  {}", officer.name, at(folder, &officer.p12));
        println!("       口令 / password  {}", at(folder, &officer.p12_password_file));
    }
    Ok(())
}

/// Who says once who they are types short commands, or none.
fn by_their_own_program(folder: &Path, city: &City) {
    println!("5. 一次说明身份，命令就短了 / say once who you are, and commands are short");
    let trust = folder.join(&city.trust_file);
    let first = |role: &str| city.people.iter().find(|person| person.role == role);
    let people = [("registration-officer", "sample-officer"), ("auditor", "sample-auditor")];
    for (role, name) in people {
        let Some(person) = first(role) else { continue };
        println!(
            "     target/debug/yinxin context add {name} --trust {} --cert {} --key {} \
             --passphrase-file {}",
            trust.display(),
            at(folder, &person.cert),
            at(folder, &person.key),
            at(folder, &person.passphrase_file)
        );
    }
    println!("   登记员：我是谁，什么待批 / an officer: who am I, what waits");
    println!("     target/debug/yinxin context use sample-officer");
    println!("     target/debug/yinxin whoami");
    println!("     target/debug/yinxin approve");
    println!("   审计员检索日志 / an auditor searches the log");
    println!("     target/debug/yinxin audit search --log control --context sample-auditor");
    println!("   不用命令：本机工作台，打开它给出的链接 / no commands: a desk, open its link");
    println!("     target/debug/yinxin desk --context sample-officer");
    println!("     target/debug/yinxin desk --context sample-auditor");
}

fn approvals(folder: &Path, city: &City) {
    let trust = folder.join(&city.trust_file);
    for officer in city.holders("registration-officer") {
        println!("     target/debug/yinxin approve ORDER --cert {} \\", at(folder, &officer.cert));
        println!(
            "       --key {} --passphrase-file {} \\",
            at(folder, &officer.key),
            at(folder, &officer.passphrase_file)
        );
        println!("       --trust {}", trust.display());
    }
}

/// The first names for a key and its certificate that no file has yet.
fn unused(folder: &Path) -> (String, String) {
    let mut number = 1u32;
    loop {
        let [key, cert] = ["key", "pem"].map(|end| folder.join(format!("my-{number}.{end}")));
        if !key.exists() && !cert.exists() {
            return (key.display().to_string(), cert.display().to_string());
        }
        number += 1;
    }
}

fn at(folder: &Path, place: &Option<String>) -> String {
    folder.join(place.as_deref().unwrap_or("")).display().to_string()
}
