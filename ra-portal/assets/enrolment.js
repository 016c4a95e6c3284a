// Key and request are made here; the certificate meets its key here again. The server never has the key.

import { fromBase64url, holds, toBase64url } from "./bytes.js";
import { goToWrong, judge, onSubmit, part } from "./form.js";
import { bindKey, forgetBindKey, forgetKey, keepKey, keptKeys, waitFor, waitNoMore } from "./kept.js";
import { bindValue, readMessageCode, withMessage } from "./letter.js";
import { generate, request } from "./pkcs10.js";
import { decrypt, encrypt, file } from "./pkcs12.js";

/** Shorter passwords are not taken: the file is all that protects the key. */
const PASSWORD_CHARACTERS_MIN = 12;

const reference = part("enrolment").dataset.reference ?? "";
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (part(id));
const make = /** @type {HTMLFormElement | null} */ (part("make"));
const collect = /** @type {HTMLFormElement | null} */ (part("collect"));

async function makeRequest(/** @type {Uint8Array} */ bind) {
  const asked = input("message");
  const message = asked ? readMessageCode(reference, asked.value) : null;
  const whole = !asked || judge("message", message !== null);
  const password = input("password").value;
  const long = judge("password", password.length >= PASSWORD_CHARACTERS_MIN);
  if (!judge("repeat", password === input("repeat").value) || !long || !whole) {
    goToWrong();
    return;
  }
  const pair = await generate();
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const kept = await encrypt(pkcs8, password);
  pkcs8.fill(0);
  const pkcs10 = await request(pair);
  const challenge = fromBase64url(make?.dataset.challenge ?? "");
  input("request").value = toBase64url(pkcs10);
  const tie = message === null ? bind : await withMessage(bind, message);
  input("bind").value = toBase64url(await bindValue(tie, challenge, pkcs10));
  if (asked) asked.value = "";
  input("password").value = "";
  input("repeat").value = "";
  // Before it is sent: a request whose key is lost is of no use to anybody.
  keepKey(reference, kept, spki);
  waitFor(reference);
  forgetBindKey(reference);
  make?.submit();
}

async function collectFile(/** @type {ReturnType<typeof keptKeys>[number]} */ kept) {
  const password = input("password").value;
  const pkcs8 = await decrypt(kept.key, password);
  if (!judge("password", pkcs8 !== null)) {
    goToWrong();
    return;
  }
  pkcs8?.fill(0);
  const chain = (collect?.dataset.chain ?? "").split(" ").map(fromBase64url);
  const p12 = await file(kept.key, chain, collect?.dataset.name ?? "", password);
  const link = /** @type {HTMLAnchorElement} */ (part("download"));
  link.href = URL.createObjectURL(new Blob([p12], { type: "application/x-pkcs12" }));
  link.download = collect?.dataset.file ?? "yinxin.p12";
  if (collect) collect.hidden = true;
  part("done").hidden = false;
  part("done").focus();
}

if (make) {
  const bind = bindKey(reference);
  part("no-code").hidden = bind !== null;
  if (bind !== null) onSubmit(make, () => makeRequest(bind));
  else make.hidden = true;
}
if (collect) {
  const [leaf] = (collect.dataset.chain ?? "").split(" ").map(fromBase64url);
  // Its SubjectPublicKeyInfo stands in the certificate as it is.
  const kept = keptKeys(reference).find((own) => holds(leaf, own.spki));
  part("no-key").hidden = kept !== undefined;
  if (kept !== undefined) onSubmit(collect, () => collectFile(kept));
  else collect.hidden = true;
  part("forget").addEventListener("click", () => {
    forgetKey(reference);
    part("forget").remove();
  });
} else if (make && part("no-key")) {
  part("no-key").hidden = keptKeys(reference).length > 0;
}
part("leave")?.addEventListener("submit", waitNoMore);
