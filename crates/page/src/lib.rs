//! What every page of ours has, whoever serves it, the portal or somebody's own `yinxin`: the
//! policy that keeps everything foreign out ([`policy`]), words in two languages ([`language`]),
//! facts written for people ([`show`]) with foreign text set apart ([`marked`]), codes for paper
//! ([`qr`]), one style ([`STYLE`]).

pub mod cookie;
pub mod language;
pub mod marked;
pub mod policy;
pub mod qr;
pub mod show;

pub use language::Language;
pub use marked::Marked;

/// All pages have this one stylesheet.
pub const STYLE: &[u8] = include_bytes!("../assets/app.css");
/// The picture in every header.
pub const ICON: &[u8] = include_bytes!("../assets/icon.svg");

#[cfg(test)]
mod tests {
    #[test]
    fn the_style_stays_small() {
        assert!(super::STYLE.len() < 10 * 1024, "{} bytes", super::STYLE.len());
    }
}
