//! `ca-server status`: how the city stands, from the database and the published files, and what
//! each process of this host says of itself: no portal has a part in it.

use super::host::Host;
use ca_store::sequenced;
use ca_store::table::{certificate, intent, list, order, person, revocation};
use service::{Readiness, neighbours};
use std::process::ExitCode;
use system::speech;

pub(super) async fn run(host: &Host) -> anyhow::Result<ExitCode> {
    let trust = ca_host::trust(&host.config)?;
    let mut tx = host.store.read().await?;
    let people = person::count_in_office(&mut tx).await?;
    let orders = order::shown::count_open(&mut tx).await?;
    let certificates = certificate::count(&mut tx).await?;
    let revoked = revocation::count(&mut tx).await?;
    let mut waiting = 0;
    for log in ca_host::LOGS {
        waiting += store::pending::count(&mut tx, log).await?;
    }
    let (unsigned, abandoned) = intent::count(&mut tx).await?;
    let lists = list::newest(&mut tx).await?;
    let mut heads = Vec::new();
    for log in ca_host::LOGS {
        let size = sequenced::head(&mut tx, log).await?.map_or(0, |(size, _, _)| size);
        heads.push((log, size));
    }
    let processes = processes(host).await;
    let time = |unix: i64| records::time::seconds(u64::try_from(unix).unwrap_or(0));
    if host.json {
        let lists: Vec<_> = lists
            .iter()
            .map(|(issuer, number, _, next)| {
                let next = time(*next);
                serde_json::json!({ "issuer": issuer, "number": number, "next_update": next })
            })
            .collect();
        let status = serde_json::json!({
            "city": trust.city, "sample": trust.sample, "people": people, "open_orders": orders,
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
    fact(("人员", "people"), people.to_string());
    fact(("待批办件", "open orders"), orders.to_string());
    let revoked = aside(revoked, "已吊销", "revoked");
    fact(("证书", "certificates"), format!("{certificates} {revoked}"));
    let abandoned = aside(abandoned, "已放弃", "abandoned");
    fact(("签发中", "being issued"), format!("{unsigned} {abandoned}"));
    fact(("待入日志", "waiting records"), waiting.to_string());
    for (log, size) in heads {
        fact(("日志", "log"), format!("{log} {size}"));
    }
    for (issuer, number, _, next) in lists {
        fact(("吊销列表", "list"), format!("{issuer} #{number} → {}", time(next)));
    }
    for (process, said) in processes {
        fact(("进程", "process"), format!("{process} {}", in_words(said)));
    }
    speech::next("", &super::say::again(&host.state()).then("doctor", &[]));
    Ok(ExitCode::SUCCESS)
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
