//! Revocation lists as they are published: signed by whom they are of, the newest that the log says
//! was made, with everything in it that is revoked.

use super::super::host::Host;
use super::finding::{Finding, Next};
use authority::Authority;
use ca_host::lists::ListOf;
use ca_store::replay::{LOG, Replay};
use ca_store::{entry, record};
use pki::PublicKey;
use pki::crl::RevocationList;
use records::record::Event;
use records::time::SKEW_SECONDS_MAX;
use records::{Bytes, Record};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The running issuer publishes a list within this time.
const PUBLISHING_MAX: Duration = Duration::from_secs(10);
const PUBLISHING_LOOK: Duration = Duration::from_millis(250);
/// An entry may leave the list so long behind the end of its certificate.
const KEPT_SECONDS: u64 = 7 * 86_400;
/// Records that wait of one look.
const WAITING_STEP: i64 = 10_000;

/// The newest list of each issuer that records tell of: its number and its SHA-256.
#[derive(Clone, Default)]
pub(super) struct Recorded {
    newest: BTreeMap<String, (u64, Bytes)>,
    /// The index behind the last record that was read.
    size: u64,
}

impl Recorded {
    /// What the record at an index tells.
    pub(super) fn read(&mut self, index: u64, event: &Event) {
        self.size = index + 1;
        self.take(event);
    }

    fn take(&mut self, event: &Event) {
        let Event::Crl { issuer, number, sha256, .. } = event else { return };
        if self.newest.get(issuer).is_none_or(|(newest, _)| newest <= number) {
            self.newest.insert(issuer.clone(), (*number, sha256.clone()));
        }
    }

    fn newest(&self, of: ListOf) -> Option<&(u64, Bytes)> {
        self.newest.get(of.name())
    }
}

/// What is wrong with the lists. What the issuer is about to publish is waited for.
pub(super) async fn examine(
    host: &Host,
    (authority, newest): (Option<&Authority>, u64),
    tree: Recorded,
) -> anyhow::Result<Vec<Finding>> {
    let began = Instant::now();
    loop {
        let waiting = waiting(host, tree.clone()).await?;
        let all = [ListOf::Root, ListOf::Issuing].map(|of| {
            let list = Published { of, host, newest };
            list.wrong(authority, (&tree, &waiting)).map(|what| Finding { what, next: next(of) })
        });
        let findings: Vec<Finding> = all.into_iter().flatten().collect();
        if findings.is_empty() || began.elapsed() >= PUBLISHING_MAX {
            return Ok(findings);
        }
        tokio::time::sleep(PUBLISHING_LOOK).await;
    }
}

fn next(of: ListOf) -> Next {
    Next::Command(match of {
        ListOf::Root => "ca-server ceremony root-list --key FILE --passphrase-file FILE",
        ListOf::Issuing => "ca-server serve issuer",
    })
}

/// With what waits for the tree, and what came into it since: a list is published before either.
async fn waiting(host: &Host, mut recorded: Recorded) -> anyhow::Result<Recorded> {
    let trust = ca_host::trust(&host.config)?;
    let Some(replay) = Replay::new(&trust) else { return Ok(recorded) };
    let mut tx = host.store.read().await?;
    let mut after = 0;
    loop {
        let (_, found) = record::waiting(&mut tx, (after, WAITING_STEP), replay.known()).await?;
        let Some((last, _)) = found.last() else { break };
        after = *last;
        found.iter().filter_map(|(_, one)| one.as_ref()).for_each(|one| recorded.take(&one.event));
    }
    while let Some((bytes, _)) = entry::at(&mut tx, LOG, recorded.size).await? {
        let index = recorded.size;
        recorded.read(index, &Record::read(&bytes)?.event);
    }
    Ok(recorded)
}

/// A list as it lies where it is published.
struct Published<'a> {
    of: ListOf,
    host: &'a Host,
    /// The newest time that a record claims.
    newest: u64,
}

impl Published<'_> {
    /// The first that is wrong with it.
    fn wrong(
        &self,
        authority: Option<&Authority>,
        (tree, waiting): (&Recorded, &Recorded),
    ) -> Option<(String, String)> {
        let (name, now) = (self.of.name(), self.host.clock.seconds());
        let told = |zh: &str, en: &str| {
            Some((format!("{name} 的吊销列表{zh}"), format!("the list of {name} {en}")))
        };
        let path = self.host.config.path(&format!("public/{}", self.of.current()));
        let read = std::fs::read(&path).ok();
        let list = read.and_then(|der| RevocationList::read(&der).ok());
        let Some(list) = list.filter(|list| list.next_update() > now) else {
            return told("缺失或过期", "is missing or over");
        };
        let authority = authority?;
        if !self.key(authority).is_some_and(|key| list.is_signed_by(&key)) {
            return told("不是其签发者签名的", "is not signed by whom it is of");
        }
        if list.this_update() > now.max(self.newest) + SKEW_SECONDS_MAX {
            return told("的签发时间在未来", "is of a time to come");
        }
        let is = (list.number(), Bytes::from(Sha256::digest(list.der()).as_slice()));
        let known = [tree.newest(self.of), waiting.newest(self.of)];
        if known[0].is_some_and(|(newest, _)| is.0 < *newest) {
            return told("不是最新的", "is not the newest");
        }
        if !known.contains(&Some(&is)) {
            return told("与记录的不符", "is not the one that was recorded");
        }
        let lacks = |serial: &authority::Serial| {
            let serial = pki::SerialNumber::from_hex(&serial.to_string());
            serial.is_none_or(|serial| !list.contains(&serial))
        };
        let mut revoked = authority
            .revoked()
            .filter(|(_, one)| one.not_after + KEPT_SECONDS >= list.this_update());
        match revoked.find(|(serial, _)| lacks(serial)) {
            Some((serial, _)) if self.of == ListOf::Issuing => {
                told(&format!("缺少序列号 {serial}"), &format!("lacks the serial number {serial}"))
            }
            _ => None,
        }
    }

    fn key(&self, authority: &Authority) -> Option<PublicKey> {
        match self.of {
            ListOf::Root => PublicKey::read(&authority.founding().root.0).ok(),
            ListOf::Issuing => Some(authority.issuing_key().clone()),
        }
    }
}
