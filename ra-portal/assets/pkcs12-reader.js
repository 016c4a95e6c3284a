// Reads a PKCS#12 file (RFC 7292) as these pages, browsers and OpenSSL write it: PBES2 with
// PBKDF2 and AES in CBC mode. Its integrity check is not read: a certificate and a key that do not belong
// together are told apart here, and what the key signs is judged by the CA.

import { ascii, concat, fromBase64url, holds } from "./bytes.js";
import { identifier } from "./der.js";
import { is, number, octets, sequence, values, within } from "./der-reader.js";

/** More rounds, or a larger file, are nothing that anybody made for a person. */
const ROUNDS_MAX = 10_000_000;
const BYTES_MAX = 256 * 1024;

const OID = {
  data: identifier("1.2.840.113549.1.7.1"),
  encryptedData: identifier("1.2.840.113549.1.7.6"),
  keyBag: identifier("1.2.840.113549.1.12.10.1.2"),
  certBag: identifier("1.2.840.113549.1.12.10.1.3"),
  pbes2: identifier("1.2.840.113549.1.5.13"),
  pbkdf2: identifier("1.2.840.113549.1.5.12"),
};
const PRF = /** @type {[string, Uint8Array][]} */ ([
  ["SHA-1", identifier("1.2.840.113549.2.7")],
  ["SHA-256", identifier("1.2.840.113549.2.9")],
  ["SHA-512", identifier("1.2.840.113549.2.11")],
]);
const AES = /** @type {[number, Uint8Array][]} */ ([
  [128, identifier("2.16.840.1.101.3.4.1.2")],
  [256, identifier("2.16.840.1.101.3.4.1.42")],
]);

/** The file is none that can be read here. */
export class Foreign extends Error {}
/** The password is another one. */
export class WrongPassword extends Error {}

/** @typedef {import("./der-reader.js").Value} Value */

/** Decrypts what stands under an AlgorithmIdentifier of PBES2. */
async function opened(
  /** @type {Value} */ algorithm,
  /** @type {Uint8Array} */ data,
  /** @type {string} */ password,
) {
  const [scheme, parameters] = sequence(algorithm);
  if (!is(scheme, OID.pbes2)) throw new Foreign();
  const [derivation, cipher] = sequence(parameters);
  const [kdf, kdfParameters] = sequence(derivation);
  const [salt, rounds, ...more] = sequence(kdfParameters);
  const prf = more.find((value) => value.tag === 0x30);
  const [aes, iv] = sequence(cipher);
  const hash = prf ? PRF.find(([, own]) => is(sequence(prf)[0], own))?.[0] : "SHA-1";
  const length = AES.find(([, own]) => is(aes, own))?.[0];
  const iterations = number(rounds);
  if (!is(kdf, OID.pbkdf2) || !hash || !length || iterations > ROUNDS_MAX) throw new Foreign();
  const input = await crypto.subtle.importKey("raw", ascii(password), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash, salt: octets(salt), iterations };
  const key = await crypto.subtle.deriveKey(how, input, { name: "AES-CBC", length }, false, ["decrypt"]);
  try {
    const plain = await crypto.subtle.decrypt({ name: "AES-CBC", iv: octets(iv) }, key, data);
    return new Uint8Array(plain);
  } catch {
    throw new WrongPassword();
  }
}

/** The bags of one part, opened. */
async function bags(/** @type {Value} */ part, /** @type {string} */ password) {
  const [kind, content] = sequence(part);
  const [inner] = values(within(content, 0xa0));
  if (is(kind, OID.data)) return sequence(values(octets(inner))[0]);
  if (!is(kind, OID.encryptedData)) throw new Foreign();
  const [, sealed] = sequence(inner);
  const [, algorithm, data] = sequence(sealed);
  return whole(await opened(algorithm, within(data, 0x80), password));
}

/** What a decrypted SEQUENCE holds. One in 256 wrong passwords leaves a padding that fits. */
function whole(/** @type {Uint8Array} */ plain) {
  try {
    return sequence(values(plain)[0]);
  } catch {
    throw new WrongPassword();
  }
}

/** The uncompressed point of a P-256 key; no other key is renewed on a page. */
async function point(/** @type {Uint8Array} */ pkcs8) {
  const kind = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, kind, true, ["sign"]);
  const { x = "", y = "" } = await crypto.subtle.exportKey("jwk", key);
  return concat(Uint8Array.of(4), fromBase64url(x), fromBase64url(y));
}

/** The private key (PKCS#8) of a file, and the certificate that is for it. */
export async function read(/** @type {Uint8Array} */ bytes, /** @type {string} */ password) {
  try {
    if (bytes.length > BYTES_MAX) throw new Foreign();
    const [, safe] = sequence(values(bytes)[0]);
    const [, content] = sequence(safe);
    const parts = sequence(values(octets(values(within(content, 0xa0))[0]))[0]);
    const certificates = [];
    let pkcs8 = null;
    for (const part of parts) {
      for (const bag of await bags(part, password)) {
        const [kind, value] = sequence(bag);
        const [held] = values(within(value, 0xa0));
        if (is(kind, OID.keyBag)) {
          const [algorithm, data] = sequence(held);
          pkcs8 = await opened(algorithm, octets(data), password);
          whole(pkcs8);
        } else if (is(kind, OID.certBag)) {
          certificates.push(octets(values(within(sequence(held)[1], 0xa0))[0]));
        }
      }
    }
    if (pkcs8 === null) throw new Foreign();
    const own = await point(pkcs8);
    const certificate = certificates.find((der) => holds(der, own));
    if (certificate === undefined) throw new Foreign();
    return { pkcs8, certificate };
  } catch (error) {
    throw error instanceof WrongPassword ? error : new Foreign();
  }
}
