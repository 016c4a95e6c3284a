// What the scripts of pages do with their forms, on a page made of the few elements that they touch.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, mock, test } from "node:test";

let loaded = 0;
const script = (name) => import(new URL(`../../ra-portal/assets/${name}?${(loaded += 1)}`, import.meta.url));
const { fromBase64url, toBase64url } = await script("bytes.js");
const vectors = JSON.parse(readFileSync(new URL("../../docs/vectors.json", import.meta.url), "utf8"));

/** An element with what scripts ask of one. */
class Part {
  constructor(dataset = {}) {
    Object.assign(this, { dataset, value: "", hidden: false, disabled: true, classes: new Set() });
    Object.assign(this, { attributes: new Set(), listeners: {}, parts: {}, submitted: 0, focused: 0 });
    this.classList = { toggle: (name, on) => (on ? this.classes.add(name) : this.classes.delete(name)) };
  }
  toggleAttribute(name, on) { on ? this.attributes.add(name) : this.attributes.delete(name); }
  addEventListener(name, act) { this.listeners[name] = act; }
  querySelector(wanted) { return this.parts[wanted] ?? null; }
  submit() { this.submitted += 1; }
  requestSubmit() { this.submitted += 1; }
  focus() { this.focused += 1; }
  remove() { this.removed = true; }
  async happens(name) { await this.listeners[name]({ preventDefault() {} }); }
}

let page = {};
const storage = () => {
  const held = new Map();
  return {
    getItem: (name) => held.get(name) ?? null,
    setItem: (name, value) => held.set(name, value),
    removeItem: (name) => held.delete(name),
    get length() { return held.size; },
  };
};

beforeEach(() => {
  page = {};
  globalThis.document = { getElementById: (id) => page[id] ?? null, querySelector: () => null };
  globalThis.location = { hostname: "staff.localhost", origin: "https://staff.localhost", hash: "" };
  globalThis.localStorage = storage();
  globalThis.sessionStorage = storage();
});

function form(id, dataset, fields) {
  page[id] = new Part(dataset);
  page[id].parts = { button: new Part(), "[role=status]": new Part(), ".stuck": new Part() };
  for (const field of fields) {
    page[field] = new Part();
    page[`${field}-field`] = new Part();
    page[`${field}-error`] = new Part();
  }
  return page[id];
}

test("the link's secret goes into the form once, and out of the address", async () => {
  const desk = () => import(new URL(`../../crates/cli/assets/desk.js?${(loaded += 1)}`, import.meta.url));
  const history = { replaceState: mock.fn() };
  Object.assign(globalThis, { history });
  globalThis.location = { hash: "#SECRET", pathname: "/" };
  form("enter", {}, ["secret"]);
  await desk();
  assert.equal(page.secret.value, "SECRET");
  assert.equal(page.enter.submitted, 1);
  assert.deepEqual(history.replaceState.mock.calls[0].arguments, [null, "", "/"]);
  // Where there is nothing to exchange, nothing is sent.
  globalThis.location = { hash: "", pathname: "/" };
  form("enter", {}, ["secret"]);
  await desk();
  assert.equal(page.enter.submitted, 0);
  assert.equal(history.replaceState.mock.callCount(), 1);
});

test("a file that is picked is what the passkey's page sends", async () => {
  globalThis.location = { hash: "", pathname: "/passkey" };
  page.saved = new Part();
  page.file = Object.assign(new Part(), { files: [{ text: async () => "{}" }] });
  await import(new URL(`../../crates/cli/assets/desk.js?${(loaded += 1)}`, import.meta.url));
  await page.file.happens("change");
  assert.equal(page.saved.value, "{}");
});

test("a field says what is wrong with it, and stops saying so", async () => {
  const { judge } = await script("form.js");
  form("f", {}, ["code"]);
  assert.equal(judge("code", false), false);
  assert.ok(page["code-field"].classes.has("wrong") && !page["code-error"].hidden);
  assert.ok(page.code.attributes.has("aria-invalid"));
  assert.equal(judge("code", true), true);
  assert.ok(!page["code-field"].classes.has("wrong") && page["code-error"].hidden);
  assert.ok(!page.code.attributes.has("aria-invalid"));
});

