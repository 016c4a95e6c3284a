// A certification request (RFC 2986): the public key and proof that its private key is here. Who it is for,
// the CA knows from the letter; the subject is empty.

import { bits, context, identifier, integer, sequence } from "./der.js";
import { sign } from "./ecdsa.js";

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const P256 = { name: "ECDSA", namedCurve: "P-256" };

/** A key pair that can leave this page once, encrypted. */
export function generate() {
  return crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
}

/** A pair that was kept: its private key (PKCS#8) and its public one. @returns {Promise<CryptoKeyPair>} */
export async function kept(/** @type {Uint8Array} */ pkcs8, /** @type {Uint8Array} */ spki) {
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, P256, false, ["sign"]);
  return { privateKey, publicKey: await crypto.subtle.importKey("spki", spki, P256, true, ["verify"]) };
}

/** The request, DER. */
export async function request(/** @type {CryptoKeyPair} */ pair) {
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const information = sequence(integer(0), sequence(), spki, context(0));
  const signature = await sign(pair.privateKey, information);
  return sequence(information, sequence(identifier(ECDSA_WITH_SHA256)), bits(signature));
}
