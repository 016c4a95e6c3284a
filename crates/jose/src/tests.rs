use super::*;
use crate::base64url::{decode, encode};
use aws_lc_rs::hmac;
use serde_json::{Value, json};

/// Requests for an account with a binding, made once with another library: a key of each kind.
const VECTORS: &str = include_str!("vectors.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn jws_of(alg: &str) -> FlatJws {
    FlatJws::read(vectors()[alg]["jws"].to_string().as_bytes()).unwrap()
}

fn key_of(alg: &str) -> Jwk {
    Jwk::read(&vectors()[alg]["jwk"]).unwrap()
}

fn url() -> String {
    vectors()["url"].as_str().unwrap().to_owned()
}

fn secret() -> Vec<u8> {
    decode(vectors()["secret"].as_str().unwrap()).unwrap()
}

/// The same JWS under another header.
fn under(protected: &Value) -> FlatJws {
    FlatJws { protected: encode(protected.to_string().as_bytes()), ..jws_of("ES256") }
}

fn es256_header() -> Value {
    serde_json::from_slice(&decode(&jws_of("ES256").protected).unwrap()).unwrap()
}

#[test]
fn each_kind_of_key_signs_and_is_named_as_others_name_it() {
    for alg in SignatureAlg::NAMES {
        let (jws, key) = (jws_of(alg), key_of(alg));
        assert_eq!(key.thumbprint(), vectors()[alg]["thumbprint"], "{alg}");
        assert_eq!(key.to_json(), vectors()[alg]["jwk"], "{alg}");
        assert_eq!(pki::PublicKey::read(&key.spki_der()).unwrap().spki(), key.spki_der(), "{alg}");
        let read = pki::PublicKey::read(&key.spki_der()).unwrap();
        assert_eq!(Jwk::of(&read), Some(key.clone()), "{alg}: from the registry and back");
        let header = jws.header().unwrap();
        assert_eq!(header.url, url());
        assert_eq!(header.nonce.as_deref(), Some("n-1"));
        assert_eq!(header.key, KeyOf::Jwk(key.clone()));
        let payload = jws.verify(&key).unwrap();
        let bound = binding(&payload, &url(), &key).unwrap();
        assert_eq!(bound.kid, "site.0123456789abcdef");
        assert_eq!(bound.verify(&secret()), Ok(()));
    }
}

#[test]
fn what_was_changed_is_not_verified() {
    for alg in SignatureAlg::NAMES {
        let (jws, key) = (jws_of(alg), key_of(alg));
        let other = FlatJws { payload: encode(b"{}"), ..jws.clone() };
        assert_eq!(other.verify(&key), Err(JoseError::Signature), "{alg}");
        let empty = FlatJws { signature: String::new(), ..jws.clone() };
        assert_eq!(empty.verify(&key), Err(JoseError::Signature), "{alg}");
        let foreign = Jwk::read(&vectors()["other"]).unwrap();
        assert_eq!(jws.verify(&foreign), Err(JoseError::Signature), "{alg}");
    }
}

/// A key in the header that is another than the one that is asked about is no signature of either.
#[test]
fn a_key_in_the_header_is_the_one_that_signed() {
    let mut header = es256_header();
    header["jwk"] = vectors()["other"].clone();
    assert_eq!(under(&header).verify(&key_of("ES256")), Err(JoseError::Signature));
}

#[test]
fn an_algorithm_fits_the_key_or_is_none() {
    for alg in ["none", "None", "", "HS256", "HS512", "PS256", "ES512", "RS1", "ES256K"] {
        let mut header = es256_header();
        header["alg"] = json!(alg);
        assert_eq!(under(&header).verify(&key_of("ES256")), Err(JoseError::Algorithm), "{alg}");
    }
    for alg in ["ES384", "RS256", "EdDSA"] {
        let mut header = es256_header();
        header["alg"] = json!(alg);
        assert_eq!(under(&header).verify(&key_of("ES256")), Err(JoseError::Algorithm), "{alg}");
    }
}

/// The public key taken as a secret: whoever knows it would sign in its holder's name.
#[test]
fn nobody_signs_with_a_public_key() {
    for alg in SignatureAlg::NAMES {
        let key = key_of(alg);
        let header = json!({ "alg": "HS256", "nonce": "n", "url": url(), "jwk": key.to_json() });
        let unsigned = FlatJws::of_parts(header.to_string().as_bytes(), b"{}", b"");
        for public in [key.spki_der(), key.public_key().raw().to_vec()] {
            let tag =
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), &unsigned.signing_input());
            let jws = FlatJws { signature: encode(tag.as_ref()), ..unsigned.clone() };
            assert_eq!(jws.verify(&key), Err(JoseError::Algorithm), "{alg}");
        }
    }
}

