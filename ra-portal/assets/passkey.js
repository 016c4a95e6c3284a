// A passkey is made, or approves one order. It is asked for nothing else: the challenge is the order's.

import { fromBase64url, toBase64url } from "./bytes.js";
import { part } from "./form.js";

const make = /** @type {HTMLElement | null} */ (part("make-passkey"));
const approve = /** @type {HTMLFormElement | null} */ (part("approve"));
const bytes = (/** @type {ArrayBuffer} */ buffer) => new Uint8Array(buffer);
const rpId = location.hostname;

/** Runs what a button starts, and says so if the browser or its owner said no. */
function onClick(/** @type {HTMLElement} */ element, /** @type {() => Promise<void>} */ act) {
  const button = /** @type {HTMLButtonElement} */ (element.querySelector("button"));
  button.disabled = !("credentials" in navigator);
  /** @type {HTMLElement} */ (element.querySelector(".stuck")).hidden = !button.disabled;
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    button.disabled = true;
    part("refused").hidden = true;
    try {
      await act();
    } catch {
      part("refused").hidden = false;
      part("refused").focus();
    } finally {
      button.disabled = false;
    }
  });
}

if (make) {
  onClick(make, async () => {
    const { challenge = "", person = "", name = "", known = "" } = make.dataset;
    const made = /** @type {PublicKeyCredential} */ (await navigator.credentials.create({
      publicKey: {
        rp: { id: rpId, name: rpId },
        user: { id: new TextEncoder().encode(person), name, displayName: name },
        challenge: fromBase64url(challenge),
        pubKeyCredParams: [{ type: "public-key", alg: -7 }],
        excludeCredentials: known.split(" ").filter(Boolean).map((id) => ({
          type: "public-key", id: fromBase64url(id),
        })),
        authenticatorSelection: { userVerification: "required" },
        attestation: "none",
      },
    }));
    const answer = /** @type {AuthenticatorAttestationResponse} */ (made.response);
    const file = {
      v: 1,
      origin: location.origin,
      authenticator_data: toBase64url(bytes(answer.getAuthenticatorData())),
      client_data: toBase64url(bytes(answer.clientDataJSON)),
    };
    const link = /** @type {HTMLAnchorElement} */ (part("file"));
    const blob = new Blob([JSON.stringify(file)], { type: "application/json" });
    link.href = URL.createObjectURL(blob);
    part("made").hidden = false;
    part("made").focus();
  });
}

if (approve) {
  onClick(approve, async () => {
    if (!approve.reportValidity()) return;
    const { challenge = "", credentials = "" } = approve.dataset;
    const given = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({
      publicKey: {
        rpId,
        challenge: fromBase64url(challenge),
        allowCredentials: credentials.split(" ").filter(Boolean).map((id) => ({
          type: "public-key", id: fromBase64url(id),
        })),
        userVerification: "required",
      },
    }));
    const answer = /** @type {AuthenticatorAssertionResponse} */ (given.response);
    const values = {
      credential: bytes(given.rawId),
      authenticator_data: bytes(answer.authenticatorData),
      client_data: bytes(answer.clientDataJSON),
      signature: bytes(answer.signature),
    };
    for (const [name, value] of Object.entries(values)) {
      /** @type {HTMLInputElement} */ (part(name)).value = toBase64url(value);
    }
    approve.submit();
  });
}