test("what a button starts runs once at a time, and the button comes back when it fails", async () => {
  const { onSubmit } = await script("form.js");
  const own = form("f", {}, []);
  let runs = 0;
  let go = () => {};
  onSubmit(own, () => {
    runs += 1;
    return new Promise((done, fail) => { go = () => fail(new Error("no")); });
  });
  assert.equal(own.parts.button.disabled, false);
  const first = own.happens("submit");
  await own.happens("submit");
  assert.equal(runs, 1);
  assert.equal(own.parts["[role=status]"].hidden, false);
  go();
  const said = mock.method(console, "error", () => {});
  await first;
  assert.equal(said.mock.callCount(), 1);
  assert.equal(own.parts[".stuck"].hidden, false, "the page says that it did not work");
  assert.ok(!own.parts.button.disabled && own.parts["[role=status]"].hidden);
});

for (const purpose of ["enrol", "loss", "suspend"]) {
  test(`a letter sends the one key that it needs, and never the code: ${purpose}`, async () => {
    const { founding, reference, code, lookup, bind_page, loss_value, suspension_value } =
      vectors.letter_keys;
    const sent = { enrol: lookup, loss: loss_value, suspend: suspension_value };
    assert.equal(code, vectors.code.bytes);
    const own = form("letter", { founding, purpose }, ["reference", "code", "key"]);
    await script("open-letter.js");
    page.reference.value = reference.toLowerCase();
    page.code.value = `${vectors.code.text.slice(0, -1)}U`;
    await own.happens("submit");
    assert.ok(own.submitted === 0 && page.key.value === "", "a mistyped code leaves nothing");
    page.code.value = vectors.code.text;
    await own.happens("submit");
    assert.equal(own.submitted, 1);
    assert.equal(page.code.value, "");
    assert.equal(page.key.value, sent[purpose]);
    const kept = sessionStorage.getItem(`yinxin-bind-${reference}`);
    assert.equal(kept, purpose === "enrol" ? bind_page : null);
  });
}

test("a code on paper fills the reference in, once, and goes out of the address", async () => {
  const history = { replaceState: mock.fn() };
  Object.assign(globalThis, { history });
  const { reference } = vectors.letter_keys;
  for (const [hash, filled] of [[`#${reference}`, reference], ["#<b>", ""], ["", ""]]) {
    globalThis.location = { hash, pathname: "/letter" };
    form("letter", { purpose: "enrol" }, ["reference", "code", "key"]);
    await script("open-letter.js");
    assert.equal(page.reference.value, filled);
    assert.equal(page.code.focused, filled ? 1 : 0);
  }
  assert.deepEqual(history.replaceState.mock.calls.map((call) => call.arguments), [[null, "", "/letter"]]);
});

test("a letter that waits is opened without its code; one that does not open, or is left, is forgotten", async () => {
  const letter = async (purpose, problem) => {
    const own = form("letter", { founding: "", purpose }, ["reference", "code", "key"]);
    for (const id of ["waiting-reference", "go-on", "go-on-button"]) page[id] = new Part();
    page["go-on"].hidden = true;
    delete page.problem;
    if (problem) page.problem = new Part();
    await script("open-letter.js");
    return own;
  };
  await letter("open");
  assert.ok(page["go-on"].hidden, "nothing waits");
  const { keepLetter, waitFor, waitingLetter } = await script("kept.js");
  const part = Uint8Array.of(1, 2);
  keepLetter("5GPJWBSG64S36D1N", { bind: part, lookup: part });
  await letter("open");
  assert.ok(page["go-on"].hidden, "it was opened, and no request made");
  waitFor("5GPJWBSG64S36D1N");
  for (const purpose of ["loss", "suspend"]) {
    await letter(purpose);
    assert.ok(page["go-on"].hidden, "a brake asks for the code");
  }
  const own = await letter("open");
  assert.ok(!page["go-on"].hidden);
  await page["go-on-button"].happens("click");
  assert.deepEqual([own.submitted, page.reference.value, page.key.value], [1, "5GPJWBSG64S36D1N", "AQI"]);
  await letter("open", true);
  assert.ok(page["go-on"].hidden && waitingLetter() === null);
  waitFor("5GPJWBSG64S36D1N");
  page = { enrolment: new Part({ reference: "A" }), leave: new Part() };
  await script("enrolment.js");
  await page.leave.happens("submit");
  assert.equal(waitingLetter(), null);
});

