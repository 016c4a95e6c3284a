// A PKCS#12 file (RFC 7292) for browsers and systems: PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256.

import { ascii, concat, random } from "./bytes.js";
import {
  bmp, context, identifier, integer, nothing, octets, sequence, set, tagged, utf16,
} from "./der.js";

/** Rounds of the key derivation, and of the integrity check's, which hashes one round at a time. */
export const ROUNDS = 600_000;
const MAC_ROUNDS = 30_000;

const OID = {
  data: "1.2.840.113549.1.7.1",
  encryptedData: "1.2.840.113549.1.7.6",
  keyBag: "1.2.840.113549.1.12.10.1.2",
  certBag: "1.2.840.113549.1.12.10.1.3",
  x509: "1.2.840.113549.1.9.22.1",
  friendlyName: "1.2.840.113549.1.9.20",
  localKeyId: "1.2.840.113549.1.9.21",
  pbes2: "1.2.840.113549.1.5.13",
  pbkdf2: "1.2.840.113549.1.5.12",
  hmacSha256: "1.2.840.113549.2.9",
  aes256cbc: "2.16.840.1.101.3.4.1.42",
  sha256: "2.16.840.1.101.3.4.2.1",
};

/** @typedef {{ salt: Uint8Array, iv: Uint8Array, data: Uint8Array }} Encrypted */

async function cipherKey(/** @type {string} */ password, /** @type {Uint8Array} */ salt) {
  const input = await crypto.subtle.importKey("raw", ascii(password), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  const aes = { name: "AES-CBC", length: 256 };
  return crypto.subtle.deriveKey(how, input, aes, false, ["encrypt", "decrypt"]);
}

/** @returns {Promise<Encrypted>} */
export async function encrypt(/** @type {Uint8Array} */ bytes, /** @type {string} */ password) {
  const [salt, iv] = [random(16), random(16)];
  const key = await cipherKey(password, salt);
  const data = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, bytes));
  return { salt, iv, data };
}

/**
 * The private key (PKCS#8) that was encrypted; null if the password is another one. One in 256 wrong passwords
 * leaves a padding that fits: what comes out is a key, or the password was another one.
 */
export async function decrypt(/** @type {Encrypted} */ kept, /** @type {string} */ password) {
  const key = await cipherKey(password, kept.salt);
  try {
    const how = { name: "AES-CBC", iv: kept.iv };
    const pkcs8 = new Uint8Array(await crypto.subtle.decrypt(how, key, kept.data));
    const pair = { name: "ECDSA", namedCurve: "P-256" };
    await crypto.subtle.importKey("pkcs8", pkcs8, pair, false, ["sign"]);
    return pkcs8;
  } catch {
    return null;
  }
}

function algorithm(/** @type {Encrypted} */ kept) {
  const prf = sequence(identifier(OID.hmacSha256), nothing());
  const derivation = sequence(
    identifier(OID.pbkdf2),
    sequence(octets(kept.salt), integer(ROUNDS), prf),
  );
  const scheme = sequence(identifier(OID.aes256cbc), octets(kept.iv));
  return sequence(identifier(OID.pbes2), sequence(derivation, scheme));
}

/** The integrity key of RFC 7292 appendix B.2 (id 3, SHA-256): one block is all it takes. */
async function macKey(/** @type {string} */ password, /** @type {Uint8Array} */ salt) {
  const text = concat(utf16(password), new Uint8Array(2));
  const filled = (/** @type {Uint8Array} */ value) => {
    const length = Math.ceil(value.length / 64) * 64;
    return Uint8Array.from({ length }, (_, at) => value[at % value.length]);
  };
  let hash = concat(new Uint8Array(64).fill(3), filled(salt), filled(text));
  for (let round = 0; round < MAC_ROUNDS; round += 1) {
    hash = new Uint8Array(await crypto.subtle.digest("SHA-256", hash));
  }
  return hash;
}

const content = (/** @type {string} */ kind, /** @type {Uint8Array} */ value) =>
  sequence(identifier(kind), context(0, value));

/** The file: an encrypted PKCS#8 key, and its chain, leaf first. */
export async function file(
  /** @type {Encrypted} */ key,
  /** @type {Uint8Array[]} */ chain,
  /** @type {string} */ name,
  /** @type {string} */ password,
) {
  const id = new Uint8Array(await crypto.subtle.digest("SHA-256", chain[0]));
  const attributes = set(
    sequence(identifier(OID.friendlyName), set(bmp(name))),
    sequence(identifier(OID.localKeyId), set(octets(id))),
  );
  const shrouded = sequence(algorithm(key), octets(key.data));
  const keys = sequence(sequence(identifier(OID.keyBag), context(0, shrouded), attributes));
  const bags = chain.map((der, at) => {
    const value = sequence(identifier(OID.x509), context(0, octets(der)));
    const own = at === 0 ? attributes : new Uint8Array(0);
    return sequence(identifier(OID.certBag), context(0, value), own);
  });
  const sealed = await encrypt(sequence(...bags), password);
  const certificates = sequence(
    integer(0),
    sequence(identifier(OID.data), algorithm(sealed), tagged(0x80, sealed.data)),
  );
  const safe = sequence(content(OID.encryptedData, certificates), content(OID.data, octets(keys)));
  const salt = random(16);
  const how = { name: "HMAC", hash: "SHA-256" };
  const mac = await crypto.subtle.importKey("raw", await macKey(password, salt), how, false, ["sign"]);
  const tag = new Uint8Array(await crypto.subtle.sign("HMAC", mac, safe));
  const digest = sequence(sequence(identifier(OID.sha256), nothing()), octets(tag));
  return sequence(
    integer(3),
    content(OID.data, octets(safe)),
    sequence(digest, octets(salt), integer(MAC_ROUNDS)),
  );
}
