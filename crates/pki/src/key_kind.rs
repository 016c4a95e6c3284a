//! Kinds of keys that are not in the registry, by the names that people know, in both languages.

/// What stands beside the number of a key's algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyParameters<'a> {
    /// Nothing.
    Absent,
    /// NULL.
    Null,
    /// The number of a curve.
    Curve(&'a str),
    /// Something else: the numbers of a curve of its own, how an RSA key may sign.
    Own,
}

/// The name of a kind of key, by the number of its algorithm and what stands beside it.
pub fn name_of_kind(id: &str, parameters: KeyParameters<'_>) -> String {
    use KeyParameters as Beside;
    let told = match (id, parameters) {
        ("1.2.840.10045.2.1", Beside::Curve(curve)) => return name_of_curve(curve),
        ("1.2.840.10045.2.1", Beside::Own) => "自带参数的曲线 / a curve of its own",
        ("1.2.840.10045.2.1", _) => "没有写明的曲线 / a curve that is not named",
        ("1.2.840.113549.1.1.1", Beside::Absent) => "没有 NULL 参数的 RSA / RSA without its NULL",
        ("1.2.840.113549.1.1.1", _) => "自带参数的 RSA / RSA with parameters of its own",
        ("1.2.840.113549.1.1.7", _) => "RSA-OAEP",
        ("1.2.840.113549.1.1.10", _) => "RSA-PSS",
        ("1.2.840.113549.1.3.1" | "1.2.840.10046.2.1", _) => "Diffie-Hellman",
        ("1.2.840.10040.4.1", _) => "DSA",
        ("1.3.101.110", _) => "X25519",
        ("1.3.101.111", _) => "X448",
        ("1.3.101.112", _) => "带参数的 Ed25519 / Ed25519 with parameters",
        ("1.3.101.113", _) => "Ed448",
        ("2.16.840.1.101.3.4.3.17", _) => "ML-DSA-44",
        ("2.16.840.1.101.3.4.3.18", _) => "ML-DSA-65",
        ("2.16.840.1.101.3.4.3.19", _) => "ML-DSA-87",
        _ => return format!("算法 {id} / algorithm {id}"),
    };
    told.to_owned()
}

fn name_of_curve(curve: &str) -> String {
    let name = match curve {
        "1.2.156.10197.1.301" => return "SM2".to_owned(),
        "1.2.840.10045.3.1.1" => "P-192",
        "1.3.132.0.33" => "P-224",
        "1.3.132.0.35" => "P-521",
        "1.3.132.0.10" => "secp256k1",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        number => number,
    };
    format!("曲线 {name} / curve {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_key_is_named_as_what_it_is() {
        for (id, beside, named) in [
            ("1.2.840.10045.2.1", KeyParameters::Curve("1.3.132.0.35"), "曲线 P-521 / curve P-521"),
            ("1.2.840.10045.2.1", KeyParameters::Curve("1.2.156.10197.1.301"), "SM2"),
            ("1.2.840.10045.2.1", KeyParameters::Own, "自带参数的曲线 / a curve of its own"),
            (
                "1.2.840.10045.2.1",
                KeyParameters::Null,
                "没有写明的曲线 / a curve that is not named",
            ),
            (
                "1.2.840.113549.1.1.1",
                KeyParameters::Absent,
                "没有 NULL 参数的 RSA / RSA without its NULL",
            ),
            ("1.2.840.113549.1.1.10", KeyParameters::Own, "RSA-PSS"),
            ("1.3.101.110", KeyParameters::Absent, "X25519"),
            ("1.2.3", KeyParameters::Absent, "算法 1.2.3 / algorithm 1.2.3"),
        ] {
            assert_eq!(name_of_kind(id, beside), named, "{id}");
        }
    }
}
