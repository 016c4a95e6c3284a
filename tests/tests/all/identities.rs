//! Tokens of connections: what an application gets of them, and that no client brings one.

use crate::http1_framing::{OWN, Stage};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto, decode_header};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use tests::gate::get;

fn field(got: &str, name: &str) -> String {
    let mut lines = got.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_else(|| panic!("no {name}: {got}")).to_owned()
}

/// Requests of one connection share a token, those of another have another one; each has a proof of
/// its own, under the key that lies there for the application, of exactly this request.
#[tokio::test]
async fn requests_of_a_connection_share_a_token_and_have_a_proof_each() {
    let stage = Stage::set("identity = \"connection\"\n").await;
    let key = std::fs::read_to_string(stage.office.path("gate/identity/request.key")).unwrap();
    let key = BASE64URL_NOPAD.decode(key.trim().as_bytes()).unwrap();
    let key = DecodingKey::from_secret(&key);
    let (mut tokens, mut requests) = (Vec::new(), BTreeSet::new());
    for _ in 0..2 {
        let mut sender = stage.gate.h1(&stage.office, &stage.person).await;
        for page in 1..=2 {
            let target = format!("{OWN}?page={page}");
            let (status, got) = get(&mut sender, &target).await;
            assert_eq!(status, 200);
            let (token, proof) = (field(&got, "yinxin-identity"), field(&got, "yinxin-request"));
            let header = decode_header(&token).unwrap();
            assert_eq!(header.typ.as_deref(), Some("yinxin-connection+jwt"));
            let (said, hmac) = proof.rsplit_once('.').unwrap();
            let (jti, iat) = said.rsplit_once('.').unwrap();
            let digest = BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes()));
            let proven =
                |target: &str| format!("yinxin-request-v1\0{digest}\n{jti}\n{iat}\nGET\n{target}");
            let is_of = |target: &str| {
                crypto::verify(hmac, proven(target).as_bytes(), &key, Algorithm::HS256).unwrap()
            };
            assert!(is_of(&target), "{proof}");
            assert!(!is_of(OWN), "of another target");
            requests.insert(jti.to_owned());
            tokens.push(token);
        }
    }
    assert!(tokens[0] == tokens[1] && tokens[2] == tokens[3] && tokens[0] != tokens[2]);
    assert_eq!(requests.len(), 4, "each is another record");

    let forged = "Yinxin-Request: forged\r\nYinxin-Identity: forged\r\nyinxin_request: forged\r\n";
    let head = format!("GET {OWN} HTTP/1.1\r\nHost: localhost\r\n{forged}\r\n");
    let (status, got) = stage.send(head.as_bytes()).await;
    assert_eq!((status, got.len()), (200, 1));
    assert!(!got[0].contains("forged"), "{}", got[0]);
    assert_eq!(got[0].to_lowercase().matches("yinxin-request: ").count(), 1);
}
