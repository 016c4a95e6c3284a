//! The routes of JSON, as the authorization matrix lists them.

/// One line of the authorization matrix.
#[derive(Clone, Copy, Debug)]
pub struct PortalRoute {
    /// `public` or `staff`.
    pub host: &'static str,
    /// Path; every route is a POST of JSON.
    pub path: &'static str,
    /// What it does, as its events say it.
    pub act: &'static str,
    /// Who may: `letter` for holders of a letter's look-up key, otherwise roles; the CA decides.
    pub who: &'static [&'static str],
}
