//! How each server is started with its recipe: what a recipe leaves to the rest of a server's
//! configuration stands here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::Running;

/// A server with a recipe.
pub(super) struct Server {
    /// The language of its block in the document.
    pub(super) language: &'static str,
    /// Whether it looks at revocation lists.
    pub(super) knows_lists: bool,
    /// Starts it in a folder, with the text of its recipe, at a port.
    pub(super) start: fn(&Path, (&str, u16)) -> Running,
}

pub(super) const SERVERS: [Server; 7] = [
    Server { language: "nginx", knows_lists: true, start: nginx },
    Server { language: "apache", knows_lists: true, start: apache },
    Server { language: "haproxy", knows_lists: true, start: haproxy },
    Server { language: "caddy", knows_lists: false, start: caddy },
    Server { language: "python", knows_lists: true, start: python },
    Server { language: "go", knows_lists: true, start: go },
    Server { language: "js", knows_lists: true, start: node },
];

/// Writes what a server reads; where.
fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn started(folder: &Path, command: &mut Command) -> Running {
    let log = std::fs::File::create(folder.join("server.log")).unwrap();
    command.current_dir(folder).env("HOME", folder).stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.stderr(log).spawn();
    Running::new(child.unwrap_or_else(|error| panic!("{command:?}: {error}")))
}

fn nginx(folder: &Path, (recipe, _): (&str, u16)) -> Running {
    let at = folder.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = kinds.map(|kind| format!("{kind}_temp_path {at}/{kind};\n")).concat();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {at}/nginx.pid;\nerror_log {at}/nginx.log;\n\
         events {{}}\nhttp {{\naccess_log off;\n{temporary}{recipe}}}\n"
    );
    let path = written(folder, "nginx.conf", &text);
    let log = folder.join("nginx.log");
    started(folder, Command::new("nginx").arg("-e").arg(log).arg("-c").arg(path))
}

fn apache(folder: &Path, (recipe, _): (&str, u16)) -> Running {
    let at = folder.display();
    let modules = ["mpm_event", "authz_core", "socache_shmcb", "ssl"];
    let modules = modules
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"));
    let recipe = recipe.replace("/var/www/html", &at.to_string());
    let text = format!(
        "ServerRoot {at}\nServerName localhost\nDefaultRuntimeDir {at}\nPidFile {at}/apache.pid\n\
         ErrorLog {at}/apache.log\n{}User www-data\nGroup www-data\n{recipe}",
        modules.concat()
    );
    let path = written(folder, "apache.conf", &text);
    started(folder, Command::new("apache2").args(["-X", "-f"]).arg(path))
}

fn haproxy(folder: &Path, (recipe, _): (&str, u16)) -> Running {
    let path = written(folder, "haproxy.cfg", recipe);
    started(folder, Command::new("haproxy").args(["-db", "-f"]).arg(path))
}

fn caddy(folder: &Path, (recipe, _): (&str, u16)) -> Running {
    let global = "{\n    admin off\n    auto_https disable_redirects\n    skip_install_trust\n}\n";
    let path = written(folder, "Caddyfile", &format!("{global}{recipe}"));
    let words = ["run", "--adapter", "caddyfile", "--config"];
    started(folder, Command::new("caddy").args(words).arg(path))
}

fn python(folder: &Path, (recipe, _): (&str, u16)) -> Running {
    let path = written(folder, "server.py", recipe);
    started(folder, Command::new("python3").arg(path))
}

fn node(folder: &Path, (recipe, _): (&str, u16)) -> Running {
    let path = written(folder, "server.cjs", recipe);
    started(folder, Command::new("node").arg(path))
}

/// The recipe is a function; what calls it as the document says is this.
fn go(folder: &Path, (recipe, port): (&str, u16)) -> Running {
    let at = folder.display();
    let text = format!(
        r#"package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"time"
)

{recipe}
func main() {{
	pool, file := x509.NewCertPool(), "{at}/ca.pem"
	text, _ := os.ReadFile(file)
	pool.AppendCertsFromPEM(text)
	answer := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {{}})
	server := http.Server{{Addr: ":{port}", Handler: answer}}
	server.TLSConfig = &tls.Config{{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
		SessionTicketsDisabled: true, VerifyPeerCertificate: refuseRevoked}}
	panic(server.ListenAndServeTLS("{at}/server.pem", "{at}/server.key"))
}}
"#
    );
    let (path, built) = (written(folder, "server.go", &text), folder.join("server"));
    let mut command = Command::new("go");
    command.args(["build", "-o"]).arg(&built).arg(path).current_dir(folder);
    command.env("HOME", folder).env("GOCACHE", tests::target().join("go-cache"));
    let done = command.env("GO111MODULE", "off").output().expect("go");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    started(folder, &mut Command::new(built))
}
