//! Where the sample city is: its keys and certificates, its people's names, its first state.

use super::Sample;
use crate::context::IssuanceContext;
use crate::loaded::sample::Rows;
use crate::rows::RowChange;
use crate::seal::SealKey;
use crate::state::State;
use ca_host::CaConfig;
use ca_host::clock_guard::ClockGuard;
use ca_host::prepare::{CertificateInputs, CertificateIssuer, prepare};
use ca_store::replay::Followed;
use keys::SoftwareSigner;
use pki::name::{Subject, Text};
use pki::weak_key::KeyList;
use pki::{Certificate, CertificateProfile, Signer};
use records::number::NumberKey;
use records::trust::Trust;
use sample_city::{FOUNDED, SampleCity, first_name};
use sha2::{Digest, Sha256};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};

const AUTHORITY: &str = include_str!("../../../../policies/profiles/issuing.toml");

impl Sample {
    /// A city that was just founded; each test has its own.
    pub(crate) fn found() -> Self {
        static FOUNDED_ONCE: LazyLock<(SampleCity, Arc<IssuanceContext>)> = LazyLock::new(|| {
            let city = SampleCity::found();
            let context = Arc::new(context(&city));
            (city, context)
        });
        let (city, context) = &*FOUNDED_ONCE;
        Self::of(city.clone(), context.clone())
    }

    /// A real city rather than a sample.
    pub(crate) fn found_real() -> Self {
        let city = SampleCity::found_as(false);
        let context = Arc::new(context(&city));
        Self::of(city, context)
    }

    fn of(city: SampleCity, context: Arc<IssuanceContext>) -> Self {
        let mut rows = Rows::default();
        for (id, person) in city.authority.people() {
            let opened = Some(vec![first_name(&id.to_string())]);
            rows.keep(RowChange::Person(id.to_string(), person.clone(), opened));
        }
        let mut followed = Followed {
            authority: city.authority.clone(),
            edge: Default::default(),
            last_time: FOUNDED,
        };
        for record in &city.log {
            followed.edge.append(Sha256::digest(record.write().unwrap()).into());
        }
        Self {
            state: State::at(followed),
            city,
            context,
            rows,
            clock: Ok(()),
            recorded: Vec::new(),
            in_tree: 0,
            opened: Vec::new(),
            effects: Vec::new(),
            unsigned: Vec::new(),
            confirmed: Vec::new(),
            drawn: Arc::new(AtomicU64::new(0)),
        }
    }
}

impl Sample {
    /// The city names one more list of keys whose private halves are known.
    pub(crate) fn list_weak(&mut self, list: KeyList) {
        let mut context = context(&self.city);
        context.weak_keys = context.weak_keys.with(list);
        self.context = Arc::new(context);
    }
}

fn context(city: &SampleCity) -> IssuanceContext {
    let own = |signer: &SoftwareSigner| SoftwareSigner::from_pkcs8(signer.pkcs8()).unwrap();
    let keys = &city.keys;
    let root = certificate(city, "root", &keys.root, None);
    let issuing = certificate(city, "issuing", &keys.issuing, Some(&root));
    IssuanceContext {
        config: config(),
        clock_guard: ClockGuard::of(&config()),
        trust: trust(city, &root),
        founding: city.founding,
        issuing: own(&keys.issuing),
        registry: own(&keys.registry),
        seal: SealKey::new(&[7; 32]).unwrap(),
        numbers: NumberKey::new(&[8; 32]).unwrap(),
        weak_keys: KeyList::of_this_build().clone(),
        registry_certificate: issuing.clone(),
        issuing_certificate: issuing,
        root_certificate: root,
    }
}

fn certificate(
    city: &SampleCity,
    name: &str,
    signer: &SoftwareSigner,
    root: Option<&Certificate>,
) -> Certificate {
    let subject = Subject {
        country: "CN".into(),
        organization: Text::read("商洛市").unwrap(),
        units: Vec::new(),
        common_name: Text::read(name).unwrap(),
        serial_number: None,
    };
    let issuer = root.map_or(CertificateIssuer::Itself, CertificateIssuer::Authority);
    let issuer_key = root.map_or(signer, |_| &city.keys.root);
    let inputs = CertificateInputs {
        profile: &CertificateProfile::read(AUTHORITY).unwrap(),
        arc: &city.authority.arc().unwrap(),
        issuer,
        issuer_key: issuer_key.public_key(),
        serial: &pki::SerialNumber::from_random([7; 18]),
        now: FOUNDED,
        subject: &subject.to_name().unwrap(),
        key: signer.public_key(),
        dns: &[],
        mail: &[],
        addresses: None,
    };
    prepare(&inputs).unwrap().tbs().sign(issuer_key).unwrap()
}

fn config() -> CaConfig {
    let mut config = CaConfig::nowhere();
    config.issuer.desk = Some("市政务服务中心 3 号窗口 0914-0000000".into());
    config
}

fn trust(city: &SampleCity, root: &Certificate) -> Trust {
    Trust {
        v: 1,
        city: "商洛市".into(),
        sample: true,
        root_sha256: root.sha256().into(),
        founding: city.founding.into(),
        arc: "1.3.6.1.4.1.32473".into(),
        logs: Vec::new(),
        portal_public: "https://portal.example".into(),
        portal_staff: "https://staff.example".into(),
        status: "https://status.example".into(),
        log: "https://log.example".into(),
    }
}
