//! Intents as rows: the bytes that are to be signed, under a MAC of the issuer. Whether one waits,
//! was signed or was given up is said by the log and by the issuer's own marks; the column `state`
//! only shows it.

use crate::certificates::IssuanceGrounds;
use store::many::{Value, insert_many, update_many};
use store::{StoreError, Tx, rows};

/// An intent with the MAC under which the issuer wrote it.
#[derive(Clone, Debug)]
pub struct IntentRow {
    /// The certificate will have this serial number, lower-case hexadecimal.
    pub serial: String,
    /// The bytes that are to be signed, a TBSCertificate in DER.
    pub tbs: Vec<u8>,
    /// What it is issued as.
    pub issuing: IssuanceGrounds,
    /// MAC of the issuer over all of it.
    pub mac: Vec<u8>,
}

/// Keeps the rows of intents.
pub async fn insert(tx: &mut Tx, intents: Vec<IntentRow>) -> Result<(), StoreError> {
    let values = intents.into_iter().map(|intent| {
        let IssuanceGrounds { under, profile, subject, reference } = intent.issuing;
        vec![
            intent.serial.into(),
            under.into(),
            profile.into(),
            subject.into(),
            reference.into(),
            intent.tbs.into(),
            intent.mac.into(),
            "recorded".into(),
        ]
    });
    insert_many(
        tx,
        "insert into intent (serial, under, profile_id, subject, reference, tbs, mac, state)",
        values.collect(),
        "",
    )
    .await?;
    Ok(())
}

/// Says in the rows what became of intents.
pub async fn set_state(tx: &mut Tx, state: &str, serials: Vec<String>) -> Result<(), StoreError> {
    let keys = serials.into_iter().map(Value::from).collect();
    update_many(tx, ("update intent set state = ", state.into(), " where serial in ("), keys)
        .await?;
    Ok(())
}

/// Intents that may wait for their signature, as far as their rows can be read; whoever takes them
/// up asks the log and the MAC.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<IntentRow>, StoreError> {
    type Columns = (String, Vec<u8>, String, String, Option<String>, Vec<u8>, Vec<u8>);
    let found = rows!(
        tx,
        Columns,
        "select serial, under, profile_id, subject, reference, tbs, mac from intent \
         where state = 'recorded' order by serial"
    )?;
    // One that a hand put there holds up no start.
    let intent = |(serial, under, profile, subject, reference, tbs, mac): Columns| {
        let under = <[u8; 32]>::try_from(under).ok()?;
        let issuing = IssuanceGrounds { under, profile, subject, reference };
        Some(IntentRow { serial, tbs, issuing, mac })
    };
    Ok(found.into_iter().filter_map(intent).collect())
}

/// How many intents wait for their signature, and how many were given up, as rows say.
pub async fn count(tx: &mut Tx) -> Result<(i64, i64), StoreError> {
    let waiting = "select count(*) from intent where state in ('recorded', 'signing')";
    let given_up = "select count(*) from intent where state = 'abandoned'";
    Ok((super::counted(tx, waiting).await?, super::counted(tx, given_up).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ca_host::CaConfig;

    /// A row that a hand put among those that wait is none, and hides no other.
    #[tokio::test]
    async fn an_intent_that_nobody_wrote_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let store = crate::open(&config).await.unwrap();
        let mut tx = store.write().await.unwrap();
        let (profile, subject) = ("official".to_owned(), "P1".to_owned());
        let issuing = IssuanceGrounds { under: [7; 32], profile, subject, reference: None };
        let row = IntentRow { serial: "02".into(), tbs: vec![1], issuing, mac: vec![2] };
        insert(&mut tx, vec![row]).await.unwrap();
        let hand = "insert into intent select '01', x'00', profile_id, subject, reference, tbs, \
                    mac, state from intent";
        assert_eq!(store::execute!(&mut tx, hand).unwrap(), 1);
        let found = waiting(&mut tx).await.unwrap();
        assert_eq!(found.iter().map(|row| row.serial.as_str()).collect::<Vec<_>>(), ["02"]);
        drop(tx);
        store.close().await;
    }

    /// What was given up is asked for again by the same request, and is another intent under the
    /// same digest.
    #[tokio::test]
    async fn what_was_given_up_is_asked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let config = CaConfig::nowhere().in_folder(folder.path());
        let store = crate::open(&config).await.unwrap();
        let mut tx = store.write().await.unwrap();
        let intent = |serial: &str| {
            let (profile, subject) = ("server".to_owned(), "shop".to_owned());
            let issuing = IssuanceGrounds { under: [7; 32], profile, subject, reference: None };
            IntentRow { serial: serial.to_owned(), tbs: vec![1], issuing, mac: vec![2] }
        };
        for serial in ["01", "02", "03"] {
            insert(&mut tx, vec![intent(serial)]).await.unwrap();
            let found = waiting(&mut tx).await.unwrap();
            let serials = found.iter().map(|row| row.serial.as_str());
            assert_eq!(serials.collect::<Vec<_>>(), [serial]);
            set_state(&mut tx, "abandoned", vec![serial.to_owned()]).await.unwrap();
        }
        drop(tx);
        store.close().await;
    }
}
