use super::*;
use keys::SoftwareSigner;
use sample_city::SampleCity;

const GATE: &str = "gate-1";

/// A snapshot of a gate, as a key signed it.
fn signed(city: &SampleCity, agent: &str, number: u64, by: &SoftwareSigner) -> SignedPeople {
    let time = records::time::seconds(city.now);
    let snapshot = PeopleSnapshot {
        v: 1,
        founding: city.founding.into(),
        agent: agent.into(),
        order: [1; 32].into(),
        application: "documents".into(),
        hosts: Vec::new(),
        number,
        bundle: 1,
        policy: [2; 32].into(),
        mode: None,
        emergencies: Vec::new(),
        this_update: time.clone(),
        next_update: time,
        units: Vec::new(),
        people: Vec::new(),
    };
    SignedPeople::sign(&snapshot, by).unwrap()
}

/// A row that a hand keeps back, and rows that cannot be read, keep nothing from a gate that the
/// issuer handed over past them; what its key did not sign for this gate is nothing.
#[tokio::test]
async fn what_takes_away_comes_past_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let config = CaConfig::nowhere().in_folder(folder.path());
    let city = SampleCity::found();
    std::fs::create_dir(folder.path().join("issuer")).unwrap();
    let store = ca_store::open(&config).await.unwrap();
    let registry = &city.keys.registry;
    let first = signed(&city, GATE, 1, registry);
    let mut tx = store.write().await.unwrap();
    let read = first.open(city.authority.registry_key()).unwrap();
    snapshot::insert(&mut tx, &read, &first).await.unwrap();
    tx.commit().await.unwrap();
    let asked = async |snapshots: &Snapshots| {
        let newest = snapshots.newest((&store, &config), &city.authority, GATE).await.unwrap();
        let number = newest.snapshot.map(|one| one.read.number);
        (number, newest.is_whole, newest.problem.is_empty())
    };
    let running = Snapshots::default();
    assert_eq!(asked(&running).await, (Some(1), true, true));
    // The record of the second one is there, and its row is not.
    running.note_due(GATE, 2);
    assert_eq!(asked(&running).await, (Some(1), false, true), "it is looked for again");
    let hand_over = |signed| handed_people::hand_over(&config, GATE, &signed).unwrap();
    hand_over(signed(&city, GATE, 2, registry));
    assert_eq!(asked(&running).await, (Some(2), true, true));

    // A hand keeps the record away as well: the file is looked at.
    hand_over(signed(&city, GATE, 3, registry));
    assert_eq!(asked(&running).await, (Some(2), true, true), "nobody told of it");
    let noted = running.noted();
    for _ in 0..2 {
        running.look_at_handed(&config);
        assert_eq!(asked(&running).await, (Some(3), true, true));
    }
    assert_eq!(running.noted(), noted + 1, "who waits hears of it once");

    // No row is read any more.
    store.close().await;
    assert_eq!(asked(&Snapshots::default()).await, (Some(3), true, false), "after a start too");
    let other = SoftwareSigner::generate_p256().unwrap();
    for wrong in [signed(&city, GATE, 4, &other), signed(&city, "gate-2", 4, registry)] {
        hand_over(wrong);
        running.note_due(GATE, 4);
        assert_eq!(asked(&running).await, (Some(3), false, false));
    }
    let nothing = Snapshots::default();
    let found = nothing.newest((&store, &config), &city.authority, GATE).await;
    assert!(found.is_err(), "nobody knows");
}
