//! The place of a role on its host: one process at a time. It is held before anything else of the
//! role is opened, so that a second start takes no doorbell, floor or journal from the first.

use crate::config::CaConfig;
use anyhow::Context;
use records::Code;
use std::fs::File;
use std::io::ErrorKind;

/// The role runs already.
#[derive(Debug, thiserror::Error)]
#[error(
    "{code}：{role} 已在本机运行；下一步：先停止该进程 / {code}: {role} runs on this host already; \
     next: stop that process first",
    code = Code::StateConflict
)]
pub struct RoleRuns {
    role: String,
}

/// Held as long as a process serves a role; it ends with the process, however that ends.
pub struct RolePlace {
    _file: File,
}

impl RolePlace {
    /// Takes the place, or says that it is taken.
    pub fn hold(config: &CaConfig, role: &str) -> anyhow::Result<Self> {
        let path = config.path(role).join("lock");
        let file = system::file::open_lock(&path).with_context(|| path.display().to_string())?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(RoleRuns { role: role.into() }.into()),
            Err(std::fs::TryLockError::Error(error)) if error.kind() == ErrorKind::WouldBlock => {
                Err(RoleRuns { role: role.into() }.into())
            }
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }
}
