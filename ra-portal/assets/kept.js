// What this browser keeps between two visits: for this tab the keys that follow from a letter; from the
// request until collection the person's key, encrypted with their password, and what opens the letter
// again, which reads and collects and does nothing else.

import { fromBase64url, toBase64url } from "./bytes.js";

/** Most keys that are kept for one letter. */
const KEYS_MAX = 8;

const WAITING = "yinxin-waiting";
const bindName = (/** @type {string} */ reference) => `yinxin-bind-${reference}`;
const openName = (/** @type {string} */ reference) => `yinxin-open-${reference}`;
const keyName = (/** @type {string} */ reference) => `yinxin-key-${reference}`;

/** @typedef {{ bind: Uint8Array, lookup: Uint8Array }} LetterKeys */

export function keepLetter(/** @type {string} */ reference, /** @type {LetterKeys} */ keys) {
  sessionStorage.setItem(bindName(reference), toBase64url(keys.bind));
  sessionStorage.setItem(openName(reference), toBase64url(keys.lookup));
}

/** The letter that waits in this browser: its reference and what opens it. */
export function waitingLetter() {
  const { reference = "", key = "" } = JSON.parse(localStorage.getItem(WAITING) ?? "{}");
  return reference === "" ? null : { reference, key };
}

/** The letter is opened here again without its code, until it is forgotten. */
export function waitFor(/** @type {string} */ reference) {
  const key = sessionStorage.getItem(openName(reference));
  if (key !== null) localStorage.setItem(WAITING, JSON.stringify({ reference, key }));
}

export function waitNoMore() {
  localStorage.removeItem(WAITING);
}

export function bindKey(/** @type {string} */ reference) {
  const kept = sessionStorage.getItem(bindName(reference));
  return kept === null ? null : fromBase64url(kept);
}

export function forgetBindKey(/** @type {string} */ reference) {
  sessionStorage.removeItem(bindName(reference));
  sessionStorage.removeItem(openName(reference));
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
  if (waitingLetter()?.reference === reference) waitNoMore();
}
