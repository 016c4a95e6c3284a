//! Pieces of runs as a busy gate makes them: of a hundred records about two are connections, the
//! others decisions with their completions, each with what opens its commitments.

use anyhow::{Context, ensure};
use ca_api::SpoolAck;
use ca_host::random;
use keys::SoftwareSigner;
use records::access::{
    CHAIN_START, Completion, Connection, Decision, InForce, Link, SignedHead, SpoolHead, chain,
};
use records::label::{Label, verify_ed25519};
use records::record::{Event, Record, entry};
use records::spooled::{SpoolFrame, Spooled};
use records::{Bytes, Disclosure};
use tlog::{Checkpoint, VerifierKey};

const AGENT: &str = "gate-1";
const MAKER: &str = "gate-1/agent";
/// People and documents that a gate sees.
const PEOPLE: u64 = 5_000;
const DOCUMENTS: u64 = 20_000;

/// A run of an agent.
pub(super) struct Run {
    epoch: Bytes,
    aseq: u64,
    chain: [u8; 32],
    /// Number of the run's last connection.
    connection: u64,
}

impl Run {
    pub(super) fn begin() -> anyhow::Result<Self> {
        let epoch = random::bytes::<16>()?.into();
        Ok(Self { epoch, aseq: 0, chain: CHAIN_START, connection: 0 })
    }

    /// The next piece: its entries, and the body of the request that hands it in.
    pub(super) fn piece(
        &mut self,
        count: usize,
        signer: &SoftwareSigner,
    ) -> anyhow::Result<(Vec<[u8; 32]>, Vec<u8>)> {
        let (mut entries, mut frames) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (event, disclosures) = self.event()?;
            let record = Record {
                v: 1,
                id: random::bytes::<16>()?.into(),
                log: "access".into(),
                maker: MAKER.into(),
                time: "2026-11-24T08:00:00.000000Z".into(),
                link: Some(Link {
                    epoch: self.epoch.clone(),
                    aseq: self.aseq,
                    prev: self.chain.into(),
                }),
                event,
            };
            let (bytes, salt) = (record.write()?, random::bytes::<32>()?);
            let entry = entry(&salt, &bytes);
            self.chain = chain(&self.chain, &entry);
            self.aseq += 1;
            entries.push(entry);
            let opened = match disclosures.as_slice() {
                [] => Vec::new(),
                some => serde_json::to_vec(some)?,
            };
            let (record, disclosures) = (bytes.as_slice(), opened.as_slice());
            SpoolFrame { salt, chain: self.chain, record, disclosures }.write(&mut frames)?;
        }
        let head = SpoolHead {
            v: 1,
            agent: AGENT.into(),
            epoch: self.epoch.clone(),
            count: self.aseq,
            chain: self.chain.into(),
        };
        let head = records::json::write(&head)?;
        let signature = Label::Spool.sign(signer, &head)?;
        let head = SignedHead { head: Bytes(head), signature: Bytes(signature) };
        Ok((entries, Spooled { head, known: 0, bytes: frames.into() }.write()?))
    }

    fn event(&mut self) -> anyhow::Result<(Event, Vec<Disclosure>)> {
        let name = |aseq| records::access::request_id(AGENT, &self.epoch, aseq);
        let person = format!("{:016}", u64::from(random::bytes::<1>()?[0]) * 131 % PEOPLE);
        let serial = format!("{person}00000000000000ff");
        Ok(match self.aseq {
            first if first % 100 == 0 => {
                self.connection = first;
                let certificate = Disclosure::new(
                    "/certificate",
                    random::bytes()?,
                    Bytes(vec![7; 600]).to_string().into(),
                );
                let source = Disclosure::new("/source", random::bytes()?, "192.0.2.7".into());
                let seen = Connection {
                    person,
                    serial,
                    sha256: random::bytes::<32>()?.into(),
                    certificate: certificate.commitment()?,
                    host: "localhost".into(),
                    alpn: "h2".into(),
                    tls: "1.3".into(),
                    source: source.commitment()?,
                    message: Bytes([[7; 66].as_slice(), &random::bytes::<64>()?].concat()),
                    handshake: None,
                    scheme: 0x0403,
                    signature: random::bytes::<71>()?.into(),
                };
                (Event::Connection(Box::new(seen)), vec![certificate, source])
            }
            odd if odd % 2 == 1 => {
                let document = u64::from(u16::from_be_bytes(random::bytes()?)) % DOCUMENTS;
                let path = format!("/documents/sz-office/2026-{document:05}?page=1");
                let target = Disclosure::new("/target", random::bytes()?, path.into());
                let decision = Decision {
                    application: "exchange".into(),
                    connection: name(self.connection),
                    person,
                    unit: "sz-office".into(),
                    serial,
                    exception: None,
                    method: "GET".into(),
                    target: target.commitment()?,
                    route: "/documents/{unit}/{document}".into(),
                    action: "read".into(),
                    resource: format!("exchange/sz-office/2026-{document:05}"),
                    outcome: "permitted".into(),
                    rule: "own-unit-reads".into(),
                    world: InForce { bundle: 1, policy: [9; 32].into(), people: 3, crl: 12 },
                    reference: String::new(),
                };
                (Event::Decision(Box::new(decision)), vec![target])
            }
            even => {
                let ended = Completion {
                    request: name(even - 1),
                    outcome: "done".into(),
                    status: 200,
                    reference: String::new(),
                    up: 0,
                    down: 1024,
                    micros: 900,
                };
                (Event::Completion(ended), Vec::new())
            }
        })
    }
}

/// Checks that an answer proves these entries.
pub(super) fn check(answer: &[u8], entries: &[[u8; 32]], key: &VerifierKey) -> anyhow::Result<()> {
    let ack: SpoolAck = serde_json::from_slice(answer)?;
    let head = Checkpoint::open(&ack.checkpoint, key, verify_ed25519)?;
    let place = ack.places.first().context("place")?;
    ensure!(ack.places.len() == 1, "the piece stands in pieces");
    let proof: Option<Vec<_>> = place.hashes.iter().map(Bytes::digest).collect();
    tlog::range::verify(entries, place.index, (head.size, &head.root), &proof.context("hash")?)?;
    Ok(())
}
