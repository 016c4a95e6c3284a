//! The channels, and the seal of the outbox.

use super::{head, wang};
use crate::channel::Channel;
use crate::notice::{Facts, Notice, NoticeKind};
use crate::outbox::{self, Seal};
use crate::outgoing::{HandoverResult, OutgoingNotice};
use crate::recipient::Recipient;
use crate::words;
use ca_host::CaConfig;
use ca_host::config::{MailConfig, MailTls, NoticesConfig};
use ca_store::table::notice::DueRow;
use std::path::Path;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// The configuration of a host that has only a folder.
pub(super) fn config(folder: &Path, notices: NoticesConfig) -> CaConfig {
    let mut config = CaConfig::nowhere().in_folder(folder);
    config.notices = notices;
    config
}

pub(super) fn nowhere() -> NoticesConfig {
    CaConfig::nowhere().notices
}

fn notice(about: &str) -> Notice {
    let facts = Facts { serial_tail: Some("0A1B2C3D".into()), ..Facts::default() };
    let time = 1_795_507_200 + about.len() as u64;
    Notice::at(time, NoticeKind::Suspended, (&wang().person, about), facts)
}

async fn hand(channel: &Channel, notice: &Notice, recipient: &Recipient) -> HandoverResult {
    let written = words::write(notice, recipient, "", &head());
    let id = notice.id(&[7; 32]);
    let now = 1_795_507_200;
    let handed =
        channel.hand(&OutgoingNotice { id, notice, recipient, written: &written, now }).await;
    channel.keep().unwrap();
    handed
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder.join("notices/spool")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

/// One private file for each notice, however often it is handed over; that there are many is told
/// before there are too many, and then the oldest leaves, which is told until there is room.
#[tokio::test]
async fn the_spool_folder_has_a_bound() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("notices/spool")).unwrap();
    let mut own = nowhere();
    own.spool_files_max = 3;
    let open = || Channel::all(&config(folder.path(), own.clone())).unwrap().remove(0);
    let spool = open();
    assert_eq!(spool.name(), "spool");
    for about in ["1", "1", "22"] {
        assert_eq!(hand(&spool, &notice(about), &wang()).await, HandoverResult::Taken);
    }
    assert_eq!((files(folder.path()).len(), spool.looked_after()), (2, None));
    assert_eq!(hand(&spool, &notice("333"), &wang()).await, HandoverResult::Taken);
    let three = files(folder.path());
    assert_eq!(three.len(), 3);
    assert!(spool.looked_after().unwrap().starts_with("nearly full: 3"));
    let path = folder.path().join("notices/spool").join(&three[0]);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let said: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!((&said["kind"], &said["mail"]), (&"suspended".into(), &wang().mail.into()));

    // Another process finds what the first one left.
    let again = open();
    assert_eq!(hand(&again, &notice("4444"), &wang()).await, HandoverResult::Taken);
    assert_eq!(files(folder.path()).len(), 3);
    assert!(!files(folder.path()).contains(&three[0]), "the oldest left");
    assert!(again.looked_after().unwrap().contains("full: 1"));
    // Who takes them makes room.
    for name in files(folder.path()) {
        std::fs::remove_file(folder.path().join("notices/spool").join(name)).unwrap();
    }
    assert_eq!(hand(&again, &notice("55555"), &wang()).await, HandoverResult::Taken);
    assert_eq!((files(folder.path()).len(), again.looked_after()), (1, None));
}

/// A line of a mail server's that is longer than a conversation is read to no end of it.
#[tokio::test]
async fn a_mail_server_that_says_too_much_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut own = nowhere();
    own.mail = Some(MailConfig {
        server: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
        tls: MailTls::None,
        roots: None,
        from: "ca@shangluo.example".into(),
        user: None,
        password_file: None,
    });
    let channel = Channel::all(&config(folder.path(), own)).unwrap().remove(0);
    let says = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let line = [vec![b'x'; 1024 * 1024], b"\r\n".to_vec()].concat();
        // Nobody reads it to its end.
        let _ = stream.write_all(&line).await;
    };
    let (told, recipient) = (notice("1"), wang());
    let (handed, ()) = tokio::join!(hand(&channel, &told, &recipient), says);
    match handed {
        HandoverResult::Away(why) => assert!(why.contains("more than a conversation has"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// A row that this role did not write, or that was exchanged, opens to nothing.
#[test]
fn only_rows_of_this_role_are_sent() {
    let key = |secret: &[u8]| aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let (seal, told) = (Seal::new(key(b"own"), [7; 32]), notice("1"));
    let row = |seal: &Seal, channel| {
        let row = seal.row(&told, channel, 5).unwrap();
        DueRow {
            id: row.id,
            person: row.person,
            notice: row.notice,
            mac: row.mac,
            made: row.made,
            tries: 0,
        }
    };
    let good = row(&seal, "mail");
    assert_eq!(seal.open(&good, "mail"), Some((told.id(&[7; 32]), told.clone())));
    assert_eq!(seal.open(&good, "webhook"), None, "another channel's");
    assert_eq!(seal.open(&row(&Seal::new(key(b"other"), [7; 32]), "mail"), "mail"), None);
    let mut other = notice("2");
    other.person = "FFFFFFFFFFFFFFFF".into();
    let exchanged = DueRow { notice: other.write().unwrap(), ..good.clone() };
    assert_eq!(seal.open(&exchanged, "mail"), None, "other words under this name");
    let renamed = DueRow { id: vec![9; 16], ..good };
    assert_eq!(seal.open(&renamed, "mail"), None, "these words under another name");
}

#[test]
fn pauses_grow_up_to_an_hour() {
    let pauses: Vec<u64> = (0..9).map(outbox::pause).collect();
    assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    assert_eq!(outbox::pause(u64::MAX), 3_600);
}
