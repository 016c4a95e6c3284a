// A certificate is renewed by its own key: the file is opened here, the new key is made here, and neither
// leaves this page. What the old key signs covers the new one.

import { ascii, concat, fromBase64url, holds, toBase64url } from "./bytes.js";
import { sign } from "./ecdsa.js";
import { goToWrong, judge, onSubmit, part } from "./form.js";
import { forgetKey, keepKey, keptKeys } from "./kept.js";
import { generate, kept, request } from "./pkcs10.js";
import { decrypt, encrypt, file } from "./pkcs12.js";
import { Foreign, read, WrongPassword } from "./pkcs12-reader.js";
import { ask, askedAgain, isRejected, isReturned, show } from "./renewal-answer.js";

const LABEL = ascii("yinxin-use-v1\0");
/** A certificate that nobody has to approve is on its way so long at most. */
const SECONDS_MAX = 30;

const form = /** @type {HTMLFormElement} */ (part("renew"));
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (part(id));
const sha256 = async (/** @type {Uint8Array} */ bytes) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** The old key and its certificate, or what is wrong with a field. */
async function opened() {
  const [chosen] = /** @type {File[]} */ (Array.from(input("file").files ?? []));
  try {
    const old = await read(new Uint8Array(await chosen.arrayBuffer()), input("password").value);
    judge("file", true);
    judge("password", true);
    return old;
  } catch (error) {
    judge("file", !(error instanceof Foreign));
    judge("password", !(error instanceof WrongPassword));
    goToWrong();
    return null;
  }
}

/** The new pair of keys: the one that this browser made before for the same certificate, or a new one. */
async function pairFor(/** @type {string} */ name, /** @type {string} */ password) {
  for (const own of keptKeys(name)) {
    const pkcs8 = await decrypt(own.key, password);
    if (pkcs8 !== null) return { pair: await kept(pkcs8, own.spki), ...own };
  }
  const pair = await generate();
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const key = await encrypt(pkcs8, password);
  pkcs8.fill(0);
  // Before it is sent: a request whose key is lost is of no use to anybody.
  keepKey(name, key, spki);
  return { pair, key, spki };
}

/** Asks until the certificate is there, or somebody has to approve. */
async function collected(/** @type {{ certificate: string }} */ message) {
  for (let second = 0; second < SECONDS_MAX; second += 1) {
    const answer = await ask("renew", message);
    if (answer === null || answer.collected) return answer?.collected ?? null;
    const { stage, order, approvals, needed } = answer.stage;
    if (stage === "awaiting" && approvals < needed) {
      show("waiting", { order });
      return null;
    }
    await new Promise((go) => setTimeout(go, 1000));
  }
  show("soon");
  return null;
}

async function renew() {
  const password = input("password").value;
  const old = await opened();
  if (old === null) return;
  const certificate = toBase64url(old.certificate);
  const terms = await ask("terms", { certificate });
  // What an officer said of the last one is read before a key is made or anything signed.
  if (terms === null || isRejected(terms) || isReturned(terms)) return;
  const opens = new Date(terms.opens);
  if (!terms.stage && Date.now() < opens.getTime()) {
    const beijing = { timeZone: "Asia/Shanghai" };
    show("early", { opens: opens.toLocaleDateString(form.dataset.language, beijing) });
    return;
  }
  for (const item of part("reasons").children) {
    item.hidden = !terms.review.includes(item.dataset.reason);
  }
  const digest = await sha256(old.certificate);
  const name = `renewal-${toBase64url(digest)}`;
  const { pair, key, spki } = await pairFor(name, password);
  const pkcs10 = await request(pair);
  const message = concat(LABEL, digest, fromBase64url(terms.challenge), await sha256(pkcs10));
  const kind = { name: "ECDSA", namedCurve: "P-256" };
  const signer = await crypto.subtle.importKey("pkcs8", old.pkcs8, kind, false, ["sign"]);
  old.pkcs8.fill(0);
  const signature = toBase64url(await sign(signer, message));
  const { challenge } = terms;
  const asked = { certificate, challenge, request: toBase64url(pkcs10), label: "page", signature };
  const found = await collected(asked);
  if (found === null) return;
  const chain = found.chain.map(fromBase64url);
  if (!holds(chain[0], spki)) throw new Error("the certificate is for another key");
  const p12 = await file(key, chain, form.dataset.name ?? "", password);
  const link = /** @type {HTMLAnchorElement} */ (part("download"));
  link.href = URL.createObjectURL(new Blob([p12], { type: "application/x-pkcs12" }));
  input("password").value = "";
  form.hidden = true;
  part("forget").addEventListener("click", () => {
    forgetKey(name);
    part("forget").remove();
  });
  show("done");
}

onSubmit(form, renew);
part("again").addEventListener("click", () => {
  askedAgain();
  form.requestSubmit();
});
