//! Named points at which a test kills the process. Release builds have none of this.

/// A point of an act: `ACT-STEP`.
pub fn point_of(act: &str, step: &str) {
    if cfg!(debug_assertions) {
        point(&format!("{act}-{step}"));
    }
}

/// In debug builds, kills this process like `kill -9` if `YINXIN_CRASH_AT` names this point.
pub fn point(name: &str) {
    if cfg!(debug_assertions) && std::env::var("YINXIN_CRASH_AT").is_ok_and(|at| at == name) {
        tracing::error!(point = name, "killed here, as asked by YINXIN_CRASH_AT");
        std::process::abort();
    }
}