test("a receipt that is scanned is handed in, once, and goes out of the address", async () => {
  const history = { replaceState: mock.fn() };
  Object.assign(globalThis, { history });
  for (const [hash, typed, handedIn] of [["#AQ.Ag.Aw", "", 1], ["", "", 0], ["#AQ.Ag.Aw", "{}", 0]]) {
    globalThis.location = { hash, pathname: "/receipt" };
    form("check", {}, ["receipt"]);
    page.receipt.value = typed;
    await script("check-receipt.js");
    assert.equal(page.check.submitted, handedIn);
    assert.equal(page.receipt.value, handedIn ? "AQ.Ag.Aw" : typed);
  }
  assert.deepEqual(history.replaceState.mock.calls.map((call) => call.arguments), [[null, "", "/receipt"]]);
});

test("the page of the root looks until the browser trusts it", async () => {
  page.probe = new Part({ address: "https://staff.localhost/trusted" });
  page.waiting = Object.assign(new Part(), { hidden: true });
  page.trusted = Object.assign(new Part(), { hidden: true });
  let again = null;
  const later = mock.method(globalThis, "setTimeout", (act) => { again = act; });
  const asked = mock.method(globalThis, "fetch", async () => { throw new TypeError("no"); });
  await script("root.js");
  await new Promise(setImmediate);
  assert.ok(!page.waiting.hidden && page.trusted.hidden);
  asked.mock.mockImplementation(async () => ({}));
  await again();
  assert.ok(page.waiting.hidden && !page.trusted.hidden);
  const [address, how] = asked.mock.calls[0].arguments;
  assert.deepEqual([address, how.mode, how.credentials], [page.probe.dataset.address, "no-cors", "omit"]);
  later.mock.restore();
  asked.mock.restore();
});

test("a key is made and kept encrypted before its request is sent; its certificate finds it again", async () => {
  page.enrolment = new Part({ reference: "A" });
  const { keepLetter, keptKeys, waitingLetter } = await script("kept.js");
  const [bind, lookup] = [7, 8].map((byte) => new Uint8Array(32).fill(byte));
  keepLetter("A", { bind, lookup });
  const challenge = toBase64url(new Uint8Array(16).fill(9));
  const make = form("make", { challenge }, ["password", "repeat", "request", "bind"]);
  page["no-code"] = new Part();
  page["no-key"] = new Part();
  await script("enrolment.js");
  for (const [one, other] of [["short", "short"], ["long enough 12", "long enough 13"]]) {
    page.password.value = one;
    page.repeat.value = other;
    await make.happens("submit");
    assert.ok(make.submitted === 0 && localStorage.length === 0);
  }
  page.password.value = page.repeat.value = "long enough 12";
  await make.happens("submit");
  assert.equal(make.submitted, 1);
  assert.equal(page.password.value + page.repeat.value, "");
  const { bindValue } = await script("letter.js");
  const request = fromBase64url(page.request.value);
  const bound = await bindValue(new Uint8Array(32).fill(7), new Uint8Array(16).fill(9), request);
  assert.equal(page.bind.value, toBase64url(bound));
  assert.equal(sessionStorage.length, 0, "the tie is used once");
  assert.deepEqual(waitingLetter(), { reference: "A", key: toBase64url(lookup) });
  const [kept] = keptKeys("A");

  for (const own of [false, true]) {
    delete page.make;
    const inside = own ? kept.spki : new Uint8Array(kept.spki.length);
    const chain = toBase64url(Uint8Array.of(1, 2, ...inside, 3));
    const collect = form("collect", { chain, name: "x", file: "x.p12" }, ["password"]);
    for (const id of ["download", "done", "forget"]) page[id] = new Part();
    page.done.hidden = true;
    await script("enrolment.js");
    assert.equal(page["no-key"].hidden, own);
    assert.equal(collect.hidden, !own);
    if (!own) continue;
    page.password.value = "another password";
    await collect.happens("submit");
    assert.ok(page["password-field"].classes.has("wrong") && page.done.hidden);
    page.password.value = "long enough 12";
    await collect.happens("submit");
    assert.ok(!page.done.hidden && page.download.href.startsWith("blob:"));
    assert.equal(page.download.download, "x.p12");
    await page.forget.happens("click");
    assert.equal(keptKeys("A").length, 0);
    assert.equal(waitingLetter(), null);
  }
});

