use super::{opened, sealed};
use crate::rows::ConsumedRow;
use crate::sample::Sample;
use crate::sample::operate::OFFICERS;
use authority::OrderDigest;

/// What was written is read; whoever is added, left out, exchanged, or told as somebody's
/// deputy or of a batch, is told as nothing, and so is everything of another order.
#[test]
fn whose_approvals_carried_an_order_is_said_under_a_mac() {
    let (mut sample, _, order) = Sample::with_application();
    sample.approved_by(order, &OFFICERS);
    let judged = sample.authority().judge(order, None, sample.city.now).unwrap();
    let key = (&sample.context.seal, &sample.context.founding);
    let rows: Vec<ConsumedRow> = sealed(key, &judged).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(opened(key, order, rows.clone()), rows);
    let other = OrderDigest([7; 32]);
    assert!(opened(key, other, rows.clone()).is_empty(), "another order's");

    let nobody = ConsumedRow { mac: Vec::new(), person: "P9".into(), ..rows[0].clone() };
    let beside = [rows.clone(), vec![nobody.clone()]].concat();
    assert_eq!(opened(key, order, beside), rows, "what a hand put there is left out");
    assert!(opened(key, order, vec![nobody]).is_empty());
    assert!(opened(key, order, rows[..1].to_vec()).is_empty(), "somebody is left out");
    let hands: [fn(&mut ConsumedRow); 4] = [
        |row| row.person = "P9".into(),
        |row| row.acting_for = Some("P9".into()),
        |row| row.acting_for = Some(String::new()),
        |row| row.batch = Some((String::new(), 0, false)),
    ];
    for hand in hands {
        let mut changed = rows.clone();
        hand(&mut changed[0]);
        assert!(opened(key, order, changed).is_empty());
    }
    let mut more = rows.clone();
    more.push(ConsumedRow { person: "P9".into(), ..rows[0].clone() });
    assert!(opened(key, order, more).is_empty(), "somebody is added");
}
