// Enrolment letters: the code as people type it, and what follows from it. The code itself never leaves
// the page; docs/formats.md, "Enrolment letter".

import { ascii, concat } from "./bytes.js";

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECKS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/** Upper case, O for 0, I and L for 1, spaces and hyphens dropped. */
function plain(/** @type {string} */ text) {
  return text.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
}

/** The reference's 16 characters; null if it is none. */
export function readReference(/** @type {string} */ text) {
  const reference = plain(text);
  return reference.length === 16 && [...reference].every((digit) => DIGITS.includes(digit))
    ? reference
    : null;
}

/** The code's 16 bytes; null if a character is mistyped. */
export function readCode(/** @type {string} */ text) {
  const code = plain(text);
  if (code.length !== 27) return null;
  let number = 0n;
  for (const digit of code.slice(0, 26)) {
    const value = DIGITS.indexOf(digit);
    if (value < 0) return null;
    number = (number << 5n) | BigInt(value);
  }
  if (number >> 128n || CHECKS[Number(number % 37n)] !== code[26]) return null;
  const bytes = new Uint8Array(16);
  for (let at = 15; at >= 0; at -= 1) {
    bytes[at] = Number(number & 255n);
    number >>= 8n;
  }
  return bytes;
}

/** The code that came by short message beside this letter; null if it is another. */
export function readMessageCode(/** @type {string} */ reference, /** @type {string} */ text) {
  const code = plain(text);
  if (code.length !== 10) return null;
  let number = 0n;
  for (const digit of reference + code.slice(0, 9)) {
    const value = DIGITS.indexOf(digit);
    if (value < 0) return null;
    number = (number << 5n) | BigInt(value);
  }
  return CHECKS[Number(number % 37n)] === code[9] ? code : null;
}

/** The bind key that follows from the letter's own and the code that came by short message. */
export function withMessage(/** @type {Uint8Array} */ bind, /** @type {string} */ code) {
  return hmac(bind, concat(ascii("yinxin-message-v1"), new Uint8Array(1), ascii(code)));
}

/** The keys that follow from a code (HKDF-SHA-256). */
export async function deriveKeys(
  /** @type {Uint8Array} */ founding,
  /** @type {string} */ reference,
  /** @type {Uint8Array} */ code,
) {
  const input = await crypto.subtle.importKey("raw", code, "HKDF", false, ["deriveBits"]);
  const salt = concat(founding, ascii(reference));
  const derive = async (/** @type {string} */ label) => {
    const how = { name: "HKDF", hash: "SHA-256", salt, info: ascii(label) };
    return new Uint8Array(await crypto.subtle.deriveBits(how, input, 256));
  };
  return {
    lookup: await derive("yinxin-lookup-v1"),
    bind: await derive("yinxin-bind-page-v1"),
    loss: await derive("yinxin-loss-v1"),
    suspend: await derive("yinxin-suspend-v1"),
  };
}

export async function hmac(/** @type {Uint8Array} */ key, /** @type {Uint8Array} */ message) {
  const how = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, how, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}

/** Ties a request to the code. */
export async function bindValue(
  /** @type {Uint8Array} */ bind,
  /** @type {Uint8Array} */ challenge,
  /** @type {Uint8Array} */ request,
) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", request));
  return hmac(bind, concat(challenge, digest));
}

/** The evidence of a loss report. */
export function lossValue(/** @type {Uint8Array} */ loss, /** @type {string} */ reference) {
  return hmac(loss, concat(ascii("yinxin-loss-v1"), new Uint8Array(1), ascii(reference)));
}

/** The evidence of a suspension by letter. */
export function suspensionValue(/** @type {Uint8Array} */ suspend, /** @type {string} */ reference) {
  return hmac(suspend, concat(ascii("yinxin-suspend-v1"), new Uint8Array(1), ascii(reference)));
}
