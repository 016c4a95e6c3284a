//! What is done outside of rows once a round is durable: letters, join files and policy files.
//! Whatever is lost here by a crash is made again by who asked: a letter that was recorded and not
//! written opens nothing.

use crate::context::IssuanceContext;
use crate::error::IssuerError;
use crate::round::Effect;
use ca_host::durable::{write_file, write_private};
use ca_host::letter_print;

/// Carries effects out.
pub(crate) fn carry_out(
    context: &IssuanceContext,
    effects: Vec<Effect>,
) -> Result<(), IssuerError> {
    for effect in effects {
        match effect {
            Effect::File(path, bytes) => write_private(&context.config.path(&path), &bytes)?,
            Effect::Letter(path, letter) => {
                letter_print::write(&letter, &context.config.path(&path))?;
            }
            Effect::Policy(path, content) => {
                write_file(&context.config.path(&path), content.as_bytes())?;
            }
        }
    }
    Ok(())
}
