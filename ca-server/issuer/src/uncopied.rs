//! Copies of what the log says that a table did not take. They keep nothing else back, and least of
//! all a brake: each kind of them is tried again by itself, in its order, until its table takes it.

use crate::error::IssuerError;
use crate::rows::{self, RowChange};
use crate::share::Share;
use authority::Authority;
use std::mem::discriminant;
use std::time::{Duration, Instant};
use store::Tx;

/// They are tried again after this long.
const AGAIN: Duration = Duration::from_secs(1);
/// Most that are remembered; what is more is written by `doctor --repair`.
const ROWS_MAX: usize = 20_000;

/// Copies that are not written yet.
pub(crate) struct Uncopied {
    rows: Vec<RowChange>,
    tried: Instant,
    /// Whether some are remembered by nobody.
    is_lost: bool,
}

/// What a round leaves to be copied later.
pub(crate) struct Later {
    rows: Vec<RowChange>,
    is_lost: bool,
    /// Whether it wrote every copy anew.
    is_repaired: bool,
}

impl Uncopied {
    /// What a start could not write, and whether anything is remembered by nobody.
    pub(crate) fn of(rows: Vec<RowChange>, is_lost: bool) -> Self {
        let mut own = Self { rows: Vec::new(), tried: Instant::now(), is_lost };
        own.add(rows);
        own
    }

    /// Puts what the log says before what a round decided; or leaves copies for later, where a
    /// table does not take them or others wait already.
    pub(crate) fn split(
        &self,
        share: &Share<'_>,
        (copied, is_lost): (Vec<RowChange>, bool),
        decided: &mut Vec<RowChange>,
    ) -> Later {
        let is_repaired = decided.iter().any(|change| matches!(change, RowChange::Rewrite));
        let mut later = Later { rows: Vec::new(), is_lost, is_repaired };
        if !share.copies_later && self.rows.is_empty() {
            decided.splice(0..0, copied);
            return later;
        }
        later.rows = copied;
        if share.decides_copies_later() {
            let all = std::mem::take(decided).into_iter();
            let (copies, own): (Vec<_>, Vec<_>) = all.partition(RowChange::is_copy);
            later.rows.extend(copies);
            *decided = own;
        }
        later
    }

    /// The round that left this is durable.
    pub(crate) fn take(&mut self, later: Later) {
        if later.is_repaired {
            (self.rows, self.is_lost) = (Vec::new(), false);
        }
        self.is_lost |= later.is_lost;
        self.add(later.rows);
    }

    fn add(&mut self, rows: Vec<RowChange>) {
        self.rows.extend(rows);
        let many = self.rows.len().saturating_sub(ROWS_MAX);
        self.is_lost |= many > 0;
        self.rows.drain(..many);
    }

    /// When they are tried again, if there are any.
    pub(crate) fn due(&self) -> Option<Instant> {
        (!self.rows.is_empty()).then(|| self.tried + AGAIN)
    }

    /// Takes out what is to be tried now, each kind by itself; whoever fails gives it back.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<Vec<RowChange>> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.tried = now;
        let mut kinds: Vec<Vec<RowChange>> = Vec::new();
        for one in std::mem::take(&mut self.rows) {
            let of = discriminant(&one);
            match kinds.iter_mut().find(|kind| kind.first().map(discriminant) == Some(of)) {
                Some(kind) => kind.push(one),
                None => kinds.push(vec![one]),
            }
        }
        kinds
    }

    /// A kind was not taken this time either.
    pub(crate) fn give_back(&mut self, kind: Vec<RowChange>) {
        self.add(kind);
    }

    /// What is told on `/readyz` behind `ready`.
    pub(crate) fn told(&self) -> &'static str {
        match (self.is_lost, self.rows.is_empty()) {
            (true, _) => "a table could not be read or took no copies: doctor --repair",
            (false, false) => "a table takes no copies of what the log says; they are tried again",
            (false, true) => "",
        }
    }
}

