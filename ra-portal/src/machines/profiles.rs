//! The profiles of systems, as clients are told of them: by the directory of ACME, and as labels of
//! EST. Which one a system has, its order says.

/// Each with its sentence.
pub(crate) const PROFILES: [(&str, &str); 3] = [
    ("server", "网站与服务器的 TLS 证书 / TLS servers"),
    ("system", "业务系统之间互相证明身份 / systems that prove who they are to each other"),
    ("device", "网络设备 / network devices"),
];

/// Whether a profile is one of systems.
pub(crate) fn is_profile(id: &str) -> bool {
    PROFILES.iter().any(|(profile, _)| *profile == id)
}
