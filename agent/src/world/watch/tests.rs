use super::super::load::tests::{anchors, list_of};
use super::super::unlisted::CertificateStanding;
use super::super::unlisted::tests::{content, serial};
use super::*;
use keys::SoftwareSigner;
use records::people::SignedPeople;
use records::unlisted::Unlisted;

const HOUR: u64 = 3_600;

/// A gate that begins again and again in one state directory.
struct Gate {
    signer: SoftwareSigner,
    folder: tempfile::TempDir,
}

impl Gate {
    fn joined() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Marks::found(&folder.path().join("marks.json")).unwrap();
        Self { signer: SoftwareSigner::generate_p256().unwrap(), folder }
    }

    /// A gate that begins with what it kept, while `status` is away.
    fn again(&self) -> Source {
        let here = "127.0.0.1:1".parse().unwrap();
        let config = AgentConfig::new(self.folder.path(), here, here, here);
        let metrics = Metrics::default();
        Source::open(&config, anchors(&self.signer), Clock::system(), metrics).unwrap()
    }

    fn said(&self, crl: u64, revoked: &[u16]) -> Vec<Unlisted> {
        let said = content([7; 32].into(), crl, (revoked, &[]));
        vec![Unlisted::sign(&said, &self.signer).unwrap()]
    }

    fn list(&self, number: u64, begins: u64) -> Option<Bytes> {
        self.list_of(number, begins, &[])
    }

    fn list_of(&self, number: u64, begins: u64, revoked: &[u16]) -> Option<Bytes> {
        let revoked: Vec<_> = revoked.iter().map(|one| serial(*one)).collect();
        Some(Bytes(list_of(&self.signer, number, (begins, begins + HOUR), &revoked)))
    }
}

/// What was told beside a list that this gate did not take is known to it after a restart too; so
/// is what was told beside the old one, also when a list comes that holds none of it.
#[test]
fn a_restart_forgets_nothing_that_was_told() {
    let gate = Gate::joined();
    let now = Clock::system().seconds();
    let stands = |source: &Source| {
        let world = source.world.load_full();
        [1, 2, 3].map(|one| world.standing(&serial(one)) == CertificateStanding::Good)
    };
    let first = Update { crl: gate.list(4, now - 60), unlisted: gate.said(4, &[1]), ..none() };
    gate.again().install(first, true);
    let running = gate.again();
    assert_eq!(stands(&running), [false, true, true]);
    // List 5 is dated ahead of this gate's clock.
    let ahead = Update { crl: gate.list(5, now + HOUR), unlisted: gate.said(5, &[2]), ..none() };
    running.install(ahead, true);
    for source in [running, gate.again(), gate.again()] {
        assert_eq!(stands(&source), [false, false, true]);
    }
    // The list comes, and says nothing of it; nor does what is told beside it.
    let comes = Update { crl: gate.list(5, now - 60), unlisted: gate.said(5, &[3]), ..none() };
    let running = gate.again();
    running.install(comes, true);
    for source in [running, gate.again()] {
        assert_eq!(stands(&source), [false, false, false]);
    }
}

/// What an accepted list had as revoked, and the next one has not, is turned away by a gate that
/// begins again, too.
#[test]
fn a_restart_turns_away_what_left_the_lists() {
    let gate = Gate::joined();
    let now = Clock::system().seconds();
    let running = gate.again();
    for (number, revoked) in [(4, &[1][..]), (5, &[])] {
        let crl = gate.list_of(number, now - 60, revoked);
        running.install(Update { crl, ..none() }, true);
    }
    for source in [running, gate.again(), gate.again()] {
        let world = source.world.load_full();
        assert_eq!(world.in_force().crl, 5);
        assert_eq!(world.standing(&serial(1)), CertificateStanding::Revoked);
        assert_eq!(world.standing(&serial(2)), CertificateStanding::Good);
    }
}