test("a key is tied to the code that came by short message where the letter has one, which is not sent", async () => {
  const { reference, bind_page } = vectors.letter_keys;
  const challenge = toBase64url(new Uint8Array(16).fill(9));
  const { keepLetter } = await script("kept.js");
  const { bindValue } = await script("letter.js");
  const fields = ["message", "password", "repeat", "request", "bind"];
  const letter = () => {
    keepLetter(reference, { bind: fromBase64url(bind_page), lookup: new Uint8Array(32) });
    page.enrolment = new Part({ reference });
    page["no-code"] = new Part();
    return form("make", { challenge }, fields);
  };
  const make = letter();
  await script("enrolment.js");
  page.password.value = page.repeat.value = "long enough 12";
  const { text, bind_page: both } = vectors.message_code;
  for (const wrong of ["", `${text.slice(0, -1)}2`, text.slice(1), "短信短信短信短信短信"]) {
    page.message.value = wrong;
    await make.happens("submit");
    assert.ok(make.submitted === 0 && page["message-field"].classes.has("wrong"), wrong);
  }
  page.message.value = text.toLowerCase().replace("-", " ");
  await make.happens("submit");
  assert.equal(make.submitted, 1);
  assert.equal(page.message.value, "");
  const request = fromBase64url(page.request.value);
  const bound = await bindValue(fromBase64url(both), new Uint8Array(16).fill(9), request);
  assert.equal(page.bind.value, toBase64url(bound));
});

test("what the CA says of a renewal is shown once read, and asked again only on purpose", async () => {
  const outcomes = ["early", "waiting", "soon", "returned", "rejected", "refused", "done"];
  for (const id of [...outcomes, "reason", "returned-reason", "why", "code"]) page[id] = new Part();
  form("renew", { language: "en", away: "nobody answers" }, []);
  const { ask, askedAgain, isRejected, isReturned } = await script("renewal-answer.js");
  const shown = () => outcomes.filter((id) => !page[id].hidden);
  assert.ok(!isRejected({}) && !isReturned({}) && shown().length === outcomes.length);
  assert.ok(isReturned({ returned: "the unit" }) && isReturned({ returned: "the unit" }));
  assert.deepEqual([shown(), page["returned-reason"].textContent], [["returned"], "the unit"]);
  askedAgain();
  assert.ok(!isReturned({ returned: "the unit" }), "they read it, and ask again");
  assert.ok(isReturned({ returned: "the name" }), "another reason is read as well");
  assert.ok(isRejected({ stage: { stage: "rejected", reason: "left" } }));
  assert.deepEqual([shown(), page.reason.textContent], [["rejected"], "left"]);
  const said = { code: "log-behind", zh: "稍后", en: "later", reference: "R" };
  globalThis.fetch = async () => ({ ok: false, json: async () => said });
  assert.equal(await ask("terms", { certificate: "AQ" }), null);
  assert.deepEqual([shown(), page.why.textContent, page.code.textContent], [["refused"], "later", "log-behind · R"]);
  globalThis.fetch = async () => ({ ok: true, json: async () => ({ challenge: "AQ" }) });
  assert.deepEqual(await ask("terms", { certificate: "AQ" }), { challenge: "AQ" });
  // A network that is down, and a page of somebody else: told as that, and as no fault of the browser.
  const html = { ok: false, json: async () => { throw new SyntaxError("<html>"); } };
  mock.method(console, "error", () => {});
  for (const down of [async () => { throw new TypeError("no network"); }, async () => html]) {
    page.why.textContent = page.code.textContent = "-";
    globalThis.fetch = down;
    assert.equal(await ask("renew", { certificate: "AQ" }), null);
    assert.deepEqual([shown(), page.why.textContent, page.code.textContent], [["refused"], "nobody answers", ""]);
  }
  mock.restoreAll();
});

