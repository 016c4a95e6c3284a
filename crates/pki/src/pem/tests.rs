use super::*;
use crate::certificate::pem;

const DER: [u8; 5] = [0x30, 3, 2, 1, 5];

fn certificates(text: &[u8]) -> Result<Vec<Vec<u8>>, PemError> {
    read(text, Kind::Certificate)
}

#[test]
fn every_spelling_of_white_space_and_text_around_is_read() {
    let block = pem("CERTIFICATE", &DER);
    let body = BASE64.encode(&DER);
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let utf16: Vec<u8> =
        core::iter::once(0xfeff).chain(block.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let forms = [
        block.clone().into_bytes(),
        block.replace('\n', "\r\n").into_bytes(),
        block.replace('\n', " \t\n").into_bytes(),
        block.replace('\n', "\n\n").into_bytes(),
        format!("{begin}{body}{end}").into_bytes(),
        [b"\xef\xbb\xbf", block.as_bytes()].concat(),
        [b"friendlyName: \xcd\xf5\xd0\xa1\xc3\xf7\n", block.as_bytes()].concat(),
        format!("-----BEGIN of a story\n{block}").into_bytes(),
        format!("0 s:CN=a server of some organization in a city\n{block}").into_bytes(),
        utf16,
        DER.to_vec(),
        body.into_bytes(),
        b"\r\n MAMC\r\nAQU=\r\n".to_vec(),
    ];
    for form in forms {
        let read = certificates(&form);
        assert_eq!(read, Ok(vec![DER.to_vec()]), "{}", String::from_utf8_lossy(&form));
    }
    let two = format!("{block}text between\n{}", pem("X509 CERTIFICATE", &DER));
    assert_eq!(certificates(two.as_bytes()).unwrap().len(), 2);
    let several = read_one(two.as_bytes(), Kind::Certificate);
    assert_eq!(several, Err(PemError::Several(Kind::Certificate)));
}

#[test]
fn a_block_that_cannot_be_decoded_is_told_and_not_left_out() {
    let good = pem("CERTIFICATE", &DER);
    for broken in [good.replace('=', ""), good.replace("MA", "M*"), good.replace("MAMCAQU=", "")] {
        let text = format!("{broken}{good}");
        let told = certificates(text.as_bytes()).unwrap_err().to_string();
        assert!(told.ends_with(" / block 1 of the file (CERTIFICATE) is not base64"), "{told}");
    }
    let cut = good.replace("-----END CERTIFICATE-----", "");
    for text in [cut.clone(), format!("{cut}{good}"), good.replace("END C", "END X")] {
        assert!(matches!(certificates(text.as_bytes()), Err(PemError::Open { place: 1, .. })));
    }
}

/// A chain of DER values is read as one of PEM is; what else is behind one is told.
#[test]
fn values_of_der_stand_one_after_the_other() {
    let two = [DER, DER].concat();
    assert_eq!(certificates(&two), Ok(vec![DER.to_vec(), DER.to_vec()]));
    assert_eq!(certificates(&[&two, b"\r\n".as_slice()].concat()).unwrap().len(), 2);
    assert_eq!(read_one(&two, Kind::Key), Err(PemError::Several(Kind::Key)));
    for behind in [b"x".as_slice(), &[0x30, 3, 2, 1], &[0]] {
        let told = certificates(&[&two, behind].concat());
        assert_eq!(told, Err(PemError::Behind { place: 2 }));
    }
}

/// The same thing in a form that is not read is told wherever it stands: passed over, the issuer
/// behind it would be taken for the certificate. What is something else is passed over.
#[test]
fn a_form_that_is_not_read_is_never_passed_over() {
    let good = pem("CERTIFICATE", &DER);
    for other in ["TRUSTED CERTIFICATE", "PKCS7"].map(|label| pem(label, &DER)) {
        for text in [format!("{other}{good}"), format!("{good}{other}")] {
            let told = certificates(text.as_bytes());
            assert!(matches!(told, Err(PemError::Unsupported(_))), "{told:?}");
        }
    }
    let beside = format!("{}{good}", pem("EC PRIVATE KEY", &DER));
    assert_eq!(certificates(beside.as_bytes()), Ok(vec![DER.to_vec()]));
}

#[test]
fn another_file_is_told_as_what_it_is() {
    let told = |file: &[u8], kind| read(file, kind).unwrap_err().to_string();
    let key = pem("PRIVATE KEY", &DER);
    let instead = "其中没有证书，只有 PRIVATE KEY / no certificate in it, but PRIVATE KEY";
    assert_eq!(told(key.as_bytes(), Kind::Certificate), instead);
    let none = "其中没有证书请求 / no certificate request in it";
    assert_eq!(told(b"", Kind::Request), none);
    let headers = key.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n");
    let named = [
        (pem("RSA PRIVATE KEY", &DER), Kind::EncryptedKey, "a key as RSA PRIVATE KEY;"),
        (pem("OPENSSH PRIVATE KEY", &DER), Kind::Key, "a key as OpenSSH writes it"),
        (pem("PKCS7", &DER), Kind::Certificate, "PKCS#7;"),
        (pem("PKCS12", &DER), Kind::Certificate, "PKCS#12 as PEM;"),
        (pem("PKCS12", &DER), Kind::EncryptedKey, "PKCS#12 as PEM;"),
        (headers, Kind::Key, "a block with headers"),
    ];
    for (file, kind, what) in named {
        let told = told(file.as_bytes(), kind);
        assert!(told.contains(&format!(" / not supported: {what}")), "{told}");
    }
}

/// What programs and mails make of a file on the way is told as what became of it.
#[test]
fn what_happened_to_a_file_on_its_way_is_told() {
    let block = pem("CERTIFICATE", &DER);
    for (from, to) in [("-----", "—-"), ("-----", "----"), ("-----BEGIN", "-- BEGIN"), ("-", "–")]
    {
        let changed = block.replace(from, to);
        assert_eq!(certificates(changed.as_bytes()), Err(PemError::Dashes), "{changed}");
        assert!(matches!(read(changed.as_bytes(), Kind::Key), Err(PemError::Nothing { .. })));
    }
    let headers = block.replace("CERTIFICATE-----\nM", "CERTIFICATE-----\nComment: x\n\nM");
    let told = certificates(headers.as_bytes()).unwrap_err().to_string();
    assert!(told.ends_with("not supported: a block with headers; take the headers out"), "{told}");
    // A chain of Windows' below the label of one certificate.
    for chain in [
        [&[0x30, 13][..], &PKCS7_OID, &[2, 5, 0]].concat(),
        [&[0x30, 0x80][..], &PKCS7_OID, &[2, 0, 0]].concat(),
    ] {
        let told = certificates(pem("CERTIFICATE", &chain).as_bytes());
        assert_eq!(told, Err(PemError::Unsupported(ForeignForm::Pkcs7)), "{chain:x?}");
    }
    // Text in UTF-16 without a mark.
    let units =
        |bytes: fn(u16) -> [u8; 2]| block.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    for form in [units(u16::to_le_bytes), units(u16::to_be_bytes)] {
        assert_eq!(certificates(&form), Ok(vec![DER.to_vec()]));
    }
}

/// What a file is follows from how it begins, whatever is looked for in it; a request stands in
/// none of these forms, and nothing is converted into one.
#[test]
fn a_binary_file_is_told_by_what_may_stand_in_it() {
    let oid = [&[0x30, 12][..], &PKCS7_OID, &[1, 0]].concat();
    let endless = |contents: &[u8]| [&[0x30, 0x80], contents].concat();
    let files = [
        (vec![0x30, 5, 2, 1, 3, 5, 0], "PKCS#12"),
        (endless(&[2, 1, 3, 0x30, 0x80]), "PKCS#12"),
        (oid, "PKCS#7"),
        (endless(&PKCS7_OID), "PKCS#7"),
        ([JAVA_STORES[0].as_slice(), &[0, 0, 0, 2]].concat(), "JKS"),
        ([JAVA_STORES[1].as_slice(), &[0, 0, 0, 2]].concat(), "JKS"),
    ];
    for (file, name) in files {
        let told = read(&file, Kind::Certificate).unwrap_err();
        assert!(matches!(&told, PemError::Unsupported(form) if form.name() == name), "{told}");
        let (zh, en) = crate::name::both(&told);
        let command = |text: &str| text.split('`').nth(1).map(str::to_owned);
        assert!(command(&en).is_some() && command(&zh) == command(&en), "{told}");
        let request = PemError::Nothing { wanted: Kind::Request, found: name.into() };
        assert_eq!(read(&file, Kind::Request), Err(request));
        let key = read(&file, Kind::EncryptedKey);
        let held = name != "PKCS#7";
        assert_eq!(matches!(key, Err(PemError::Unsupported(_))), held, "{name}: {key:?}");
    }
    let other = read(&endless(&[0x30, 0x80]), Kind::Request);
    assert_eq!(other, Err(PemError::Unsupported(ForeignForm::Ber)));
}

/// A key, a request or a certificate in DER is told as what it is where another is looked for.
#[test]
fn a_value_of_der_is_told_by_what_stands_in_it() {
    let seq = |body: &[u8]| [&[0x30, u8::try_from(body.len()).unwrap()], body].concat();
    let algorithm = seq(&[6, 3, 0x2b, 0x65, 0x70]);
    let info = [&[2, 1, 0][..], &algorithm, &[4, 1, 7]].concat();
    let asked = [&[2, 1, 0, 0x30, 0][..], &algorithm].concat();
    let values = [
        (seq(&info), "PRIVATE KEY"),
        (seq(&[&[2, 1, 1][..], &algorithm, &[4, 1, 7, 0x81, 1, 0]].concat()), "PRIVATE KEY"),
        (seq(&[&algorithm[..], &[4, 1, 7]].concat()), "ENCRYPTED PRIVATE KEY"),
        (seq(&[&algorithm[..], &[3, 2, 0, 7]].concat()), "PUBLIC KEY"),
        (seq(&[2, 1, 1, 4, 1, 7]), "EC PRIVATE KEY"),
        (seq(&[2, 1, 0, 2, 1, 7, 2, 1, 3]), "RSA PRIVATE KEY"),
        (seq(&seq(&[0xa0, 3, 2, 1, 2, 2, 1, 1])), "CERTIFICATE"),
        (seq(&seq(&asked)), "CERTIFICATE REQUEST"),
        (seq(&seq(&[&asked[..], &[0xa0, 0]].concat())), "CERTIFICATE REQUEST"),
    ];
    for (file, label) in values {
        for kind in [Kind::Certificate, Kind::Request, Kind::Key, Kind::EncryptedKey] {
            let told = read(&file, kind);
            let other = || PemError::Nothing { wanted: kind, found: label.into() };
            let is_old = label.starts_with("EC ") || label.starts_with("RSA ");
            match kind {
                _ if kind.labels().contains(&label) => assert_eq!(told, Ok(vec![file.clone()])),
                Kind::Key | Kind::EncryptedKey if is_old => {
                    assert_eq!(told, Err(PemError::Unsupported(ForeignForm::OldKey(label.into()))));
                }
                _ => assert_eq!(told, Err(other()), "{label}"),
            }
        }
    }
}