/// Writes copies of one kind.
pub(crate) async fn write(
    mut tx: Tx,
    kind: Vec<RowChange>,
    authority: &Authority,
) -> Result<(), IssuerError> {
    rows::write(&mut tx, kind, authority).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use authority::{OrderDigest, Revoked, Serial};
    use sample_city::SampleCity;
    use store::Store;

    fn serial(number: u64) -> Serial {
        Serial::read(&format!("4{number:031x}")).unwrap()
    }

    fn revocation(number: u64) -> RowChange {
        let revoked = Revoked { at: 1, reason: "keyCompromise".into(), not_after: 2 };
        RowChange::Revocation(serial(number), revoked)
    }

    fn role(city: &SampleCity, id: &str) -> RowChange {
        RowChange::Roles(id.into(), city.authority.person(id).unwrap().clone())
    }

    /// What only copies the log is left for later where a table takes nothing, of a brake also what
    /// it decided; nobody overtakes what waits already.
    #[test]
    fn copies_wait_and_what_was_decided_does_not() {
        let none = Uncopied::of(Vec::new(), false);
        let order = OrderDigest([7; 32]);
        let copied = || vec![revocation(1), revocation(2)];
        let decided = || vec![RowChange::OrderState(order, "done"), RowChange::Rewrite];
        let split = |own: &Uncopied, share: &Share<'_>| {
            let mut rows = decided();
            let later = own.split(share, (copied(), false), &mut rows);
            (rows.len(), later.rows.len())
        };
        let (mut brake, mut other) = (Share::order(order, true), Share::order(order, false));
        assert_eq!(split(&none, &brake), (4, 0));
        let some = Uncopied::of(vec![revocation(3)], false);
        assert_eq!(split(&some, &brake), (2, 2), "behind those that wait");
        (brake.copies_later, other.copies_later) = (true, true);
        assert_eq!(split(&none, &brake), (1, 3));
        assert_eq!(split(&none, &other), (2, 2), "what is no brake is kept whole or not at all");
    }

    /// However long a table takes nothing, so many are remembered and no more; with every copy
    /// written anew nothing is missing.
    #[test]
    fn so_many_copies_are_remembered() {
        let mut own = Uncopied::of(Vec::new(), false);
        assert_eq!((own.told(), own.due()), ("", None));
        let later = |rows, is_lost, is_repaired| Later { rows, is_lost, is_repaired };
        own.take(later((0..ROWS_MAX as u64).map(revocation).collect(), false, false));
        assert!(own.told().contains("tried again"));
        own.take(later(vec![revocation(7)], false, false));
        assert!(own.rows.len() == ROWS_MAX && own.told().contains("doctor --repair"));
        own.take(later(Vec::new(), false, true));
        assert_eq!((own.told(), own.due()), ("", None));
        own.take(later(Vec::new(), true, false));
        assert!(own.told().contains("doctor --repair"), "what no row told of");
    }

    /// A table that is gone keeps back what belongs there and nothing else; once it is there again
    /// everything is written, in its order.
    #[tokio::test]
    async fn a_table_that_is_gone_keeps_back_its_own_copies_only() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite:{}", folder.path().join("ca.db").display());
        let store = Store::open(&address).await.unwrap();
        store.migrate(ca_store::MIGRATIONS).await.unwrap();
        let city = SampleCity::found();
        let id = city.authority.people().next().map(|(id, _)| id.to_string()).unwrap();
        let hand = async |sql: &'static str| {
            let mut tx = store.write().await.unwrap();
            store::execute!(&mut tx, sql).unwrap();
            tx.commit().await.unwrap();
        };
        let count = async |sql: &'static str| {
            let mut tx = store.read().await.unwrap();
            store::row!(&mut tx, (i64,), sql).unwrap().unwrap().0
        };
        hand("alter table role_grant rename to aside").await;
        let waiting = vec![role(&city, &id), revocation(1), role(&city, &id), revocation(2)];
        let mut own = Uncopied::of(waiting, false);
        assert!(own.take_due(Instant::now()).is_empty(), "not at once again");
        for is_there in [false, true] {
            let later = own.due().unwrap();
            for kind in own.take_due(later) {
                let tx = store.write().await.unwrap();
                if write(tx, kind.clone(), &city.authority).await.is_err() {
                    own.give_back(kind);
                }
            }
            assert_eq!(count("select count(*) from revocation").await, 2);
            assert_eq!(own.rows.len(), if is_there { 0 } else { 2 });
            if !is_there {
                hand("alter table aside rename to role_grant").await;
            }
        }
        let roles = city.authority.person(&id).unwrap().roles.len() as i64;
        assert_eq!(count("select count(*) from role_grant").await, roles);
        assert_eq!(own.told(), "");
        store.close().await;
    }
}
