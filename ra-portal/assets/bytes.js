// Bytes as text and back.

/** base64url without padding, as every message of the portal has it. */
export function toBase64url(/** @type {Uint8Array} */ bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(/** @type {string} */ text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

export function concat(/** @type {Uint8Array[]} */ ...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function ascii(/** @type {string} */ text) {
  return new TextEncoder().encode(text);
}

export function random(/** @type {number} */ length) {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Whether bytes stand within others as they are. */
export function holds(/** @type {Uint8Array} */ whole, /** @type {Uint8Array} */ piece) {
  for (let at = 0; at <= whole.length - piece.length; at += 1) {
    if (piece.every((byte, offset) => whole[at + offset] === byte)) return true;
  }
  return false;
}
