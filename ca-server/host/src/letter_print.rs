//! A letter as it is printed: one sheet of A4 that is folded and sealed. Whoever reads it can
//! apply, or revoke, in the addressee's name: it is written where only the operator reads, and
//! handed over like the file beside it.

use crate::durable::write_private;
use anyhow::Context;
use askama::Template;
use pki::Signer;
use records::label::Label;
use records::letter::Letter;
use records::record::{Event, LetterStatement};
use std::path::Path;
use zeroize::Zeroizing;

#[derive(Template)]
#[template(path = "letter.html")]
struct Sheet<'a> {
    letter: &'a Letter,
    /// 中文, English.
    title: (&'static str, &'static str),
    is_loss: bool,
    /// Whether the addressee may apply on pages.
    by_page: bool,
    /// In Beijing time.
    until: String,
    /// Which city it is, as `yinxin` shows it.
    founding: String,
}

/// Writes a letter's file and its sheet, `….json` and `….html`.
pub fn write(letter: &Letter, file: &Path) -> anyhow::Result<()> {
    let json = Zeroizing::new(serde_json::to_string_pretty(letter)?);
    write_private(file, json.as_bytes())?;
    let printed = Zeroizing::new(print(letter)?);
    write_private(&file.with_extension("html"), printed.as_bytes())
}

/// The sheet, HTML.
fn print(letter: &Letter) -> anyhow::Result<String> {
    let is_loss = letter.label == "loss";
    let expires = records::time::read(&letter.expires).context("expires")?;
    // China has one time, eight hours ahead, all the year.
    let until = records::time::seconds(expires + 8 * 3_600);
    let until = until.get(..16).unwrap_or_default().replace('T', " ");
    let digest = letter.trust.founding.digest().context("founding")?;
    let groups: Vec<String> =
        digest.chunks(2).map(|pair| data_encoding::HEXUPPER.encode(pair)).collect();
    let sheet = Sheet {
        letter,
        title: match is_loss {
            true => ("证书挂失信函", "Letter for reporting a loss"),
            false => ("证书领证信函", "Letter of enrolment"),
        },
        is_loss,
        by_page: letter.label == "page",
        until,
        founding: groups.join(" "),
    };
    Ok(sheet.render()?)
}

/// The record of a letter with the SHA-256 of its look-up key, its loss value and its suspension
/// value, signed by the registry key: nobody else can make one that counts.
pub fn letter_event(
    letter: &Letter,
    [lookup, loss, suspend]: [&[u8]; 3],
    registry: &dyn Signer,
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
    })?;
    let signature = Label::Letter.sign(registry, &statement)?;
    Ok(Event::Letter { statement: statement.into(), signature: signature.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
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
            trust,
        };
        for label in ["page", "cli", "loss"] {
            let text = print(&Letter { label: label.into(), ..letter.clone() }).unwrap();
            let file = folder.join(format!("letters/{label}.html"));
            if std::env::var("YINXIN_GOLDEN").is_ok_and(|what| what == "write") {
                std::fs::write(&file, &text).unwrap();
            }
            assert!(std::fs::read_to_string(&file).unwrap_or_default() == text, "{label} changed");
            assert!(!text.contains("<b>") && text.contains(&letter.code), "{label}");
        }
    }
}
