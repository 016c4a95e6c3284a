//! Files of people: whatever OpenSSL, keytool, GnuTLS, OpenSC, NSS and Python's cryptography write,
//! and Windows' certreq is documented to write, is read, or refused with the true reason. OpenSSL
//! judges what was read, and reads what is not supported; what is broken it refuses as well.

mod cert_show;
mod chains;

use keys::{KeyFileError, SoftwareSigner};
use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Req};
use pki::algorithm::KeyError;
use pki::pem::{Kind, PemError, read, read_one};
use pki::request::RequestError;
use pki::{Certificate, CertificationRequest, Signer};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tests::workspace;

/// What OpenSSL reads the beginning of, and passes over the rest.
const READ_IN_PART: [&str; 2] = ["request.broken.der-behind", "request.broken.twice"];
/// Keys that are refused before anything is derived, whatever the passphrase.
const UNOPENED: [&str; 6] = ["des3", "pbe", "traditional", "armoured", "jks", "nss"];

/// What became of a file: what was read as its public key, or why it was not.
type Outcome = Result<Vec<u8>, String>;

#[test]
fn files_of_other_programs_are_read_or_refused_with_the_true_reason() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(workspace().join("tests/formats/people_files.sh"))
        .arg(folder.path())
        .arg(workspace().join(".tools/venv/bin/python3"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (mut count, mut converted, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let [kind, wanted, _] = name.split('.').collect::<Vec<_>>()[..] else { continue };
        let outcome = match kind {
            "request" => request(&path),
            "certificate" => certificate(&path),
            "chain" => chain(&path),
            "key" => key(&path, keys::open_plain(&path)),
            "sealed" => key(&path, keys::open(&path, "secret")),
            _ => continue,
        };
        count += 1;
        let told = outcome.as_ref().err().map_or("read", |why| why.as_str());
        let command = told.split('`').nth(1);
        let fits = match wanted {
            // What OpenSSL makes of it by the command is judged behind that.
            "unsupported" => {
                told.contains("not supported: ") && (command.is_some() || by_openssl(kind, &path))
            }
            "weak" => told.contains("too weak") && by_openssl(kind, &path),
            "broken" => {
                let read = by_openssl(kind, &path);
                let is_known = READ_IN_PART.contains(&name.as_str());
                outcome.is_err() && !told.contains("not supported") && read == is_known
            }
            _ => told == "read",
        };
        if !fits {
            wrong.push(format!("{name}: {told}"));
        }
        if let Some(command) = command {
            converted += 1;
            let outcome = as_told(command, kind, &path);
            wrong.extend(outcome.err().map(|told| format!("{name}: after {command}: {told}")));
        }
        if ["certificate", "chain"].contains(&kind) {
            cert_show::in_each_language(&path, outcome.is_ok());
        }
        // What cannot be opened whatever the passphrase is does not blame the passphrase.
        if kind == "sealed" {
            let refused = keys::open(&path, "wrong").err();
            let passphrase = matches!(refused, Some(KeyFileError::Passphrase(_)));
            let opened = wanted == "read" || !UNOPENED.iter().any(|old| name.ends_with(old));
            assert_eq!(passphrase, opened, "{name}");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 118 && converted >= 16, "{count} files, {converted} converted");
}

/// Whether OpenSSL reads a file, and finds each signature in it good: of a request by its own key,
/// of a certificate by one that stands there.
fn by_openssl(kind: &str, path: &Path) -> bool {
    let file = std::fs::read(path).unwrap();
    let sound = match kind {
        "request" => {
            let request = X509Req::from_pem(&file).or_else(|_| X509Req::from_der(&file));
            request.and_then(|request| request.public_key().and_then(|key| request.verify(&key)))
        }
        "certificate" | "chain" => X509::stack_from_pem(&file).map(|all| {
            let signed = |one: &X509, by: &X509| {
                by.public_key().and_then(|key| one.verify(&key)).is_ok_and(|good| good)
            };
            !all.is_empty() && all.iter().all(|one| all.iter().any(|by| signed(one, by)))
        }),
        _ => private_key(&file).map(|_| true),
    };
    sound.is_ok_and(|sound| sound)
}

/// The key of a file, as OpenSSL reads it.
fn private_key(file: &[u8]) -> Result<PKey<Private>, ErrorStack> {
    let of_bundle = || Pkcs12::from_der(file).and_then(|bundle| bundle.parse2("secret"));
    PKey::private_key_from_pem_passphrase(file, b"secret")
        .or_else(|_| PKey::private_key_from_pkcs8_passphrase(file, b"secret"))
        .or_else(|_| PKey::private_key_from_der(file))
        .or_else(|error| of_bundle()?.pkey.ok_or(error))
}

/// The command of a refusal, run as it stands there but for the names of the files and the
/// passphrases that a person types; what it makes is read.
fn as_told(command: &str, kind: &str, old: &Path) -> Outcome {
    let new = old.with_file_name(format!("{}.converted", old.file_name().unwrap().display()));
    let openssl = "-passin pass:secret -passout pass:secret";
    let asks = [
        ("openssl pkcs8", openssl),
        ("openssl pkcs12", openssl),
        ("keytool -importkeystore", "-srcstorepass secret -deststorepass secret -noprompt"),
    ];
    let command = asks.into_iter().fold(command.to_owned(), |command, (ask, phrases)| {
        command.replace(&format!("{ask} "), &format!("{ask} {phrases} "))
    });
    let named = command.replace("OLD", "\"$1\"").replace("NEW", "\"$2\"");
    let mut shell = Command::new("sh");
    shell.args(["-euc", &named, "sh"]).arg(old).arg(&new).current_dir(old.parent().unwrap());
    let done = shell.output().unwrap();
    assert!(done.status.success(), "{named}: {}", String::from_utf8_lossy(&done.stderr));
    std::fs::set_permissions(&new, PermissionsExt::from_mode(0o600)).unwrap();
    match kind {
        "certificate" => certificate(&new),
        "chain" => chain(&new),
        _ => key(&new, keys::open(&new, "secret")),
    }
}

/// The key in a request, as OpenSSL reads it too.
fn request(path: &Path) -> Outcome {
    let file = std::fs::read(path).unwrap();
    let der = read_one(&file, Kind::Request).map_err(|error| error.to_string())?;
    let request = CertificationRequest::read(&der).map_err(|error| error.to_string())?;
    let judged = X509Req::from_der(request.der()).unwrap();
    let own = judged.public_key().unwrap();
    assert!(judged.verify(&own).unwrap(), "{}", path.display());
    assert_eq!(own.public_key_to_der().unwrap(), request.key().spki());
    Ok(own.public_key_to_der().unwrap())
}

fn certificate(path: &Path) -> Outcome {
    let file = std::fs::read(path).unwrap();
    let der = read_one(&file, Kind::Certificate).map_err(|error| error.to_string())?;
    let own = Certificate::read(&der).map_err(|error| error.to_string())?;
    let judged = X509::from_der(&der).unwrap().public_key().unwrap().public_key_to_der().unwrap();
    assert_eq!(judged, own.key().spki(), "{}", path.display());
    Ok(judged)
}

/// The certificates of a file in their order, none left out: those that OpenSSL finds. Wherever it
/// stands there, the person's own comes first.
fn chain(path: &Path) -> Outcome {
    let file = std::fs::read(path).unwrap();
    let found = read(&file, Kind::Certificate).map_err(|error| error.to_string())?;
    let read = found.iter().map(|der| Certificate::read(der));
    let read = read.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let judged = match file.first() {
        Some(0x30) => found.iter().map(|der| X509::from_der(der).unwrap()).collect(),
        _ => X509::stack_from_pem(&file).unwrap(),
    };
    let judged: Vec<_> = judged.iter().map(|one| one.to_der().unwrap()).collect();
    assert_eq!(found, judged, "{}", path.display());
    let (count, ordered) = (read.len(), pki::chain::own_first(read));
    assert_eq!(ordered.len(), count, "{}", path.display());
    let own = ordered.first().unwrap();
    assert_eq!(own.subject().common_name().as_deref(), Some("王小明"), "{}", path.display());
    Ok(own.key().spki().to_vec())
}

fn key(path: &Path, opened: Result<SoftwareSigner, KeyFileError>) -> Outcome {
    let signer = opened.map_err(|error| error.to_string())?;
    let judged = private_key(&std::fs::read(path).unwrap()).unwrap();
    let judged = judged.public_key_to_der().unwrap();
    assert_eq!(judged, signer.public_key().spki(), "{}", path.display());
    Ok(judged)
}

/// certreq as Microsoft describes it: attributes in their own order, CR LF, `NEW` in the label; the
/// console's redirection makes UTF-16 of it.
#[test]
fn a_request_of_windows_is_read() {
    let signer = SoftwareSigner::generate_p256().unwrap();
    let der = as_certreq(&signer);
    let pem = pki::certificate::pem("NEW CERTIFICATE REQUEST", &der).replace('\n', "\r\n");
    let utf16: Vec<u8> =
        std::iter::once(0xfeff).chain(pem.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for file in [pem.as_bytes(), &utf16, &der] {
        let request = CertificationRequest::read(&read_one(file, Kind::Request).unwrap()).unwrap();
        assert_eq!(request.key().spki(), signer.public_key().spki());
        assert!(request.has_attributes());
    }
    let judged = X509Req::from_der(&der).unwrap();
    assert!(judged.verify(&judged.public_key().unwrap()).unwrap());
}

/// A request with the attributes of certreq: version of the system, CSP, client, extensions, which
/// DER would sort in another way.
fn as_certreq(signer: &SoftwareSigner) -> Vec<u8> {
    let wrap = |tag: u8, body: &[u8]| match u8::try_from(body.len()) {
        Ok(short @ 0..0x80) => [&[tag, short], body].concat(),
        Ok(long) => [&[tag, 0x81, long], body].concat(),
        Err(_) => {
            let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
            [&[tag, 0x82, high, low], body].concat()
        }
    };
    let oid = |text: &str| {
        use der::Encode;
        der::asn1::ObjectIdentifier::new(text).unwrap().to_der().unwrap()
    };
    let attribute = |id: &str, value: &[u8]| wrap(0x30, &[oid(id), wrap(0x31, value)].concat());
    let csp = [wrap(2, &[1]), wrap(0x1e, b"\0M\0S"), wrap(3, &[0])].concat();
    let client =
        [wrap(2, &[5]), wrap(0x0c, b"PC"), wrap(0x0c, b"PC\\wang"), wrap(0x0c, b"certreq")];
    let attributes = [
        attribute("1.3.6.1.4.1.311.13.2.3", &wrap(0x16, b"10.0.22631.2")),
        attribute("1.3.6.1.4.1.311.21.20", &wrap(0x30, &client.concat())),
        attribute("1.3.6.1.4.1.311.13.2.2", &wrap(0x30, &csp)),
        attribute("1.2.840.113549.1.9.14", &wrap(0x30, &[])),
    ]
    .concat();
    let name = wrap(0x31, &wrap(0x30, &[oid("2.5.4.3"), wrap(0x1e, b"\x73\x8b")].concat()));
    let key = signer.public_key().spki().to_vec();
    let parts = [wrap(2, &[0]), wrap(0x30, &name), key, wrap(0xa0, &attributes)].concat();
    let info = wrap(0x30, &parts);
    let algorithm = signer.public_key().algorithm().signature_identifier().unwrap();
    let signature = [&[0], signer.sign(&info).unwrap().as_slice()].concat();
    wrap(0x30, &[info, algorithm, wrap(3, &signature)].concat())
}

/// Every refusal says which thing it is about.
#[test]
fn a_refusal_names_what_is_not_supported() {
    let signer = SoftwareSigner::generate_p256().unwrap();
    let mut der = keys::request(&signer).unwrap().der().to_vec();
    // ecdsa-with-SHA256 becomes ecdsa-with-SHA224, which nobody accepts.
    let id = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let place = der.windows(id.len()).rposition(|window| window == id).unwrap();
    der[place + id.len() - 1] = 1;
    match CertificationRequest::read(&der) {
        Err(RequestError::Unsupported(what)) => assert_eq!(what, "ECDSA with SHA-224"),
        other => panic!("{other:?}"),
    }
    let file = std::fs::read(workspace().join("tests/golden/officer.pem")).unwrap();
    assert!(read(&file, Kind::Certificate).is_ok());
    assert!(matches!(read(&file, Kind::Request), Err(PemError::Nothing { .. })));
    let told = KeyError::UnknownAlgorithm("曲线 P-521 / curve P-521".into()).to_string();
    assert_eq!(told, "不支持这种密钥：曲线 P-521 / not supported: a key of curve P-521");
}