/// What stood beside the list is named by the marks: taken away, emptied or put back from
/// before, it leaves a gate that lets nobody in until `status` answers, and says so.
#[test]
fn a_gate_without_what_stood_beside_its_list_lets_nobody_in() {
    let gate = Gate::joined();
    let now = Clock::system().seconds();
    let update = |beside| Update { crl: gate.list(4, now - 60), unlisted: beside, ..none() };
    let files = || {
        let all = std::fs::read_dir(gate.folder.path().join("world")).unwrap();
        let all = all.map(|one| one.unwrap().path());
        all.filter(|one| one.to_string_lossy().contains("unlisted")).collect::<Vec<_>>()
    };
    gate.again().install(update(gate.said(4, &[1])), true);
    let old = std::fs::read(&files()[0]).unwrap();
    gate.again().install(update(gate.said(4, &[1, 2])), true);
    assert_eq!(files().len(), 1, "the older one went");
    assert_eq!(gate.again().world.load().in_force().crl, 4);
    let (kept, here) = (std::fs::read(&files()[0]).unwrap(), files().remove(0));
    for damaged in [None, Some(&b""[..]), Some(b"[]"), Some(&old)] {
        match damaged {
            None => std::fs::remove_file(&here).unwrap(),
            Some(bytes) => std::fs::write(&here, bytes).unwrap(),
        }
        let source = gate.again();
        assert_eq!(source.world.load().in_force().crl, 0, "{damaged:?}");
        assert!(source.metrics.named()[0].contains(&"list"));
    }
    std::fs::write(&here, kept).unwrap();
    let source = gate.again();
    assert_eq!(source.world.load().standing(&serial(2)), CertificateStanding::Revoked);
    std::fs::remove_file(&here).unwrap();
    let source = gate.again();
    source.install(update(gate.said(4, &[1, 2])), true);
    assert_eq!(source.world.load().standing(&serial(2)), CertificateStanding::Revoked);
    assert_eq!(gate.again().world.load().in_force().crl, 4, "kept again");
}

/// What is larger cannot be kept, as on a disk that is nearly full: the brake is all the same.
#[test]
fn a_brake_is_kept_before_anything_larger() {
    let gate = Gate::joined();
    let now = Clock::system().seconds();
    let running = gate.again();
    let first = Update { crl: gate.list(4, now - 60), unlisted: gate.said(4, &[1]), ..none() };
    running.install(first, true);
    std::fs::create_dir(gate.folder.path().join("world/people.json")).unwrap();
    let people = SignedPeople { snapshot: Bytes::default(), signature: Bytes::default() };
    {
        let mut judge = running.judge.lock().unwrap();
        judge.unkept.people = Some(people);
    }
    running.install(Update { unlisted: gate.said(4, &[1, 2]), ..none() }, true);
    assert!(running.metrics.named()[0].contains(&"world"), "and that is told");
    let restarted = gate.again().world.load_full();
    assert_eq!(restarted.standing(&serial(2)), CertificateStanding::Revoked);
}

/// A list that cannot be kept keeps nothing back: a restart knows that it does not have it, and
/// lets nobody in by the one before it until `status` answers.
#[test]
fn a_list_that_cannot_be_kept_leaves_its_mark() {
    let gate = Gate::joined();
    let now = Clock::system().seconds();
    let running = gate.again();
    let first = Update { crl: gate.list(4, now - 60), unlisted: gate.said(4, &[1]), ..none() };
    running.install(first, true);
    let (list, aside) = ("world/list.crl", "world/list.4");
    let path = |name: &str| gate.folder.path().join(name);
    std::fs::rename(path(list), path(aside)).unwrap();
    std::fs::create_dir(path(list)).unwrap();
    let second = Update { crl: gate.list(5, now - 60), unlisted: gate.said(5, &[2]), ..none() };
    running.install(second, true);
    assert_eq!(running.world.load().in_force().crl, 5, "it is felt all the same");
    running.install(Update { unlisted: gate.said(5, &[2, 3]), ..none() }, true);
    assert!(running.metrics.named()[0].contains(&"world"), "and that is told");
    std::fs::remove_dir(path(list)).unwrap();
    std::fs::rename(path(aside), path(list)).unwrap();
    assert_eq!(gate.again().world.load().in_force().crl, 0, "list 4 is older than its mark");
    let restarted = gate.again();
    let comes = Update { crl: gate.list(5, now - 60), unlisted: gate.said(5, &[2, 3]), ..none() };
    restarted.install(comes, true);
    let standing = gate.again().world.load().standing(&serial(3));
    assert_eq!(standing, CertificateStanding::Revoked, "kept again");
}

