//! Debian's Chromium, driven by the scripts of `tests/browser`.

use crate::{Office, workspace};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// Runs a script of `tests/browser` with Node; what it prints.
pub fn node(script: &str, words: &[&str], given: &Value) -> String {
    let path = workspace().join("tests/browser").join(script);
    let done = Command::new("node")
        .args(if script.ends_with(".test.mjs") { &["--test"][..] } else { &[] })
        .arg(path)
        .args(words)
        .env("YINXIN_ACT", given.to_string())
        .output()
        .expect("node is there: make test-tools");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{script} {words:?}: {out}{err}");
    out.into_owned()
}

/// One person's browser, with its own home. It trusts the city's root.
pub struct Browser {
    home: tempfile::TempDir,
    given: Value,
}

impl Browser {
    /// Nobody's yet.
    pub fn new(office: &Office) -> Self {
        let home = tempfile::tempdir().unwrap();
        let given = json!({
            "home": home.path(), "file": home.path().join("own.p12"),
            "root": office.path(office.city["ca"]["root_pem"].as_str().unwrap()),
            "portal": office.trust.portal_public, "staff": office.trust.portal_staff,
        });
        Self { home, given }
    }

    /// With the certificate that a person of the founding has.
    pub fn of(office: &Office, person: &str) -> Self {
        let at = |end: &str| office.path(&format!("people/{person}.{end}"));
        let password = std::fs::read_to_string(at("p12.password")).unwrap();
        Self::new(office).with(&json!({ "p12": at("p12"), "password": password.trim() }))
    }

    /// Tells every act from now on.
    pub fn with(mut self, more: &Value) -> Self {
        self.given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self
    }

    /// What an act of `journey.mjs` saw.
    pub fn act(&self, act: &str, more: &Value) -> Value {
        let mut given = self.given.clone();
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_str(&node("journey.mjs", &[act], &given)).unwrap()
    }

    /// Where the page's downloads go.
    pub fn file(&self) -> PathBuf {
        self.home.path().join("own.p12")
    }
}
