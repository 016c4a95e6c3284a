//! The code that goes by short message beside a letter: sent while its letter can be used, and kept
//! by nobody then.

use super::outbox::{count, outbox, recorded};
use super::{head, wang};
use crate::deliver::{Delivery, Look};
use crate::notice::{Facts, Notice, NoticeKind};
use crate::words;
use ca_host::message_codes;
use ca_store::table::notice;
use records::message_code::MessageCode;
use sample_city::SampleCity;
use service::Clock;
use tokio::sync::watch;

/// A delivery that has the message code of a letter to send, the city, and the letter.
struct Scene {
    delivery: Delivery,
    city: SampleCity,
    reference: String,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let (delivery, folder) = outbox(&[], 0).await;
        std::fs::create_dir_all(folder.path().join("notices/spool")).unwrap();
        let now = Clock::system().seconds();
        let mut city = SampleCity::found();
        let person = city.register("sz-office");
        city.now = city.now.max(now);
        let reference = city.letter_by_message(&person, "official");
        let facts = Facts { letter: Some(reference.clone()), ..Facts::default() };
        let told = Notice::at(now, NoticeKind::LetterCode, (&person, &reference), facts);
        let row = delivery.seal.row(&told, "spool", now).unwrap();
        let mut tx = delivery.store.write().await.unwrap();
        notice::insert(&mut tx, vec![row]).await.unwrap();
        tx.commit().await.unwrap();
        let mut scene = Self { delivery, city, reference, folder };
        scene.follow();
        scene
    }

    fn code(&self) -> MessageCode {
        MessageCode::new(&self.reference, [7; 6]).unwrap()
    }

    /// The issuer hands the code over.
    fn keep(&self) {
        message_codes::keep(&self.delivery.config, &self.reference, &self.code()).unwrap();
    }

    /// The role follows the log.
    fn follow(&mut self) {
        self.delivery.authority = watch::channel(Some(self.city.authority.clone())).1;
    }

    fn is_kept(&self) -> bool {
        message_codes::read(&self.delivery.config, &self.reference).unwrap().is_some()
    }
}

#[tokio::test]
async fn a_message_code_is_sent_once_and_shredded() {
    let mut scene = Scene::new().await;
    scene.keep();
    assert_eq!(scene.delivery.look().await.unwrap(), Look::More);
    assert_eq!(count(&scene.delivery.store).await, 0);
    let recorded = recorded(&scene.delivery.store).await;
    assert!(recorded.len() == 1 && recorded[0].contains("\"about\":\"letter-code\""));
    assert!(recorded[0].contains("\"outcome\":\"done\""), "{recorded:?}");
    assert!(!scene.is_kept());
    // What is kept of it has no code in it.
    let plain = scene.code().text();
    let database = std::fs::read(scene.folder.path().join("nowhere")).unwrap();
    for text in [plain.clone(), plain.replace('-', "")] {
        assert!(!recorded[0].contains(&text));
        assert!(!database.windows(text.len()).any(|part| part == text.as_bytes()));
    }
}

#[tokio::test]
async fn a_message_code_that_is_not_there_yet_is_waited_for() {
    let mut scene = Scene::new().await;
    assert_eq!(scene.delivery.look().await.unwrap(), Look::More);
    assert_eq!(count(&scene.delivery.store).await, 1);
    assert!(recorded(&scene.delivery.store).await.is_empty());
    scene.keep();
    assert!(scene.is_kept(), "it is tried again after its pause");
}

#[tokio::test]
async fn nobody_is_sent_the_message_code_of_a_letter_that_is_over() {
    let mut scene = Scene::new().await;
    scene.keep();
    let void = scene.city.void_event(&scene.reference);
    scene.city.apply(void).unwrap();
    scene.follow();
    assert_eq!(scene.delivery.look().await.unwrap(), Look::More);
    let recorded = recorded(&scene.delivery.store).await;
    assert!(recorded.len() == 1 && recorded[0].contains("\"outcome\":\"refused\""));
    assert!(!scene.is_kept());
}

/// The code stands in the short message alone, and goes by no channel but that to telephones.
#[test]
fn a_message_code_goes_to_a_telephone_and_nowhere_else() {
    let reference = "5GPJWBSG64S36D1N";
    let code = MessageCode::new(reference, [7; 6]).unwrap();
    let facts = Facts { letter: Some(reference.into()), ..Facts::default() };
    let told = Notice::at(5, NoticeKind::LetterCode, (&wang().person, reference), facts);
    let before = words::write(&told, &wang(), "", &head());
    let written = before.clone().with_code(&code);
    for (short, end) in [(&written.short_zh, "。"), (&written.short_en, ".")] {
        assert!(short.ends_with(&format!("{}{end}", code.text())), "{short}");
    }
    assert_eq!((&written.text, &written.subject), (&before.text, &before.subject));
    for kind in [NoticeKind::Letter, NoticeKind::LetterCode] {
        let is_code = kind == NoticeKind::LetterCode;
        assert!(kind.goes_by("webhook"));
        for channel in ["mail", "spool"] {
            assert_eq!(kind.goes_by(channel), !is_code, "{kind:?} by {channel}");
        }
    }
}
