//! Loss letters of the first people: the code inside can revoke, and nothing else.

use super::statement::Statement;
use ca_host::{letter_print, random};
use records::letter::{EnrolmentCode, Letter, LetterKeys, Sheet};
use records::trust::Trust;
use std::path::Path;

/// Makes a loss letter for every first person.
pub(super) fn loss_letters(
    statement: &Statement,
    trust: &Trust,
    now: u64,
) -> anyhow::Result<Vec<Letter>> {
    let mut letters = Vec::new();
    for (person, name) in &statement.names {
        let code = EnrolmentCode::new(random::bytes()?);
        letters.push(Letter {
            v: 1,
            reference: random::id()?,
            code: code.text(),
            name: name.value.as_str().unwrap_or_default().to_owned(),
            person: person.clone(),
            profile: "staff".into(),
            label: "loss".into(),
            expires: records::time::seconds(now),
            channels: Vec::new(),
            sheet: Sheet {
                made: records::time::seconds(now),
                portal: trust.portal_public.clone(),
                ..Sheet::default()
            },
            trust: trust.clone(),
        });
    }
    Ok(letters)
}

/// Writes each letter where only the operator reads it, to be printed and handed over.
pub(super) fn write(letters: &[Letter], folder: &Path) -> anyhow::Result<()> {
    for letter in letters {
        let path = folder.join(format!("people/{}.loss.json", letter.person));
        letter_print::write(letter, &path)?;
    }
    Ok(())
}

/// SHA-256 of the look-up key, of the loss value and of the suspension value of a letter.
pub(super) fn digests(letter: &Letter, founding: &[u8; 32]) -> anyhow::Result<[Vec<u8>; 3]> {
    use sha2::{Digest, Sha256};
    let code = EnrolmentCode::read(&letter.code)?;
    let keys = LetterKeys::derive(founding, &letter.reference, &code);
    let loss = keys.loss_value(&letter.reference);
    let suspend = keys.suspension_value(&letter.reference);
    Ok([keys.lookup(), &loss, &suspend].map(|bytes| Sha256::digest(bytes).to_vec()))
}