#[test]
fn a_header_says_whose_it_is_once() {
    let whole = es256_header();
    let without = |name: &str| {
        let mut header = whole.clone();
        header.as_object_mut().unwrap().remove(name);
        header
    };
    let with = |name: &str, value: Value| {
        let mut header = whole.clone();
        header[name] = value;
        header
    };
    let malformed = |header: &Value| matches!(under(header).header(), Err(JoseError::Malformed(_)));
    assert!(!malformed(&whole));
    assert!(malformed(&with("kid", json!("https://acme.test/acme/account/1"))), "jwk and kid");
    assert!(malformed(&with("kid", Value::Null)), "jwk and kid");
    assert!(malformed(&without("jwk")), "neither");
    assert!(malformed(&without("url")));
    assert!(malformed(&without("alg")));
    assert!(malformed(&with("b64", json!(false))));
    assert_eq!(under(&with("crit", json!(["exp"]))).header(), Err(JoseError::Critical));
    assert_eq!(under(&with("crit", json!([]))).header(), Err(JoseError::Critical));
    assert!(!malformed(&with("typ", json!("JWT"))), "what nobody knows is passed by");
    let mut account = without("jwk");
    account["kid"] = json!("https://acme.test/acme/account/1");
    let said = under(&account).header().unwrap().key;
    assert_eq!(said, KeyOf::Kid("https://acme.test/acme/account/1".into()));
    for kid in [json!(""), json!(7), Value::Null] {
        account["kid"] = kid;
        assert!(malformed(&account));
    }
    let twice = r#"{"alg":"ES256","alg":"ES256","url":"u","kid":"k"}"#;
    let jws = FlatJws { protected: encode(twice.as_bytes()), ..jws_of("ES256") };
    assert!(matches!(jws.header(), Err(JoseError::Malformed(_))), "a name twice");
}

#[test]
fn base64url_has_one_spelling() {
    let good = jws_of("ES256");
    for change in [
        |text: &str| format!("{text}="),
        |text: &str| format!("{text}\n"),
        |text: &str| text.replace(['-', '_'], "+"),
    ] {
        for part in 0..3 {
            let mut bad = good.clone();
            let text = match part {
                0 => &mut bad.protected,
                1 => &mut bad.payload,
                _ => &mut bad.signature,
            };
            *text = change(text);
            if bad != good {
                assert!(bad.verify(&key_of("ES256")).is_err(), "{bad:?}");
            }
        }
    }
    // The last character of 64 bytes carries four bits that say nothing: they are zero.
    let mut loose = good.clone();
    let last = loose.signature.pop().unwrap();
    loose.signature.push((last as u8 + 1) as char);
    assert_eq!(loose.verify(&key_of("ES256")), Err(JoseError::Malformed("base64url")));
}

