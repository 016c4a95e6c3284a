//! Pages: what all of them have in common. A page is a template with its words in both languages;
//! it shows what the CA says and decides nothing. In reading order: [`language`], [`frame`] (what
//! stands around every page, with the [`menu`]), [`answer`] (how a page leaves), [`asset`],
//! [`asked`] and [`form`] (what comes in), [`show`] (how facts are written for people).

pub(crate) mod answer;
pub(crate) mod asked;
pub(crate) mod asset;
pub(crate) mod choose_language;
pub(crate) mod cookie;
pub(crate) mod fetch_asset;
pub(crate) mod form;
pub(crate) mod frame;
pub(crate) mod language;
pub(crate) mod menu;
pub(crate) mod problem;
pub(crate) mod show;

pub(crate) use answer::page;
pub(crate) use asked::{FromPath, FromQuery};
pub(crate) use form::{Posted, is_own_step};
pub(crate) use frame::Frame;
pub(crate) use language::{Language, words};
