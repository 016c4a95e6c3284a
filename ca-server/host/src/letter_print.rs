//! A letter as it is printed: one sheet of A4 that is folded and sealed. Whoever reads it can
//! apply, or revoke, in the addressee's name: it is written where only the operator reads, and
//! handed over like the file beside it.

use crate::durable::write_private;
use anyhow::Context;
use askama::Template;
use page::qr::{self, Picture};
use pki::Signer;
use pki::profile::LetterChannel;
use records::Bytes;
use records::draft::{Draft, DraftPlace};
use records::label::Label;
use records::letter::Letter;
use records::record::{Event, LetterStatement};
use std::path::Path;
use zeroize::Zeroizing;

#[derive(Template)]
#[template(path = "letter.html")]
struct Printed<'a> {
    letter: &'a Letter,
    /// The title in Chinese and in English.
    title: (&'static str, &'static str),
    is_loss: bool,
    /// Whether the addressee may apply on pages.
    by_page: bool,
    /// Whether a code that comes by short message is needed as well.
    by_message: bool,
    /// The letter can be used until then, in Beijing time.
    until: String,
    made: String,
    /// What the addressee's computer is told to trust, as pages show it.
    root: String,
    /// Which city it is, as `yinxin` shows it.
    founding: String,
    /// Opens the page with the reference filled in. Never the code: what reads it may tell others.
    code: Option<Picture>,
}

/// Writes a letter's file and its sheet, `….json` and `….html`.
pub fn write(letter: &Letter, file: &Path) -> anyhow::Result<()> {
    let json = Zeroizing::new(serde_json::to_string_pretty(letter)?);
    write_private(file, json.as_bytes())?;
    let printed = Zeroizing::new(print(letter)?);
    write_private(&file.with_extension("html"), printed.as_bytes())
}

/// Sheets of many letters as one document, a page each, in their order. What there is more of on
/// some sheets has room on all of them: a sheet that does not fit would move every fold behind it.
pub fn print_many(letters: &[Letter]) -> anyhow::Result<Zeroizing<String>> {
    let is_fuller = |letter: &&Letter| letter.channels.contains(&LetterChannel::Sms);
    let Some(fullest) = letters.iter().find(is_fuller).or(letters.first()) else {
        return Ok(Zeroizing::new(String::new()));
    };
    let fullest = Zeroizing::new(print(fullest)?);
    let (head, rest) = fullest.split_once("<body>").context("a sheet without a body")?;
    let (_, end) = rest.split_once("</body>").context("a sheet without an end")?;
    let mut document = Zeroizing::new([head, "<body>"].concat());
    for letter in letters {
        let sheet = Zeroizing::new(print(letter)?);
        let body = sheet.split_once("<body>").and_then(|(_, rest)| rest.split_once("</body>"));
        let (body, _) = body.context("a sheet without a body")?;
        for part in [r#"<div class="sheet">"#, body, "</div>"] {
            document.push_str(part);
        }
    }
    for part in ["</body>", end] {
        document.push_str(part);
    }
    Ok(document)
}

/// Makes the sheet of a letter as HTML.
fn print(letter: &Letter) -> anyhow::Result<String> {
    let is_loss = letter.label == "loss";
    let groups = |bytes: &Bytes| {
        let digest = bytes.digest().context("digest")?;
        let pairs = digest.chunks(2).map(|pair| data_encoding::HEXUPPER.encode(pair));
        anyhow::Ok(pairs.collect::<Vec<_>>().join(" "))
    };
    let door = if is_loss { "lost" } else { "letter" };
    let address = format!("{}/{door}#{}", letter.sheet.portal, letter.reference);
    let by_page = letter.label == "page";
    let sheet = Printed {
        letter,
        title: match is_loss {
            true => ("数字证书挂失密码信封", "Letter for reporting a loss"),
            false => ("数字证书密码信封", "Letter of enrolment"),
        },
        is_loss,
        by_page,
        by_message: letter.channels.contains(&LetterChannel::Sms),
        until: beijing(&letter.expires, 16)?,
        made: beijing(&letter.sheet.made, 10)?,
        root: groups(&letter.trust.root_sha256)?,
        founding: groups(&letter.trust.founding)?,
        code: (by_page || is_loss).then(|| qr::of(&address)).flatten(),
    };
    Ok(sheet.render()?)
}

/// The first characters of a time as it is in China.
fn beijing(utc: &str, characters: usize) -> anyhow::Result<String> {
    let there = records::time::beijing(utc).context("time")?;
    Ok(there.minute().get(..characters).unwrap_or_default().to_owned())
}

