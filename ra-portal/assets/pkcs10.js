// A certification request (RFC 2986): the public key and proof that its private key is here. Who it is for,
// the CA knows from the letter; the subject is empty.

import { bits, context, identifier, integer, sequence, unsigned } from "./der.js";

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const P256 = { name: "ECDSA", namedCurve: "P-256" };

/** A key pair that can leave this page once, encrypted. */
export function generate() {
  return crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
}

/** The request, DER. */
export async function request(/** @type {CryptoKeyPair} */ pair) {
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const information = sequence(integer(0), sequence(), spki, context(0));
  const how = { name: "ECDSA", hash: "SHA-256" };
  const raw = new Uint8Array(await crypto.subtle.sign(how, pair.privateKey, information));
  const signature = sequence(unsigned(raw.slice(0, 32)), unsigned(raw.slice(32)));
  return sequence(information, sequence(identifier(ECDSA_WITH_SHA256)), bits(signature));
}
