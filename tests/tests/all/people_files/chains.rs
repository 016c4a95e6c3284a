//! The order of a chain, whatever the order of the file.

use keys::SoftwareSigner;
use pki::certificate::{CertificateContent, TbsCertificate};
use pki::chain::{of_key, own_first};
use pki::name::{Subject, Text};
use pki::{Certificate, SerialNumber, Signer};

/// A certificate of a name and key, by whoever has another of each.
fn certificate(
    (name, key): (&str, &SoftwareSigner),
    (issuer, by): (&str, &SoftwareSigner),
) -> Certificate {
    let named = |name: &str| {
        let subject = Subject {
            country: "CN".into(),
            organization: Text::read("商洛市").unwrap(),
            units: Vec::new(),
            common_name: Text::read(name).unwrap(),
            serial_number: None,
        };
        subject.to_name().unwrap()
    };
    let content = CertificateContent {
        serial: &SerialNumber::from_random([7; 18]),
        signature: &by.public_key().algorithm().signature_identifier().unwrap(),
        issuer: &named(issuer),
        not_before: 1_795_507_200,
        not_after: 1_795_593_600,
        subject: &named(name),
        key: key.public_key().spki(),
        extensions: Vec::new(),
    };
    TbsCertificate::build(content).unwrap().sign(by).unwrap()
}

fn names(chain: &[Certificate]) -> Vec<String> {
    chain.iter().map(|one| one.subject().common_name().unwrap()).collect()
}

/// A key has its own certificate and who issued it, and no other; without a key the one that issued
/// no other comes first. Where that is not one, nothing comes before anything else.
#[test]
fn a_chain_begins_with_its_own_certificate_in_any_order() {
    let [root, between, own, other] = [(); 4].map(|()| SoftwareSigner::generate_p256().unwrap());
    let made = [
        certificate(("root", &root), ("root", &root)),
        certificate(("between", &between), ("root", &root)),
        certificate(("own", &own), ("between", &between)),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let file = order.map(|at: usize| made[at].clone());
        assert_eq!(names(&own_first(file.to_vec())), ["own", "between", "root"]);
        assert_eq!(names(&of_key(&file, own.public_key())), ["own", "between", "root"]);
        assert_eq!(names(&of_key(&file, between.public_key())), ["between", "root"]);
        assert_eq!(names(&of_key(&file, other.public_key())), [""; 0]);
    }
    // Another of the issuer's name signed nothing of it, and leads nowhere.
    let stranger = certificate(("between", &other), ("root", &root));
    let file = [made[0].clone(), stranger.clone(), made[2].clone()];
    assert_eq!(names(&of_key(&file, own.public_key())), ["own"]);
    let file = vec![stranger, made[0].clone(), made[2].clone()];
    assert_eq!(names(&own_first(file)), ["own", "between", "root"], "none is left out");
    let apart = vec![made[0].clone(), made[2].clone()];
    assert_eq!(names(&own_first(apart)), ["root", "own"]);
}

/// Of a file with far more than a chain nobody looks who issued whom: so many are sorted, and so
/// many of one name are tried, and no more.
#[test]
fn so_many_certificates_of_a_file_are_sorted() {
    let [root, between, own, other] = [(); 4].map(|()| SoftwareSigner::generate_p256().unwrap());
    let first = certificate(("root", &root), ("root", &root));
    let second = certificate(("between", &between), ("root", &root));
    let last = certificate(("own", &own), ("between", &between));
    let with = |count: usize| [vec![first.clone(); count], vec![second.clone(), last.clone()]];
    assert_eq!(names(&own_first(with(254).concat())), ["own", "between", "root"]);
    let many = own_first(with(255).concat());
    assert_eq!((many.len(), many[0].der() == first.der()), (257, true), "as they stand");
    let stranger = certificate(("between", &other), ("root", &root));
    let behind = |count: usize| [vec![stranger.clone(); count], with(1).concat()].concat();
    let found = |count: usize| names(&of_key(&behind(count), own.public_key()));
    assert_eq!((found(255), found(256)), (names(&[last.clone(), second, first]), names(&[last])));
}
