//! `make run`: founds the sample city once, starts its processes, prints where to look, ends
//! cleanly.

mod guide;
mod letters;

use crate::city::{City, MachinesUrls};
use crate::found::{Sample, found};
use crate::processes::Running;
use anyhow::Context;
use rustix::fs::{FlockOperation, flock};
use std::io::{Write, stdout};
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

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
    crate::site::follow_environment(folder)?;
    let mut running = Running::start(folder).await?;
    if City::read(folder)?.people.iter().all(|person| person.letter.is_none()) {
        println!("正在登记首批人员 … / registering the first officials …");
        letters::first_officials(folder)?;
    }
    letters::refresh(folder).await?;
    if City::read(folder)?.agent.is_none() {
        println!("正在登记网关并加入 … / registering the gate and joining …");
        // Staff use it: what a stolen issuing key signs opens nothing here.
        crate::gate::join(folder, &["--witness"])?;
        running.start_gate(&City::read(folder)?).await?;
    }
    let is_missing = |machines: MachinesUrls| {
        let scep = machines.scep.is_some() || machines.scep_url.is_empty();
        let inner = machines.est.is_some() && machines.cmp.is_some();
        machines.eab.is_none() || !inner || !scep
    };
    if City::read(folder)?.machines.is_some_and(is_missing) {
        println!("正在登记示例网站 … / registering the sample web site …");
        crate::site::register(folder)?;
    }
    guide::print(folder, &City::read(folder)?)?;
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
