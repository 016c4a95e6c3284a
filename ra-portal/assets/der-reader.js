// Reading DER (X.690): definite lengths only, and nothing is believed that does not end where it says.

/** @typedef {{ tag: number, body: Uint8Array }} Value */

/** The values that stand one behind the other. @returns {Value[]} */
export function values(/** @type {Uint8Array} */ bytes) {
  const found = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, first] = [bytes[at], bytes[at + 1]];
    let length = first;
    at += 2;
    if (first > 128) {
      const end = at + (first & 127);
      length = 0;
      for (; at < end; at += 1) length = length * 256 + bytes[at];
    }
    // Longer than there is, of no end (128), or cut off in the middle of its length.
    const ends = length >= 0 && at + length <= bytes.length;
    if (!ends || first === 128 || first > 132) throw new Error("no DER");
    found.push({ tag, body: bytes.subarray(at, at + length) });
    at += length;
  }
  return found;
}

/** What a value holds, as long as it is of this kind. */
export function within(/** @type {Value | undefined} */ value, /** @type {number} */ tag) {
  if (value?.tag !== tag) throw new Error("another kind of value");
  return value.body;
}

/** The values of a SEQUENCE. */
export const sequence = (/** @type {Value | undefined} */ value) => values(within(value, 0x30));
export const octets = (/** @type {Value | undefined} */ value) => within(value, 0x04);

/** A small INTEGER. */
export function number(/** @type {Value | undefined} */ value) {
  const bytes = within(value, 0x02);
  if (bytes.length > 4) throw new Error("a large number");
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Whether it is this OBJECT IDENTIFIER, as `der.js` writes it. */
export function is(/** @type {Value | undefined} */ value, /** @type {Uint8Array} */ identifier) {
  const body = value?.tag === 0x06 ? value.body : new Uint8Array(0);
  const own = identifier.subarray(2);
  return body.length === own.length && body.every((byte, at) => byte === own[at]);
}