/// Where what stands beside the list cannot be kept, a restart knows that it is missing.
#[test]
fn what_cannot_be_kept_beside_a_list_is_known_to_be_missing() {
    let gate = Gate::joined();
    let now = Clock::system().seconds();
    let running = gate.again();
    let first = Update { crl: gate.list(4, now - 60), unlisted: gate.said(4, &[1]), ..none() };
    running.install(first, true);
    let told = gate.said(4, &[1, 2]);
    let beside = KeptBeside { said: told.clone(), gone: Vec::new() };
    let bytes = serde_json::to_vec(&beside).unwrap();
    let name = ToKeep::All(beside).keep(gate.folder.path()).unwrap();
    let digest = data_encoding::HEXLOWER.encode(&name.0);
    let there = gate.folder.path().join(format!("world/unlisted-{digest}.json"));
    std::fs::create_dir(&there).unwrap();
    running.install(Update { unlisted: told, ..none() }, true);
    assert_eq!(gate.again().world.load().in_force().crl, 0);
    std::fs::remove_dir(&there).unwrap();
    std::fs::write(&there, bytes).unwrap();
    running.install(none(), true);
    let standing = gate.again().world.load().standing(&serial(2));
    assert_eq!(standing, CertificateStanding::Revoked, "kept once it can be");
}

/// Nobody is let in before `status` was asked, and it is asked so that it answers at once: for what
/// stands beside the list that is kept, also where nothing did.
#[tokio::test]
async fn nobody_is_let_in_before_status_was_asked() {
    let gate = Gate::joined();
    let running = gate.again();
    assert_eq!(running.has_at_start(), running.has(), "without a list it is answered anyway");
    let now = Clock::system().seconds();
    running.install(Update { crl: gate.list(4, now - 60), ..none() }, true);
    let source = gate.again();
    let (has, at_start) = (source.has(), source.has_at_start());
    assert_eq!((has.crl, at_start.crl), (4, 4));
    assert!(has.unlisted.0.is_empty() && !at_start.unlisted.0.is_empty());
    let mut let_in = std::pin::pin!(source.once_asked(std::future::ready(())));
    let moment = Duration::from_millis(50);
    assert!(timeout(moment, let_in.as_mut()).await.is_err());
    source.asked.send_replace(true);
    assert!(timeout(Duration::from_secs(1), let_in).await.is_ok());
}

/// A gate without `status` is ready while it decides, and says until when that is; what it would
/// not take of `status` is told as before.
#[test]
fn a_gate_without_status_is_ready() {
    let gate = Gate::joined();
    let running = gate.again();
    running.world.store(Arc::new(World::good_until(1_800_000_000)));
    running.tell_alone("no answer");
    assert!(running.metrics.readiness().is_ready);
    let told = "status: nothing new comes: no answer; what is here counts until \
                2027-01-15T08:00:00Z";
    assert_eq!(running.metrics.told(), [told]);
    let now = Clock::system().seconds();
    running.install(Update { crl: gate.list(4, now + HOUR), ..none() }, true);
    assert!(!running.metrics.readiness().is_ready);
}

fn none() -> Update {
    Update::default()
}

/// Whoever asks what is in force leaves nothing behind, in whatever folder: what root made there
/// the gate itself could not write.
#[test]
fn whoever_only_reads_makes_nothing() {
    let gate = Gate::joined();
    let here = "127.0.0.1:1".parse().unwrap();
    let config = AgentConfig::new(gate.folder.path(), here, here, here);
    let read = || {
        let of = (anchors(&gate.signer), Clock::system(), Metrics::default());
        Source::read(&config, of.0, of.1, of.2).unwrap()
    };
    assert_eq!(read().world.load().in_force().crl, 0);
    let names = || {
        let found = std::fs::read_dir(gate.folder.path()).unwrap();
        found.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    assert_eq!(names(), ["marks.json"]);
    // What a gate kept is read all the same.
    let now = Clock::system().seconds();
    gate.again().install(Update { crl: gate.list(4, now - 60), ..none() }, true);
    let reserve = gate.folder.path().join("world/reserve");
    std::fs::remove_file(&reserve).unwrap();
    assert_eq!(read().world.load().in_force().crl, 4);
    assert!(!reserve.exists());
}
