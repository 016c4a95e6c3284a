//! What an application refuses: what was replayed, altered, made elsewhere, is late, or is of
//! another connection.

use super::*;
use axum::http::HeaderValue;
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

/// The key of RFC 7515, appendix A.3, which everybody knows: d, x and y.
const KEY: [&str; 3] = [
    "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
];
/// What stands before d in its PKCS#8 (RFC 5958, RFC 5915), and between d and the point.
const BEFORE: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
const BETWEEN: [u8; 6] = [0xa1, 0x44, 0x03, 0x42, 0x00, 0x04];
const SHARED: &[u8] = &[7; 32];
const TARGET: &str = "/documents/sz-office/2026-001?page=2";

/// A gate, as far as its application sees it.
struct Gate {
    folder: tempfile::TempDir,
    key: EncodingKey,
}

impl Gate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let part = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        let before = data_encoding::BASE64.decode(BEFORE.as_bytes()).unwrap();
        let [d, x, y] = KEY.map(part);
        let der = [before, d, BETWEEN.to_vec(), x, y].concat();
        let [_, x, y] = KEY;
        let jwk = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig",
                          "kid": "k", "x": x, "y": y });
        let jwks = serde_json::to_vec(&json!({ "keys": [jwk] })).unwrap();
        std::fs::write(folder.path().join("jwks.json"), jwks).unwrap();
        Self { folder, key: EncodingKey::from_ec_der(&der) }
    }

    fn application(&self, shared: Option<&[u8]>) -> Verifier {
        let jwks = self.folder.path().join("jwks.json");
        Verifier::new(jwks.to_str().unwrap(), "gate-1", "exchange", shared)
    }

    fn token(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("k".into());
        encode(&header, claims, &self.key).unwrap()
    }

    /// A token of a connection.
    fn of_connection(&self, connection: &str) -> String {
        self.token(&of_connection(connection))
    }
}

fn of_connection(connection: &str) -> Value {
    let now = get_current_timestamp();
    json!({ "iss": "gate-1", "aud": "exchange", "iat": now, "exp": now + 600, "con": connection,
            "sub": "P", "name": "王小明", "org": ["sz", "sz-office"] })
}

fn proof(shared: &[u8], token: &str, (jti, iat): (&str, u64), asked: (&str, &str)) -> String {
    let digest = BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes()));
    let (method, target) = asked;
    let proven = format!("yinxin-request-v1\0{digest}\n{jti}\n{iat}\n{method}\n{target}");
    let key = EncodingKey::from_secret(shared);
    let hmac = crypto::sign(proven.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{jti}.{iat}.{hmac}")
}

fn fields(token: &str, proof: Option<&str>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    fields.insert("yinxin-identity", HeaderValue::from_str(token).unwrap());
    if let Some(proof) = proof {
        fields.insert("yinxin-request", HeaderValue::from_str(proof).unwrap());
    }
    fields
}

#[test]
fn a_request_of_a_connection_is_taken_once_and_as_it_was_proven() {
    let (gate, now) = (Gate::new(), get_current_timestamp());
    let application = gate.application(Some(SHARED));
    let (one, other) = (gate.of_connection("gate-1/A/1"), gate.of_connection("gate-1/A/2"));
    let asked = ("GET", TARGET);
    let made = |jti: &str| proof(SHARED, &one, (jti, now), asked);
    let verify = |token: &str, proof: Option<&str>, asked| {
        application.verify(&fields(token, proof), asked, now)
    };
    let first = made("gate-1/A/7");
    let who = verify(&one, Some(&first), asked).unwrap();
    assert_eq!((who.sub.as_str(), who.jti.as_str()), ("P", "gate-1/A/7"));
    assert_eq!(verify(&one, Some(&first), asked), None, "replayed");
    assert!(verify(&one, Some(&made("gate-1/A/8")), asked).is_some());

    let next = made("gate-1/A/9");
    for (what, token, proof, asked) in [
        ("another method", &one, next.clone(), ("PUT", TARGET)),
        ("another target", &one, next.clone(), ("GET", "/documents/sz-office/2026-001")),
        ("another connection", &other, next.clone(), asked),
        ("another request", &one, next.replace("/9.", "/10."), asked),
        ("another time", &one, next.replace(&format!(".{now}."), &format!(".{}.", now + 1)), asked),
        ("another key", &one, proof(&[8; 32], &one, ("gate-1/A/9", now), asked), asked),
        ("no proof of ours", &one, "gate-1/A/9".into(), asked),
        ("nothing behind it", &one, format!("gate-1/A/9.{now}."), asked),
    ] {
        assert_eq!(verify(token, Some(&proof), asked), None, "{what}");
    }
    assert_eq!(verify(&one, None, asked), None, "a token alone");
    assert!(verify(&one, Some(&next), asked).is_some(), "none of these took its place");
}

