//! Pages: what all of them have in common. A page is a template with its words in both languages;
//! it shows what the CA says and decides nothing. In reading order: [`frame`] (what stands around
//! every page, with the [`menu`]), [`answer`] (how a page leaves), [`asset`], [`asked`] and
//! [`form`] and [`upload`] (what comes in), [`facts`] (what is listed); languages, style and policy
//! are those of every page, in crate `page`.

pub(crate) mod address;
pub(crate) mod answer;
pub(crate) mod asset;
pub(crate) mod choose_language;
pub(crate) mod facts;
pub(crate) mod fetch_asset;
pub(crate) mod form;
pub(crate) mod frame;
pub(crate) mod menu;
pub(crate) mod problem;
pub(crate) mod suspended;
pub(crate) mod upload;

pub(crate) use address::{FromPath, FromQuery};
pub(crate) use answer::page;
pub(crate) use form::{Posted, is_own_step};
pub(crate) use frame::Frame;
#[cfg(test)]
pub(crate) use menu::sample_names;
pub(crate) use page::policy::policy_with;
pub(crate) use page::{Language, Marked, cookie, show, words};
