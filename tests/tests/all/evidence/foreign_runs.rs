//! What a captured agent says of applications that are not its own.

use super::spooled;
use records::Bytes;
use records::access::{CHAIN_START, Link, RunStart};
use records::record::{Event, Record};

/// Of an application that it does not stand in front of nothing of an agent is taken, in a run of
/// its own neither.
pub(super) async fn tells_of_its_own_application(
    log: &ca_api::Log,
    signer: &keys::SoftwareSigner,
    like: &Record,
) {
    for (application, refused) in [("exchange", None), ("another", Some("not-your-route"))] {
        let epoch: [u8; 16] = tests::random();
        let started = RunStart {
            agent: "gate-1".into(),
            application: application.into(),
            version: "1".into(),
            key_sha256: Bytes(vec![7; 32]),
            cause: "start".into(),
        };
        let record = Record {
            id: tests::random::<16>().into(),
            link: Some(Link { epoch: epoch.into(), aseq: 0, prev: CHAIN_START.into() }),
            event: Event::Started(started),
            ..like.clone()
        };
        let answer = log.spool(&spooled(signer, &record)).await;
        let code = answer.err().map(|refused| refused.code().name());
        assert_eq!(code, refused, "{application}");
    }
}
