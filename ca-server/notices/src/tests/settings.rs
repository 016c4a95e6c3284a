//! What of `[notices]` can be used, and what is refused before anything is sent.

use super::channels::{config, nowhere};
use crate::channel::Channel;
use crate::trial::check;
use ca_host::config::{MailConfig, MailTls, WebhookConfig};

fn mail() -> MailConfig {
    MailConfig {
        server: "localhost".into(),
        port: 25,
        tls: MailTls::None,
        roots: None,
        from: "ca@shangluo.example".into(),
        user: None,
        password_file: None,
    }
}

#[test]
fn what_cannot_be_used_is_said_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("notices")).unwrap();
    let refused = |change: fn(&mut MailConfig), what: &str| {
        let mut own = nowhere();
        let mut mail = mail();
        change(&mut mail);
        own.mail = Some(mail);
        let error = check(&config(folder.path(), own)).unwrap_err();
        assert!(format!("{error:#}").contains(what), "{error:#} is not about {what}");
    };
    refused(|mail| mail.server = "smtp.example".into(), "on this host only");
    refused(|mail| mail.tls = MailTls::Starttls, "roots");
    refused(|mail| mail.from = "nobody".into(), "from");
    refused(|mail| mail.from = "a@b.example\r\nBcc: c@d.example".into(), "from");
    refused(|mail| mail.user = Some("ca".into()), "come together");
    refused(
        |mail| {
            mail.user = Some("ca".into());
            mail.password_file = Some("notices/password".into());
        },
        "a password needs",
    );
    let mut own = nowhere();
    own.webhook = Some(WebhookConfig { url: "http://sms.example/x".into(), roots: None });
    let error = check(&config(folder.path(), own.clone())).unwrap_err();
    assert!(format!("{error:#}").contains("on this host only"), "{error:#}");
    own.webhook = Some(WebhookConfig { url: "https://sms.example/x".into(), roots: None });
    let error = check(&config(folder.path(), own)).unwrap_err();
    assert!(format!("{error:#}").contains("roots"), "{error:#}");
    let mut late = nowhere();
    late.digest_hour = 24;
    assert!(check(&config(folder.path(), late)).is_err());
}

#[test]
fn channels_are_those_that_are_configured() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("notices")).unwrap();
    let secret = data_encoding::BASE64URL_NOPAD.encode(&[5; 32]);
    let path = folder.path().join("notices/webhook.secret");
    system::file::create_private(&path, secret.as_bytes()).unwrap();
    let mut own = nowhere();
    let names = |own: &ca_host::config::NoticesConfig| -> Vec<&str> {
        let all = Channel::all(&config(folder.path(), own.clone())).unwrap();
        all.iter().map(Channel::name).collect()
    };
    assert_eq!(names(&own), ["spool"]);
    own.mail = Some(mail());
    assert_eq!(names(&own), ["mail"]);
    own.webhook = Some(WebhookConfig { url: "http://127.0.0.1:9/x".into(), roots: None });
    assert_eq!(names(&own), ["mail", "webhook"]);
}

/// The sample in the operators' walk is one that the program reads.
#[test]
fn the_sample_of_the_walk_is_read() {
    let walk = include_str!("../../../../docs/walks/operator.md");
    let from = walk.find("    [notices]\n").unwrap();
    let sample = walk[from..].lines().take_while(|line| line.starts_with("    "));
    let text: String = sample.map(|line| format!("{}\n", line.trim_start())).collect();
    let text = text.replace("[notices.", "[").replace("[notices]\n", "");
    let read: ca_host::config::NoticesConfig = toml::from_str(&text).unwrap();
    assert!(read.mail.is_some() && read.webhook.is_some());
}