#[test]
fn a_proof_is_late_after_a_minute_and_known_again_for_longer() {
    let (gate, now) = (Gate::new(), get_current_timestamp());
    let application = gate.application(Some(SHARED));
    let (token, asked) = (gate.of_connection("gate-1/A/1"), ("GET", TARGET));
    for (number, late, is_taken) in [(1, 60, true), (2, 61, false), (3, 3_600, false)] {
        let proof = proof(SHARED, &token, (&format!("gate-1/A/{number}"), now), asked);
        let fields = fields(&token, Some(&proof));
        assert_eq!(application.verify(&fields, asked, now + late).is_some(), is_taken, "{late}");
    }
    // One that was taken ahead of our clock is known until it is late.
    let ahead = proof(SHARED, &token, ("gate-1/A/4", now + 60), asked);
    let fields = fields(&token, Some(&ahead));
    assert!(application.verify(&fields, asked, now).is_some());
    for later in [0, 60, 119, 120, 121] {
        assert_eq!(application.verify(&fields, asked, now + later), None, "{later}");
    }
}

#[test]
fn a_token_of_another_gate_application_or_time_is_refused() {
    let (gate, now, asked) = (Gate::new(), get_current_timestamp(), ("GET", TARGET));
    let application = gate.application(Some(SHARED));
    let mut number = 0;
    let mut verify = |claims: &Value| {
        number += 1;
        let token = gate.token(claims);
        let proof = proof(SHARED, &token, (&format!("gate-1/A/{number}"), now), asked);
        application.verify(&fields(&token, Some(&proof)), asked, now)
    };
    let good = of_connection("gate-1/A/1");
    assert!(verify(&good).is_some());
    for (name, value) in [
        ("iss", json!("gate-2")),
        ("aud", json!("other")),
        ("exp", json!(now - 60)),
        ("con", Value::Null),
        ("sub", Value::Null),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        assert_eq!(verify(&claims), None, "{name}");
    }
    // Signed by nobody, or by the key that is shared: the gate's own key signs.
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("k".into());
    let forged = encode(&header, &good, &EncodingKey::from_secret(SHARED)).unwrap();
    let proof = proof(SHARED, &forged, ("gate-1/B/1", now), asked);
    assert_eq!(application.verify(&fields(&forged, Some(&proof)), asked, now), None);
}

/// A token of one kind is none of the other, whatever stands beside it.
#[test]
fn a_token_of_a_request_is_none_of_a_connection() {
    let (gate, now, asked) = (Gate::new(), get_current_timestamp(), ("GET", TARGET));
    let htu = BASE64URL_NOPAD.encode(&Sha256::digest(TARGET.as_bytes()));
    let mut claims = of_connection("gate-1/A/1");
    claims["con"].take();
    for (name, value) in [("jti", "gate-1/A/7"), ("htm", "GET"), ("htu", htu.as_str())] {
        claims[name] = json!(value);
    }
    let of_request = gate.token(&claims);
    let plain = gate.application(None);
    assert!(plain.verify(&fields(&of_request, None), asked, now).is_some());
    for other in [("PUT", TARGET), ("GET", "/")] {
        assert_eq!(plain.verify(&fields(&of_request, None), other, now), None, "{other:?}");
    }
    let of_connection = gate.of_connection("gate-1/A/1");
    let beside = proof(SHARED, &of_connection, ("gate-1/A/8", now), asked);
    assert_eq!(plain.verify(&fields(&of_connection, Some(&beside)), asked, now), None);
    let sharing = gate.application(Some(SHARED));
    let beside = proof(SHARED, &of_request, ("gate-1/A/9", now), asked);
    assert_eq!(sharing.verify(&fields(&of_request, Some(&beside)), asked, now), None);
}

/// So many requests are known again at once; beyond them none is served, until some are late.
#[test]
fn served_requests_have_an_end() {
    let (gate, now) = (Gate::new(), get_current_timestamp());
    let application = gate.application(Some(SHARED));
    let (token, asked) = (gate.of_connection("gate-1/A/1"), ("GET", TARGET));
    let known = (1..SERVED_MAX).map(|one| (format!("gate-1/B/{one}"), now + 60));
    *application.served.lock().unwrap() = known.collect();
    for (number, at, is_served) in [(1, now, true), (2, now, false), (3, now + 60, true)] {
        let proof = proof(SHARED, &token, (&format!("gate-1/A/{number}"), at), asked);
        let fields = fields(&token, Some(&proof));
        assert_eq!(application.verify(&fields, asked, at).is_some(), is_served, "{number}");
    }
}
