//! Signatures and digests of one message that others made: those of ECDSA are of RFC 6979 (A.2.5,
//! A.2.6), the key of Ed25519 is that of RFC 8032 7.1, and the rest was computed by OpenSSL.

/// The message of all of these.
pub(super) const SAMPLE: &[u8] = b"sample";
/// The key of what has one.
pub(super) const KEY: [u8; 32] = [7; 32];
/// The nonce of records of TLS before the first.
pub(super) const NONCE: [u8; 12] = [9; 12];

/// Its SHA-256, lower-case hexadecimal, as all of these.
pub(super) const SHA256: &str = "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf";
/// Its HMAC-SHA-256 (RFC 2104).
pub(super) const HMAC_SHA256: &str =
    "094df5ff1340cc521dddd6ebc6ea83153b2abf3cd32ad5328ba3e995371c0a13";
/// The second record of TLS 1.3 with it (RFC 8446 5.2), under AES-256-GCM.
pub(super) const AES_256_GCM: &str = "170303001742018077690d04a487657593f06d2d8b4703b84e557290";
/// The same under ChaCha20-Poly1305.
pub(super) const CHACHA20_POLY1305: &str =
    "1703030017bfdf96a86d64726d35d71a3c021358170283ee5c009894";

/// A signature over the message.
pub(super) struct KnownSignature {
    /// The algorithm is called so in our registry.
    pub(super) algorithm: &'static str,
    /// Its key is this SubjectPublicKeyInfo.
    pub(super) key: &'static str,
    pub(super) signature: &'static str,
}

/// One of each algorithm of certificates, lists, snapshots and checkpoints.
pub(super) static SIGNATURES: [KnownSignature; 4] = [
    KnownSignature {
        algorithm: "p256",
        key: "\
            3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6\
            356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d\
            7e9f5177a3c294d4462299",
        signature: "\
            3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100\
            f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    },
    KnownSignature {
        algorithm: "p384",
        key: "\
            3076301006072a8648ce3d020106052b8104002203620004ec3a4e415b4e19a4568618029f427fa5\
            da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d5724\
            4ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
        signature: "\
            306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648\
            152e44acf96e36dd1e80fabe4602310099ef4aeb15f178cea1fe40db2603138f130e740a19624526\
            203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
    },
    KnownSignature {
        algorithm: "ed25519",
        key: "\
            302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68\
            f707511a",
        signature: "\
            3c3c92d39e5c1aa14bfeeb43f0c87bc822a01562c86df3225a00879694996f6ca14e75377d413349\
            e782d71580eb1fe377a3a3cb2cd2cd1d85496376ee3cc300",
    },
    KnownSignature {
        algorithm: "rsa2048",
        key: "\
            30820122300d06092a864886f70d01010105000382010f003082010a0282010100ba0f33c59a7f25\
            fcf647c2f205ca2bd76a4ec5247dfe4ed683d5094bcad8d772a94902d82fa86d67bd8b2df5ca6fdd\
            33ed720843dca5abdf4691f9b0cae8da2c2d2588ccbe0e05cdbd22ff9a1fbca15f10a4ae73ec6846\
            82f193491fe75646954efb30ccf365614e966e8765356110c1b18a3f1827d14a48413173e89f206d\
            3703302f9eda455cdb5cd5bdc6a41c6831a82b2aeec8318e537c1d25b65118f10e51fd28c6f4bc18\
            f5500db4faab55871a38052ae2813f3a643843686c6781d9f4317f80b4a26a0ed8ad937b59f3d8f1\
            c1277d81fba7791775801046393f0bbcad877adc1b76da7947afce0b846dd392409a84b95ff4a80b\
            a9c43b4791c1a986e10203010001",
        signature: "\
            30cc3daff74c6c7885bfe9566f1e17fb44b19ba1b50d134fc0e09997bbaa05ff0208a390d9ed7322\
            023ab26eb5a1484d8d9d9dea1ae62e8ece3d5300096c9eb8e1598ece9e6da3cdb2990d9e52f46220\
            72a6c3d10e3a720607bd0fdedea50b553a80f802652b7bfe1ec12fcaabf2f1a3ec01b00685d1364a\
            e8cc2570d6717902fbca3e1df68a03a7cae7d17351e3a9a2e8153971b84a2a1b56d9c21c264bc8d0\
            d29cfaa8c4df48e431d30f17a175f437be8da077caf35090b1175d282fbaba5df7f851b3312eb9e9\
            231893238ee668c99bcd54d1147eacc9f06174f5c2a74b47852295fafab521aa000a80ea93fdb714\
            f51c33c21bf2a8934390baee65b06f05",
    },
];