/// The record of a letter with the SHA-256 of its look-up key, its loss value and its suspension
/// value, signed by the registry key: nobody else can make one that counts.
pub fn letter_event(
    letter: &Letter,
    [lookup, loss, suspend]: [&[u8]; 3],
    (draft, registry): (Option<(&Draft, Option<&DraftPlace>)>, &dyn Signer),
) -> anyhow::Result<Event> {
    let statement = records::json::write(&LetterStatement {
        v: 1,
        reference: letter.reference.clone(),
        person: letter.person.clone(),
        profile: letter.profile.clone(),
        lookup_sha256: lookup.into(),
        loss_sha256: loss.into(),
        suspend_sha256: suspend.into(),
        expires: letter.expires.clone(),
        channels: letter.channels.clone(),
        draft: draft.map(|(draft, _)| Box::new(draft.clone())),
        place: draft.and_then(|(_, place)| place.cloned()),
    })?;
    let signature = Label::Letter.sign(registry, &statement)?;
    Ok(Event::Letter { statement: statement.into(), signature: signature.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::letter::Sheet;
    use records::trust::Trust;

    /// Sheets are as they were looked at; a name in them is text and no markup.
    #[test]
    fn sheets_are_as_they_were_looked_at() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
        let trust = Trust {
            v: 1,
            city: "商洛市".into(),
            sample: true,
            root_sha256: [7; 32].into(),
            founding: [7; 32].into(),
            arc: "1.3.6.1.4.1.32473".into(),
            logs: Vec::new(),
            portal_public: "https://portal.example".into(),
            portal_staff: "https://staff.example".into(),
            status: "https://status.example".into(),
            log: "https://log.example".into(),
        };
        let letter = Letter {
            v: 1,
            reference: "ABCDEFGHJKMNPQRS".into(),
            code: "01234-56789-ABCDE-FGHJK-MNPQR-STVWX".into(),
            name: "王<b>小明</b>".into(),
            person: "0123456789ABCDEF".into(),
            profile: "official".into(),
            label: String::new(),
            expires: "2026-12-01T16:00:00Z".into(),
            channels: Vec::new(),
            sheet: Sheet {
                made: "2026-11-24T16:00:00Z".into(),
                units: vec!["商洛市".into(), "商州区".into(), "区政府办公室".into()],
                desk: "市政务服务中心 3 号窗口 0914-0000000".into(),
                portal: "https://portal.example".into(),
            },
            trust,
        };
        let both = vec![LetterChannel::Paper, LetterChannel::Sms];
        let kinds = [
            ("page", "page", Vec::new()),
            ("cli", "cli", Vec::new()),
            ("loss", "loss", Vec::new()),
            ("page-message", "page", both.clone()),
            ("cli-message", "cli", both),
        ];
        for (name, label, channels) in kinds {
            let label = label.to_owned();
            let text = print(&Letter { label, channels, ..letter.clone() }).unwrap();
            assert_eq!(text.contains("短信码"), name.ends_with("-message"), "{name}");
            let file = folder.join(format!("letters/{name}.html"));
            if std::env::var("YINXIN_GOLDEN").is_ok_and(|what| what == "write") {
                std::fs::write(&file, &text).unwrap();
            }
            assert!(std::fs::read_to_string(&file).unwrap_or_default() == text, "{name} changed");
            assert!(!text.contains("<b>") && text.contains(&letter.code), "{name}");
        }
        let letter = Letter { label: "page".into(), ..letter };
        let other = Letter { reference: "ABCDEFGHJKMNPQRT".into(), ..letter.clone() };
        let all = print_many(&[letter.clone(), other.clone(), letter.clone()]).unwrap();
        for (part, count) in [("<body>", 1), ("</body>", 1), ("</html>", 1), ("<main>", 3)] {
            assert_eq!(all.matches(part).count(), count, "{part}");
        }
        assert!(all.contains(&other.reference) && all.contains(&letter.reference));
        // However many have a second code, and wherever they stand among the others.
        let tight = "/* Two codes on one sheet. */";
        let two = Letter { channels: vec![LetterChannel::Paper, LetterChannel::Sms], ..other };
        assert!(!all.contains(tight));
        let mixed = print_many(&[letter.clone(), two, letter]).unwrap();
        assert_eq!((mixed.matches(tight).count(), mixed.matches("<main>").count()), (1, 3));
    }
}
