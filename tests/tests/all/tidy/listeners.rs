//! Every connection of ours comes through `mtls::listen`, with its limits: nobody else takes an
//! address or accepts, but the few that are known.

use super::sources::{crates, shown, tokens};

/// Where an address is taken, a connection accepted or a router served, and why.
const KNOWN: [(&str, &str); 11] = [
    // The accept loop itself.
    ("crates/mtls/src/listen/accept.rs", "accept"),
    // Takes an address for it, and says which setting chooses another one.
    ("crates/service/src/listen.rs", "TcpListener::bind"),
    // Looks whether one could be taken, and listens nowhere.
    ("crates/service/src/listen.rs", "TcpSocket"),
    // Takes one that whoever started the process holds for it.
    ("crates/service/src/inherited.rs", "TcpListener::from_std"),
    // Takes an address of loopback for it, which leads through a tunnel.
    ("crates/cli/src/connect.rs", "TcpListener::bind"),
    // Takes its own address, of loopback, for it; and the other one, on which nobody listens.
    ("crates/cli/src/desk.rs", "TcpListener::bind"),
    ("crates/cli/src/desk.rs", "TcpSocket"),
    // The socket for applications of a machine, which is a file of the gate's user and group.
    ("agent/src/gate/call/socket.rs", "UnixListener"),
    ("agent/src/gate/call/socket.rs", "accept"),
    // The operators' socket, which is a file of one user.
    ("ca-server/issuer/src/socket.rs", "UnixListener"),
    ("ca-server/issuer/src/socket.rs", "accept"),
];

/// What a text does that only a listener does. Streams of HTTP/2 are accepted in connections that
/// came through the loop.
fn listens(text: &str) -> Vec<&'static str> {
    let words = tokens(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default());
    let has = |parts: &[&str]| words.windows(parts.len()).any(|window| window == parts);
    let marks: [(&[&str], &str); 6] = [
        (&["TcpListener", "::", "bind"], "TcpListener::bind"),
        (&["TcpListener", "::", "from_std"], "TcpListener::from_std"),
        (&["UnixListener", "::", "bind"], "UnixListener"),
        (&["axum", "::", "serve"], "axum::serve"),
        (&["TcpSocket", "::"], "TcpSocket"),
        (&["listener", ".", "accept", "("], "accept"),
    ];
    marks.into_iter().filter(|(parts, _)| has(parts)).map(|(_, name)| name).collect()
}

#[test]
fn every_listener_goes_through_the_one_accept_loop() {
    let mut found = Vec::new();
    for one in crates().iter().filter(|one| one.is_shipped()) {
        for path in one.files() {
            let name = shown(&path);
            if name.contains("/tests/") || name.ends_with("/tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(listens(&text).into_iter().map(|what| (name.clone(), what.to_owned())));
        }
    }
    found.sort();
    let known = KNOWN.map(|(path, what)| (path.to_owned(), what.to_owned()));
    let mut known = known.to_vec();
    known.sort();
    assert_eq!(found, known, "connections come through mtls::listen");
}

#[test]
fn what_listens_is_seen() {
    assert_eq!(listens("let l = tokio::net::TcpListener::bind(at).await?;"), ["TcpListener::bind"]);
    assert_eq!(listens("axum::serve(listener, router).await"), ["axum::serve"]);
    assert_eq!(listens("let (stream, _) = listener.accept().await?;"), ["accept"]);
    assert!(listens("let accepted = connection.accept().await;").is_empty());
    assert!(listens("// TcpListener::bind\nfn a() {}\n#[cfg(test)]\nmod tests {}").is_empty());
}
