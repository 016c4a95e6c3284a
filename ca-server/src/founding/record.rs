//! Recording the founding: leaf 0, the letters, what was issued, the first lists; then the rows
//! that cache it, the first checkpoint and the published files.

use super::certify::Certified;
use super::keys::FoundingKeys;
use super::letters;
use super::statement::Statement;
use anyhow::Context;
use authority::Authority;
use ca_host::CaConfig;
use ca_host::ISSUER;
use ca_host::lists::{self, ListOf};
use ca_host::trust::checkpoint_key;
use ca_store::certificates::{IssuanceGrounds, record_issued};
use ca_store::sequence::Sequencer;
use ca_store::table::letter::{LetterRow, SealedKeys};
use ca_store::{intake, rows, sequenced, table};
use pki::Signer;
use records::letter::Letter;
use records::record::{Event, Record};
use service::{Clock, fault};
use store::{Store, Tx};

const MAKER: &str = "init";
/// Writes database, logs and lists of the new city.
pub(super) async fn record(
    config: &CaConfig,
    statement: &Statement,
    keys: &FoundingKeys,
    certified: &Certified,
    letters: &[Letter],
    clock: Clock,
) -> anyhow::Result<()> {
    let store = ca_store::open(config).await?;
    ca_store::founding::empty(&store).await?;
    let mut tx = store.write().await?;
    ca_store::founding::begin(&mut tx, &statement.digest()).await?;
    let micros = clock.micros();
    leaf_zero(&mut tx, statement, micros).await?;
    for letter in letters {
        record_letter(&mut tx, letter, statement, keys, micros).await?;
    }
    record_certificates(&mut tx, statement, certified, letters, micros).await?;
    let lists = [
        (ListOf::Root, &certified.root, &keys.root as &dyn Signer, lists::ROOT_LIST_HOURS),
        (
            ListOf::Issuing,
            &certified.issuing,
            &keys.issuing as &dyn Signer,
            config.issuer.crl_hours,
        ),
    ];
    for (of, issuer, signer, hours) in lists {
        let list = lists::empty(config, of.name(), issuer, signer, (1, clock.seconds()), hours)?;
        ca_store::crl::insert(&mut tx, MAKER, micros, of.name(), &list).await?;
        lists::publish(&config.path("public"), of, &list)?;
    }
    tx.commit().await?;
    fault::point("init-after-record");
    sequence(config, &store, clock).await?;
    cache_rows(&store, statement).await?;
    store.close().await;
    Ok(())
}

async fn leaf_zero(tx: &mut Tx, statement: &Statement, micros: u64) -> anyhow::Result<()> {
    let event = Event::Founding {
        statement: statement.bytes.as_slice().into(),
        signature: statement.signature.as_slice().into(),
        files: statement.files.clone(),
    };
    intake::write(tx, MAKER, micros, event, &[]).await?;
    Ok(())
}

async fn record_letter(
    tx: &mut Tx,
    letter: &Letter,
    statement: &Statement,
    keys: &FoundingKeys,
    micros: u64,
) -> anyhow::Result<()> {
    let [lookup, loss, suspend] = letters::digests(letter, &statement.digest())?;
    let digests = [lookup.as_slice(), &loss, &suspend];
    let event = ca_host::letter_print::letter_event(letter, digests, (None, &keys.registry))?;
    intake::write(tx, MAKER, micros, event, &[]).await?;
    let row = LetterRow {
        reference: letter.reference.clone(),
        person: letter.person.clone(),
        profile: letter.profile.clone(),
        label: letter.label.clone(),
        lookup_sha256: lookup,
        loss_sha256: loss,
        sealed: SealedKeys::default(),
        expires: micros / 1_000_000,
    };
    table::letter::insert(tx, vec![row]).await?;
    Ok(())
}

async fn record_certificates(
    tx: &mut Tx,
    statement: &Statement,
    certified: &Certified,
    letters: &[Letter],
    micros: u64,
) -> anyhow::Result<()> {
    let digest = statement.digest();
    let issued = |profile: &str, subject: &str, reference: Option<String>| IssuanceGrounds {
        under: digest,
        profile: profile.to_owned(),
        subject: subject.to_owned(),
        reference,
    };
    record_issued(tx, micros, &issued("root", "root", None), &certified.root).await?;
    record_issued(tx, micros, &issued("issuing", ISSUER, None), &certified.issuing).await?;
    for (name, certificate) in &certified.signers {
        record_issued(tx, micros, &issued(name, name, None), certificate).await?;
    }
    for (service, process, certificate) in &certified.services {
        let subject = format!("{service}/{process}");
        record_issued(tx, micros, &issued("service", &subject, None), certificate).await?;
    }
    for (person, certificate) in &certified.people {
        let letter = letters.iter().find(|letter| letter.person == *person);
        let reference = letter.map(|letter| letter.reference.clone());
        record_issued(tx, micros, &issued("staff", person, reference), certificate).await?;
    }
    Ok(())
}

/// Numbers everything, signs the first checkpoints, publishes.
async fn sequence(config: &CaConfig, store: &Store, clock: Clock) -> anyhow::Result<()> {
    let trust = ca_host::trust(config)?;
    for log in ca_host::LOGS {
        let origin = trust.log_key(log).context("log key")?.name().to_owned();
        let (signer, key) = checkpoint_key(config.folder(), log, &origin)?;
        let mut sequencer = Sequencer::new(log, store.clone(), signer, key, clock)?;
        while sequencer.round(Vec::new()).await?.count > 0 {}
        sequencer.release().await?;
    }
    Ok(())
}

/// The rows that cache the first state.
async fn cache_rows(store: &Store, statement: &Statement) -> anyhow::Result<()> {
    let mut tx = store.write().await?;
    let entries = sequenced::entries(&mut tx, "control", 0, 1).await?;
    let (_, bytes, _) = entries.first().context("leaf 0")?;
    let authority = Authority::found(&Record::read(bytes)?, &statement.digest())?;
    for (id, unit) in authority.units() {
        rows::write_unit(&mut tx, id, unit).await?;
    }
    for (id, name) in &statement.names {
        let person = authority.person(id).context("person")?;
        rows::write_person(&mut tx, id, person, std::slice::from_ref(name)).await?;
    }
    for (id, portal) in authority.portals() {
        rows::write_portal(&mut tx, id, portal).await?;
    }
    for (id, profile) in authority.profiles() {
        rows::write_profile(&mut tx, id, profile).await?;
    }
    rows::write_bundle(&mut tx, authority.bundle().version, &[]).await?;
    Ok(tx.commit().await?)
}
