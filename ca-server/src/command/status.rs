//! `ca-server status`: how the city stands, from the database and the published files, and what
//! each process of this host says of itself: no portal has a part in it. Counts are of rows, so
//! that there are some where no log can be followed, and each line says so; the sizes of the logs
//! and the lists are verified.

use super::host::Host;
use ca_host::lists::{self, ListOf};
use ca_store::proven_log::ProvenLog;
use ca_store::table::{certificate, intent, order, person, revocation};
use pki::Certificate;
use pki::crl::RevocationList;
use service::{Readiness, neighbours};
use std::process::ExitCode;
use system::speech;

pub(super) async fn run(host: &Host) -> anyhow::Result<ExitCode> {
    let trust = ca_host::trust(&host.config)?;
    let mut tx = host.store.read().await?;
    let people = person::count_in_office(&mut tx).await?;
    let orders = order::operators::count_open(&mut tx).await?;
    let certificates = certificate::count(&mut tx).await?;
    let revoked = revocation::count(&mut tx).await?;
    let mut waiting = 0;
    for log in ca_host::LOGS {
        waiting += store::pending::count(&mut tx, log).await?;
    }
    let (unsigned, abandoned) = intent::count(&mut tx).await?;
    let lists = lists(host);
    let mut heads = Vec::new();
    for log in ca_host::LOGS {
        heads.push((log, ProvenLog::open(&mut tx, &trust, log).await?.size()));
    }
    let processes = processes(host).await;
    let ends = |list: &RevocationList| records::time::seconds(list.next_update());
    if host.json {
        let lists: Vec<_> = lists
            .iter()
            .map(|(issuer, list)| {
                let (number, next) = (list.number(), ends(list));
                serde_json::json!({ "issuer": issuer, "number": number, "next_update": next })
            })
            .collect();
        let status = serde_json::json!({
            "city": trust.city, "sample": trust.sample, "counts_of": "database",
            "people": people, "open_orders": orders,
            "certificates": certificates, "revoked": revoked, "pending_records": waiting,
            "unfinished_intents": unsigned, "abandoned_intents": abandoned, "lists": lists,
            "logs": heads.iter().map(|(log, size)| serde_json::json!({ "log": log, "size": size }))
                .collect::<Vec<_>>(),
            "processes": processes.iter().map(|(process, said)| serde_json::json!({
                "process": process, "answers": said.is_some(),
                "ready": said.as_ref().is_some_and(|said| said.is_ready),
                "told": said.as_ref().map(|said| said.told.as_slice()).unwrap_or_default(),
            })).collect::<Vec<_>>(),
        });
        system::terminal::json(&status.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let sample =
        if trust.sample { speech::both("（示例）", "(sample)") } else { String::new() };
    system::say!("{}{sample}", trust.city);
    let fact = |name, value: String| speech::fact("", name, value);
    let aside = |count: i64, zh: &str, en: &str| format!("({count} {})", speech::both(zh, en));
    let counted = |name, count: String| fact(name, as_rows_say(&count));
    counted(("人员", "people"), people.to_string());
    counted(("待批办件", "open orders"), orders.to_string());
    let revoked = aside(revoked, "已吊销", "revoked");
    counted(("证书", "certificates"), format!("{certificates} {revoked}"));
    let abandoned = aside(abandoned, "已放弃", "abandoned");
    counted(("签发中", "being issued"), format!("{unsigned} {abandoned}"));
    counted(("待入日志", "waiting records"), waiting.to_string());
    for (log, size) in heads {
        fact(("日志", "log"), format!("{log} {size}"));
    }
    for (issuer, list) in lists {
        let told = format!("{issuer} #{} → {}", list.number(), ends(&list));
        fact(("吊销列表", "list"), told);
    }
    for (process, said) in processes {
        fact(("进程", "process"), format!("{process} {}", in_words(said)));
    }
    speech::next("", &super::print::again(&host.state()).then("doctor", &[]));
    Ok(ExitCode::SUCCESS)
}

/// A count with whose it is: rows are counted, which no log proves. `order list` and `person list`
/// ask authority.
fn as_rows_say(count: &str) -> String {
    format!("{count} {}", speech::both("（据数据库，未经日志证明）", "(of the database, unproven)"))
}

/// The lists that are published, as far as their issuers signed them.
fn lists(host: &Host) -> Vec<(&'static str, RevocationList)> {
    let published = |of: ListOf| {
        let der = std::fs::read(host.config.path(&format!("public/ca/{}.cer", of.name()))).ok()?;
        let issuer = Certificate::read(&der).ok()?;
        let list = lists::published(&host.config.path("public"), of, issuer.key())?;
        Some((of.name(), list))
    };
    [ListOf::Issuing, ListOf::Root].into_iter().filter_map(published).collect()
}

/// What each process of this host answers on `/readyz` now.
async fn processes(host: &Host) -> Vec<(&'static str, Option<Readiness>)> {
    let mut found = Vec::new();
    for (process, admin) in host.config.admins() {
        found.push((process, neighbours::ask(admin).await));
    }
    found
}

fn in_words(said: Option<Readiness>) -> String {
    match said {
        None => speech::both("没有应答", "does not answer"),
        Some(said) if said.told.is_empty() => speech::both("正常", "ready"),
        Some(said) => said.told.join("; "),
    }
}