#[test]
fn what_is_sent_is_one_small_flattened_jws() {
    let good = vectors()["ES256"]["jws"].clone();
    let read = |value: &Value| FlatJws::read(value.to_string().as_bytes());
    assert!(read(&good).is_ok());
    for (name, value) in [
        ("header", json!({ "alg": "none" })),
        ("signatures", json!([])),
        ("payload", Value::Null),
        ("signature", json!(1)),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert!(matches!(read(&bad), Err(JoseError::Malformed(_))), "{name}");
    }
    let mut more = good.clone();
    more["comment"] = json!("nobody knows this member");
    assert!(read(&more).is_ok());
    more["comment"] = json!("x".repeat(flat::JWS_BYTES_MAX));
    assert_eq!(read(&more), Err(JoseError::TooLarge));
    let large = FlatJws { payload: "x".repeat(flat::JWS_BYTES_MAX), ..jws_of("ES256") };
    assert_eq!(large.payload(), Err(JoseError::TooLarge));
    assert_eq!(large.verify(&key_of("ES256")), Err(JoseError::TooLarge));
    for text in ["", "[]", "null", "{}", "{\"payload\":\"\"}", "eyJ.eyJ.AA"] {
        assert!(FlatJws::read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn keys_are_strong_whole_and_public() {
    let weak = Jwk::read(&vectors()["rsa1024"]);
    assert!(matches!(weak, Err(JoseError::Key(pki::algorithm::KeyError::Weak(_)))));
    let changed = |alg: &str, name: &str, value: &str| {
        let mut jwk = vectors()[alg]["jwk"].clone();
        jwk[name] = json!(value);
        Jwk::read(&jwk)
    };
    for name in ["d", "p", "k"] {
        assert_eq!(changed("ES256", name, "AQAB").unwrap_err(), JoseError::KeyKind);
    }
    assert!(changed("ES256", "kid", "mine").is_ok(), "what is not its own is passed by");
    assert!(changed("ES256", "use", "sig").is_ok() && changed("ES256", "alg", "ES256").is_ok());
    assert_eq!(changed("ES256", "use", "enc").unwrap_err(), JoseError::KeyKind);
    assert_eq!(changed("ES256", "alg", "ES384").unwrap_err(), JoseError::KeyKind);
    assert_eq!(changed("RS256", "alg", "PS512").unwrap_err(), JoseError::KeyKind);
    for (operations, is_taken) in
        [(json!(["verify"]), true), (json!(["encrypt"]), false), (json!("verify"), false)]
    {
        let mut jwk = vectors()["ES256"]["jwk"].clone();
        jwk["key_ops"] = operations;
        assert_eq!(Jwk::read(&jwk).is_ok(), is_taken, "{jwk}");
    }
    assert_eq!(changed("ES256", "crv", "P-521").unwrap_err(), JoseError::KeyKind);
    assert_eq!(changed("ES256", "kty", "oct").unwrap_err(), JoseError::KeyKind);
    assert!(changed("ES256", "crv", "P-384").is_err(), "coordinates of another size");
    assert!(changed("ES256", "y", &encode(&[1; 32])).is_err(), "a point beside the curve");
    assert!(changed("ES256", "x", &encode(&[1; 31])).is_err());
    assert!(changed("RS256", "e", "AAEAAQ").is_err(), "an octet that says nothing");
    assert!(changed("RS256", "e", "Aw").is_err(), "an exponent of 3");
    assert!(changed("RS256", "n", "").is_err());
    assert!(changed("EdDSA", "x", &encode(&[1; 33])).is_err());
    for text in ["null", "[]", "{}", "{\"kty\":\"EC\"}"] {
        assert!(Jwk::read(&serde_json::from_str(text).unwrap()).is_err(), "{text}");
    }
}

/// A binding counts for this key, at this address, under this secret.
#[test]
fn a_binding_is_about_the_outer_key_and_address() {
    let key = key_of("ES256");
    let payload = jws_of("ES256").payload().unwrap();
    let other = Jwk::read(&vectors()["other"]).unwrap();
    let refused = |result: Result<Binding, JoseError>| matches!(result, Err(JoseError::Binding(_)));
    assert!(refused(binding(&payload, "https://acme.shangluo.test/acme/other", &key)));
    assert!(refused(binding(&payload, &url(), &other)));
    for unbound in [&b"{}"[..], b"{\"externalAccountBinding\":null}"] {
        assert_eq!(binding(unbound, &url(), &key), Err(JoseError::Unbound));
    }
    let bound = binding(&payload, &url(), &key).unwrap();
    for secret in [vec![], vec![0; 16], vec![0; 32], key.spki_der()] {
        assert!(matches!(bound.verify(&secret), Err(JoseError::Binding(_))));
    }
    let secret = secret();
    let made = |header: Value, said: &Value| {
        let said = said.to_string();
        let jws = FlatJws::of_parts(header.to_string().as_bytes(), said.as_bytes(), b"");
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let tag = hmac::sign(&mac, &jws.signing_input());
        let inner = FlatJws { signature: encode(tag.as_ref()), ..jws };
        let payload = json!({ "externalAccountBinding": inner }).to_string();
        binding(payload.as_bytes(), &url(), &key)
    };
    let own = key.to_json();
    let good = json!({ "alg": "HS256", "kid": "k", "url": url() });
    assert_eq!(made(good.clone(), &own).unwrap().verify(&secret), Ok(()));
    let with = |name: &str, value: Value| {
        let mut header = good.clone();
        header[name] = value;
        header
    };
    for alg in ["none", "ES256", "HS1", "RS256"] {
        assert_eq!(made(with("alg", json!(alg)), &own), Err(JoseError::Algorithm), "{alg}");
    }
    assert!(refused(made(with("nonce", json!("n")), &own)));
    assert!(refused(made(with("jwk", own.clone()), &own)));
    assert!(refused(made(with("kid", json!("")), &own)));
    assert!(refused(made(with("kid", json!("k".repeat(257))), &own)));
    assert!(refused(made(good.clone(), &other.to_json())));
    assert_eq!(made(with("crit", json!(["x"])), &own), Err(JoseError::Critical));
}
