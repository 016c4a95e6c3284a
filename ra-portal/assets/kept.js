// What this browser keeps between two visits: for this tab the key that ties a request to a letter, and
// until collection the person's key, encrypted with their password.

import { fromBase64url, toBase64url } from "./bytes.js";

/** Most keys that are kept for one letter. */
const KEYS_MAX = 8;

const bindName = (/** @type {string} */ reference) => `yinxin-bind-${reference}`;
const keyName = (/** @type {string} */ reference) => `yinxin-key-${reference}`;

export function keepBindKey(/** @type {string} */ reference, /** @type {Uint8Array} */ key) {
  sessionStorage.setItem(bindName(reference), toBase64url(key));
}

export function bindKey(/** @type {string} */ reference) {
  const kept = sessionStorage.getItem(bindName(reference));
  return kept === null ? null : fromBase64url(kept);
}

export function forgetBindKey(/** @type {string} */ reference) {
  sessionStorage.removeItem(bindName(reference));
}

/** Keeps a key encrypted, with the public key that it belongs to; earlier ones of the letter stay beside it,
 * because the certificate may still come for any of them. */
export function keepKey(
  /** @type {string} */ reference,
  /** @type {import("./pkcs12.js").Encrypted} */ key,
  /** @type {Uint8Array} */ spki,
) {
  const { salt, iv, data } = key;
  const [s, i, d, p] = [salt, iv, data, spki].map(toBase64url);
  const all = [...stored(reference), { salt: s, iv: i, data: d, spki: p }].slice(-KEYS_MAX);
  localStorage.setItem(keyName(reference), JSON.stringify(all));
}

/** @returns {Record<string, string>[]} */
function stored(/** @type {string} */ reference) {
  return JSON.parse(localStorage.getItem(keyName(reference)) ?? "[]");
}

/** The keys that this browser keeps for a letter, the newest first. */
export function keptKeys(/** @type {string} */ reference) {
  return stored(reference).reverse().map(({ salt, iv, data, spki }) => {
    const [s, i, d, p] = [salt, iv, data, spki].map(fromBase64url);
    return { key: { salt: s, iv: i, data: d }, spki: p };
  });
}

export function forgetKey(/** @type {string} */ reference) {
  localStorage.removeItem(keyName(reference));
}
