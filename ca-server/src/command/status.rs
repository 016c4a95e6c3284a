//! `ca-server status`: how the city stands, from the database and the published files.

use super::host::Host;
use ca_store::ledger;
use ca_store::table::{certificate, intent, list, order, person, revocation};
use std::process::ExitCode;

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
        let size = ledger::head(&mut tx, log).await?.map_or(0, |(size, _, _)| size);
        heads.push((log, size));
    }
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
        });
        system::terminal::json(&status.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let sample = if trust.sample { "（示例 sample）" } else { "" };
    system::say!("{}{sample}", trust.city);
    system::say!("人员 / people              {people}");
    system::say!("待批指令 / open orders     {orders}");
    system::say!("证书 / certificates        {certificates} ({revoked} 已吊销 revoked)");
    system::say!("签发中 / being issued      {unsigned} ({abandoned} 已放弃 abandoned)");
    system::say!("待入日志 / waiting records {waiting}");
    for (log, size) in heads {
        system::say!("日志 / log {log:<15} {size}");
    }
    for (issuer, number, _, next) in lists {
        system::say!("吊销列表 / list {issuer:<10} #{number}, 至 / until {}", time(next));
    }
    system::say!("下一步 / next: {} doctor", super::say::again(&host.state()));
    Ok(ExitCode::SUCCESS)
}