test("a renewal keeps its new key before it asks; the same file goes on where it was", async () => {
  const { generate } = await script("pkcs10.js");
  const { encrypt, file } = await script("pkcs12.js");
  const { keptKeys } = await script("kept.js");
  const password = "long enough 12";
  const old = await generate();
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", old.privateKey));
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", old.publicKey));
  const certificate = Uint8Array.of(0x30, spki.length, ...spki);
  const p12 = await file(await encrypt(pkcs8, password), [certificate], "x", password);
  const ids = ["early", "waiting", "soon", "returned", "rejected", "refused", "done", "download", "forget", "again"];
  const own = form("renew", { language: "zh-CN", name: "x" }, ["file", "password"]);
  for (const id of [...ids, "opens", "why", "code", "order", "reason", "reasons", "returned-reason"]) page[id] = new Part();
  const reasons = ["asked", "expired"].map((reason) => new Part({ reason }));
  page.reasons.children = reasons;
  const shown = () => ids.slice(0, 7).filter((id) => !page[id].hidden);
  page.file.files = [{ arrayBuffer: async () => p12 }];
  const asked = [];
  const terms = { challenge: toBase64url(new Uint8Array(16)), review: ["expired"], opens: "2026-01-01T00:00:00Z" };
  const waits = { stage: "awaiting", order: "5GPJ", approvals: 0, needed: 2 };
  const answers = {};
  const names = () => keptKeys(`renewal-${asked.name}`);
  globalThis.fetch = async (address, { body }) => {
    const what = address.split("/").at(-1);
    asked.push([what, JSON.parse(body), localStorage.length]);
    const said = answers[what]();
    return { ok: said.code === undefined, json: async () => said };
  };
  await script("renewal.js");
  page.password.value = "another password";
  await own.happens("submit");
  assert.ok(page["password-field"].classes.has("wrong") && asked.length === 0);
  page.password.value = password;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", certificate));
  asked.name = toBase64url(digest);

  answers.terms = () => ({ code: "renewal-never", zh: "不能续期", en: "no", reference: "R" });
  await own.happens("submit");
  assert.deepEqual([shown(), page.why.textContent, page.code.textContent], [["refused"], "不能续期", "renewal-never · R"]);
  answers.terms = () => ({ ...terms, opens: "2999-01-01T00:00:00Z" });
  await own.happens("submit");
  assert.deepEqual([shown(), names().length], [["early"], 0], "no key is made in vain");

  // What an officer said is read before anything is made or signed, and asked again only on purpose.
  const requests = () => asked.filter(([what]) => what === "renew").length;
  answers.terms = () => ({ ...terms, stage: { stage: "rejected", reason: "已离岗" } });
  await own.happens("submit");
  assert.deepEqual([shown(), page.reason.textContent, names().length, requests()], [["rejected"], "已离岗", 0, 0]);
  answers.terms = () => ({ ...terms, returned: "单位不对" });
  for (const time of ["first", "again"]) {
    await own.happens("submit");
    const seen = [shown(), page["returned-reason"].textContent, names().length, requests()];
    assert.deepEqual(seen, [["returned"], "单位不对", 0, 0], time);
  }
  answers.renew = () => ({ stage: waits });
  await page.again.happens("click");
  assert.equal(own.submitted, 1);
  await own.happens("submit");
  assert.deepEqual([shown(), requests()], [["waiting"], 1]);
  answers.terms = () => ({ ...terms, returned: "姓名不对" });
  await own.happens("submit");
  assert.deepEqual([shown(), requests()], [["returned"], 1], "another reason is read as well");

  answers.terms = () => terms;
  await own.happens("submit");
  assert.deepEqual([shown(), page.order.textContent], [["waiting"], "5GPJ"]);
  const once = requests();
  // Rejected while the page waits.
  answers.renew = () => {
    answers.terms = () => ({ ...terms, stage: { stage: "rejected", reason: "已离岗" } });
    return { code: "renewal-rejected", zh: "已驳回", en: "rejected", reference: "R" };
  };
  page.reason.textContent = "";
  await own.happens("submit");
  assert.deepEqual([shown(), page.reason.textContent, requests()], [["rejected"], "已离岗", once + 1]);
  answers.terms = () => terms;
  answers.renew = () => ({ stage: waits });
  await own.happens("submit");
  assert.deepEqual(reasons.map((one) => one.hidden), [true, false]);
  const [what, message, kept] = asked.at(-1);
  assert.deepEqual([what, kept, message.label], ["renew", 1, "page"], "kept before it is sent");
  assert.ok(!JSON.stringify(asked).includes(password));

  // Another day, another load of the page: the same key, and then the file.
  const [first] = names();
  await script("renewal.js");
  answers.renew = () => {
    const chain = [toBase64url(Uint8Array.of(1, ...first.spki, 2))];
    return { stage: { stage: "issued", serial: "01" }, collected: { chain } };
  };
  await own.happens("submit");
  assert.deepEqual([shown(), names().length, own.hidden], [["done"], 1, true]);
  assert.ok(page.download.href.startsWith("blob:") && page.password.value === "");
  const { request: last } = asked.at(-1)[1];
  const inside = fromBase64url(last);
  assert.ok(Buffer.from(inside).includes(Buffer.from(first.spki)), "the key that was kept");
  // The old key signed for exactly this request.
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const label = new TextEncoder().encode("yinxin-use-v1\0");
  const signed = Buffer.concat([label, digest, new Uint8Array(16), await sha256(inside)]);
  const { createPublicKey, verify: judge } = await import("node:crypto");
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  assert.ok(judge("sha256", signed, key, fromBase64url(asked.at(-1)[1].signature)));
  await page.forget.happens("click");
  assert.equal(names().length, 0);
});

