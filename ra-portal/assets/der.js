// Writing DER (X.690). Nothing here reads it.

import { concat } from "./bytes.js";

/** One value with its tag. */
export function tagged(/** @type {number} */ tag, /** @type {Uint8Array[]} */ ...parts) {
  const body = concat(...parts);
  const length = [];
  for (let left = body.length; left > 0; left >>>= 8) length.unshift(left & 255);
  const head = body.length < 128 ? [body.length] : [128 | length.length, ...length];
  return concat(Uint8Array.of(tag, ...head), body);
}

export const sequence = (/** @type {Uint8Array[]} */ ...parts) => tagged(0x30, ...parts);
export const set = (/** @type {Uint8Array[]} */ ...parts) => tagged(0x31, ...parts);
export const octets = (/** @type {Uint8Array} */ bytes) => tagged(0x04, bytes);
export const bits = (/** @type {Uint8Array} */ bytes) => tagged(0x03, new Uint8Array(1), bytes);
export const nothing = () => tagged(0x05);
/** Context-specific and constructed. */
export const context = (/** @type {number} */ number, /** @type {Uint8Array[]} */ ...parts) =>
  tagged(0xa0 | number, ...parts);

/** A whole number that is not negative. */
export function integer(/** @type {number} */ number) {
  const bytes = [];
  for (let left = number; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return unsigned(Uint8Array.from(bytes));
}

/** An INTEGER from big-endian bytes. */
export function unsigned(/** @type {Uint8Array} */ bytes) {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from += 1;
  const short = bytes.slice(from);
  const lead = short.length === 0 || short[0] > 127 ? new Uint8Array(1) : new Uint8Array(0);
  return tagged(0x02, lead, short);
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function identifier(/** @type {string} */ dotted) {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const group = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      group.unshift(128 | left % 128);
    }
    bytes.push(...group);
  }
  return tagged(0x06, Uint8Array.from(bytes));
}

/** A BMPString: UTF-16, big-endian. */
export function bmp(/** @type {string} */ text) {
  return tagged(0x1e, utf16(text));
}

export function utf16(/** @type {string} */ text) {
  const bytes = new Uint8Array(text.length * 2);
  for (let at = 0; at < text.length; at += 1) {
    bytes[at * 2] = text.charCodeAt(at) >> 8;
    bytes[at * 2 + 1] = text.charCodeAt(at) & 255;
  }
  return bytes;
}
