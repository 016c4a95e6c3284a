//! QR codes (ISO/IEC 18004) for paper: what a template draws as one path, without markup of ours.

use qrcode::{Color, EcLevel, QrCode};

/// Blank modules around the code, as readers need them.
const QUIET: usize = 4;

/// A QR code that is to be drawn, module by module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Modules a side, the blank ones counted: the view box.
    pub side: usize,
    /// The dark modules, the data of an SVG path.
    pub path: String,
}

/// The code of an address; nothing if it is too long for one.
pub fn of(text: &str) -> Option<Picture> {
    // A sheet is folded and handled: a quarter of the code may be lost.
    drawn(text, EcLevel::Q)
}

/// The code of a whole document behind an address, a thousand characters and more: as few modules
/// as that takes, so that it is still read from paper.
pub fn of_document(text: &str) -> Option<Picture> {
    drawn(text, EcLevel::L)
}

fn drawn(text: &str, level: EcLevel) -> Option<Picture> {
    let code = QrCode::with_error_correction_level(text, level).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (place, _) in code.to_colors().iter().enumerate().filter(|(_, c)| **c == Color::Dark) {
        let (x, y) = (place % width + QUIET, place / width + QUIET);
        path.push_str(&format!("M{x} {y}h1v1h-1z"));
    }
    Some(Picture { side: width + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_drawn_and_a_book_is_not() {
        let picture = of("https://portal.example/letter#ABCDEFGHJKMNPQRS").unwrap();
        // The corner of the first finder pattern, behind the quiet zone.
        assert!(picture.path.starts_with("M4 4h1v1h-1zM5 4h1v1h-1z"), "{}", picture.path);
        assert!(picture.side > 8 + 21 && picture.side < 60, "{}", picture.side);
        assert_eq!(of(&"a".repeat(4_000)), None);
    }

    #[test]
    fn a_document_takes_fewer_modules() {
        let text = "https://portal.example/receipt#".to_owned() + &"a".repeat(1_000);
        let (document, address) = (of_document(&text).unwrap(), of(&text).unwrap());
        assert!(document.side < 8 + 112 && document.side < address.side, "{}", document.side);
        assert_eq!(of_document(&"a".repeat(4_000)), None);
    }
}
