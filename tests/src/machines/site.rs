//! A system with a standing authorization, and the process that hears it.

use super::client::AcmeClient;
use super::names::Names;
use crate::processes::Office;
use serde_json::Value;
use std::path::PathBuf;

/// By what clients of a system are known.
#[derive(Clone, Debug)]
pub struct Secret {
    pub kid: String,
    pub hmac: Vec<u8>,
    /// The password of EST.
    pub password: String,
    /// The challenge of SCEP.
    pub challenge: String,
    /// The system file itself, with the trust file in it.
    pub file: PathBuf,
    /// The secret of CMP.
    pub cmp: String,
}

impl Secret {
    /// As clients take it.
    pub fn hmac_text(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.hmac)
    }
}

/// A city whose process for systems runs, with a system.
pub struct Site {
    pub office: Office,
    pub names: Names,
    pub secret: Secret,
}

impl Site {
    /// Starts everything; the system has names below `acme.test`, wildcards too, and loopback.
    pub async fn open() -> Self {
        let mut office = Office::open().await;
        let machines = &office.city["machines"];
        let dns = machines["dns"].as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        let http = u16::try_from(machines["http01_port"].as_u64().unwrap()).unwrap();
        let names = Names::open(dns, http).await;
        office.start("portal-machines", &[]).await;
        let more = ["--host", "acme.test", "--host", "*.acme.test", "--address", "127.0.0.1"];
        let secret = register(&office, "site", &[&more[..], &["--wildcards"]].concat()).await;
        Self { office, names, secret }
    }

    /// Another system of another unit, with other names.
    pub async fn another(&self, system: &str, host: &str) -> Secret {
        register(&self.office, system, &["--host", host]).await
    }

    /// A system of names below `acme.test` that nobody looks at.
    pub async fn inner(&self, system: &str) -> Secret {
        let more = ["--host", "acme.test", "--host", "*.acme.test", "--without-challenges"];
        register(&self.office, system, &more).await
    }

    /// A system of these words of the command that registers it.
    pub async fn registered(&self, system: &str, words: &[&str]) -> Secret {
        register(&self.office, system, words).await
    }

    /// The address of SCEP.
    pub fn scep(&self) -> String {
        self.office.city["machines"]["scep_url"].as_str().unwrap().to_owned()
    }

    /// An address of EST.
    pub fn est(&self, path: &str) -> String {
        format!("{}{path}", self.office.city["machines"]["est_url"].as_str().unwrap())
    }

    /// The address of CMP, without TLS.
    pub fn cmp(&self) -> String {
        self.office.city["machines"]["cmp_url"].as_str().unwrap().to_owned()
    }

    /// The address of the directory.
    pub fn directory(&self) -> String {
        self.office.city["machines"]["acme_url"].as_str().unwrap().to_owned()
    }

    /// The root, PEM.
    pub fn root(&self) -> String {
        self.office.path("ca/public/ca/root.pem").display().to_string()
    }

    /// A port that stands for those of web servers.
    pub fn port(&self, name: &str) -> u16 {
        u16::try_from(self.office.city["machines"][name].as_u64().unwrap()).unwrap()
    }

    /// A client with a key of its own, and an account.
    pub fn client(&self) -> AcmeClient {
        let mut client = AcmeClient::new(&self.directory(), &self.root());
        let told = client.open_account(&self.secret);
        assert_eq!(told.status, 201, "{told:?}");
        client
    }

    /// Puts the files of an order in place, and says that its challenges by http-01 are answered.
    pub fn answer_http01(&self, client: &AcmeClient, order: &Value) {
        for url in order["authorizations"].as_array().unwrap() {
            let authorization = client.read(url.as_str().unwrap()).json();
            let all = authorization["challenges"].as_array().unwrap();
            let challenge = all.iter().find(|one| one["type"] == "http-01").unwrap();
            let token = challenge["token"].as_str().unwrap();
            let path = format!("/.well-known/acme-challenge/{token}");
            self.names.set_file(&path, &client.key_authorization(token));
            client.post(challenge["url"].as_str().unwrap(), "{}");
        }
    }
}

/// Registers a system of an office; two officers approve that.
pub async fn register(office: &Office, system: &str, more: &[&str]) -> Secret {
    let leader = office.first("system").person;
    let own = ["system", "register", system, "--name", "网站", "--unit", "sz-office"];
    let people = ["--leader", &leader, "--operator", "运维组", "--contact", "ops@acme.test"];
    let made = office.ca_json(&[&own[..], &people, more].concat());
    let path = PathBuf::from(made["letter"].as_str().unwrap());
    let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    office.approve_by_security(made["order"].as_str().unwrap()).await;
    let text = |key: &str| file[key].as_str().unwrap().to_owned();
    let hmac = data_encoding::BASE64URL_NOPAD.decode(text("eab_hmac").as_bytes()).unwrap();
    Secret {
        kid: text("kid"),
        hmac,
        password: text("est_password"),
        challenge: text("scep_challenge"),
        cmp: text("cmp_secret"),
        file: path,
    }
}
