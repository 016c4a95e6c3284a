// ECDSA on P-256 as X.509 writes it: DER, in the one spelling that the CA takes of the two that verify.

import { sequence, unsigned } from "./der.js";

/** The order of the group. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const whole = (/** @type {Uint8Array} */ bytes) =>
  bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);

const bytes = (/** @type {bigint} */ number) =>
  Uint8Array.from({ length: 32 }, (_, at) => Number(number >> BigInt(8 * (31 - at)) & 255n));

/** Signs with SHA-256; the lower of `s` and its opposite. */
export async function sign(/** @type {CryptoKey} */ key, /** @type {Uint8Array} */ message) {
  const how = { name: "ECDSA", hash: "SHA-256" };
  const raw = new Uint8Array(await crypto.subtle.sign(how, key, message));
  const s = whole(raw.subarray(32));
  return sequence(unsigned(raw.slice(0, 32)), unsigned(bytes(s > ORDER / 2n ? ORDER - s : s)));
}