test("a passkey is asked for this order's challenge only; a refusal is said", async () => {
  const challenge = toBase64url(new Uint8Array(32).fill(5));
  const own = form("approve", { challenge, credentials: "AQ Ag" }, []);
  const names = ["credential", "authenticator_data", "client_data", "signature"];
  for (const name of [...names, "refused"]) page[name] = new Part();
  const asked = [];
  let answer = () => { throw new Error("NotAllowedError"); };
  const credentials = { get: async (options) => { asked.push(options.publicKey); return answer(); } };
  Object.defineProperty(globalThis, "navigator", { value: { credentials }, configurable: true });
  await script("passkey.js");
  const button = own.parts.button;
  own.reportValidity = () => false;
  await button.happens("click");
  assert.ok(asked.length === 0 && own.submitted === 0, "what has to be opened first was not");
  own.reportValidity = () => true;
  await button.happens("click");
  assert.ok(own.submitted === 0 && !page.refused.hidden && !button.disabled);
  const part = (byte) => Uint8Array.of(byte).buffer;
  const response = { authenticatorData: part(1), clientDataJSON: part(2), signature: part(3) };
  answer = () => ({ rawId: part(4), response });
  await button.happens("click");
  assert.equal(own.submitted, 1);
  assert.deepEqual(names.map((name) => page[name].value), ["BA", "AQ", "Ag", "Aw"]);
  for (const options of asked) {
    assert.equal(toBase64url(options.challenge), challenge);
    assert.equal(options.rpId, "staff.localhost");
    assert.equal(options.userVerification, "required");
    assert.deepEqual(options.allowCredentials.map(({ id }) => id[0]), [1, 2]);
  }
});

test("a new passkey is saved as a file, certified by nobody", async () => {
  const making = form("make-passkey", { challenge: "AAAA", person: "P", name: "王", known: "AQ" }, []);
  for (const id of ["file", "made", "refused"]) page[id] = new Part();
  page.made.hidden = true;
  let asked;
  const response = { getAuthenticatorData: () => Uint8Array.of(1), clientDataJSON: Uint8Array.of(2).buffer };
  const credentials = { create: async (options) => { asked = options.publicKey; return { response }; } };
  Object.defineProperty(globalThis, "navigator", { value: { credentials }, configurable: true });
  let saved;
  const url = URL.createObjectURL;
  URL.createObjectURL = (blob) => { saved = blob; return "blob:x"; };
  await script("passkey.js");
  await making.parts.button.happens("click");
  URL.createObjectURL = url;
  assert.deepEqual(JSON.parse(await saved.text()), {
    v: 1, origin: "https://staff.localhost", authenticator_data: "AQ", client_data: "Ag",
  });
  assert.ok(!page.made.hidden && page.refused.hidden);
  assert.deepEqual(asked.pubKeyCredParams, [{ type: "public-key", alg: -7 }]);
  assert.equal(asked.authenticatorSelection.userVerification, "required");
  assert.equal(asked.excludeCredentials.length, 1);
});
