// The page's own encoders, judged by the golden vectors that two other readers follow, and by OpenSSL.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const asset = (name) => import(new URL(`../../ra-portal/assets/${name}`, import.meta.url));
const { fromBase64url, toBase64url, concat } = await asset("bytes.js");
const { readCode, readReference, deriveKeys, bindValue, lossValue, suspensionValue } =
  await asset("letter.js");
const { readMessageCode, withMessage } = await asset("letter.js");
const { identifier, integer, tagged, unsigned } = await asset("der.js");
const { generate, request } = await asset("pkcs10.js");
const { encrypt, decrypt, file } = await asset("pkcs12.js");
const { Foreign, read, WrongPassword } = await asset("pkcs12-reader.js");
const { values } = await asset("der-reader.js");

const vectors = JSON.parse(readFileSync(new URL("../../docs/vectors.json", import.meta.url), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "assets-"));
after(() => rmSync(folder, { recursive: true }));
const openssl = (...words) => execFileSync("openssl", words, { encoding: "utf8", stdio: "pipe" });
const run = (program, ...words) => execFileSync(program, words, { stdio: "pipe" });
const written = (name, bytes) => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

test("a code gives the keys of the golden vectors", async () => {
  const { founding, reference, code, lookup, bind_page, loss_value, suspension_value } =
    vectors.letter_keys;
  const keys = await deriveKeys(fromBase64url(founding), reference, fromBase64url(code));
  assert.equal(toBase64url(keys.lookup), lookup);
  assert.equal(toBase64url(keys.bind), bind_page);
  assert.equal(toBase64url(await lossValue(keys.loss, reference)), loss_value);
  const held = await suspensionValue(keys.suspend, reference);
  assert.equal(toBase64url(held), suspension_value);
  const { key, challenge, request: pkcs10, bind } = vectors.bind;
  const bound = await bindValue(fromBase64url(key), fromBase64url(challenge), fromBase64url(pkcs10));
  assert.equal(toBase64url(bound), bind);
});

test("a code that came by short message is read beside its letter, and gives the keys of the golden vectors", async () => {
  const { reference, text, bind_page } = vectors.message_code;
  const code = readMessageCode(reference, text);
  assert.equal(code, text.replace("-", ""));
  assert.equal(readMessageCode(reference, ` ${text.toLowerCase()} `), code);
  const bind = fromBase64url(vectors.letter_keys.bind_page);
  assert.equal(toBase64url(await withMessage(bind, code)), bind_page);
  for (let at = 0; at < 9; at += 1) {
    const wrong = code.slice(0, at) + (code[at] === "7" ? "6" : "7") + code.slice(at + 1);
    assert.equal(readMessageCode(reference, wrong), null, `position ${at}`);
  }
  assert.equal(readMessageCode("5GPJWBSG64S36D1N", text), null, "another letter's");
  assert.equal(readMessageCode(reference, code.slice(1)), null);
});

test("a code is read as people type it, and one wrong character is seen", () => {
  const { text: code, bytes } = vectors.code;
  assert.equal(toBase64url(readCode(code)), bytes);
  const typed = code.toLowerCase().replaceAll("0", "o").replaceAll("1", "l").replaceAll("-", " ");
  assert.equal(toBase64url(readCode(typed)), bytes);
  const plain = code.replaceAll("-", "");
  for (let at = 0; at < 26; at += 1) {
    const wrong = plain.slice(0, at) + (plain[at] === "7" ? "6" : "7") + plain.slice(at + 1);
    assert.equal(readCode(wrong), null, `position ${at}`);
  }
  assert.equal(readCode(plain.slice(1)), null);
  assert.equal(readCode("Z" + plain.slice(1)), null);
  assert.equal(readReference(" 5gpj-wbsg-64s3-6d1n "), "5GPJWBSG64S36D1N");
  assert.equal(readReference("5GPJWBSG64S36D1"), null);
  assert.equal(readReference("5GPJWBSG64S36DU1"), null);
});

test("whoever applies again keeps the earlier key: the certificate may come for either", async () => {
  const storage = () => {
    const held = new Map();
    return {
      getItem: (name) => held.get(name) ?? null,
      setItem: (name, value) => held.set(name, value),
      removeItem: (name) => held.delete(name),
    };
  };
  globalThis.localStorage = storage();
  globalThis.sessionStorage = storage();
  const { bindKey, forgetBindKey, forgetKey, keepKey, keepLetter, keptKeys } = await asset("kept.js");
  const part = Uint8Array.of(1, 2);
  const encrypted = { salt: part, iv: part, data: part };
  assert.deepEqual(keptKeys("A"), []);
  for (const byte of [7, 8]) keepKey("A", encrypted, Uint8Array.of(byte));
  assert.deepEqual(keptKeys("A").map((kept) => kept.spki[0]), [8, 7]);
  assert.deepEqual(keptKeys("A")[1].key, encrypted);
  assert.deepEqual(keptKeys("B"), []);
  for (let byte = 0; byte < 20; byte += 1) keepKey("A", encrypted, Uint8Array.of(byte));
  assert.equal(keptKeys("A").length, 8);
  forgetKey("A");
  assert.deepEqual(keptKeys("A"), []);
  keepLetter("A", { bind: part, lookup: part });
  assert.deepEqual(bindKey("A"), part);
  forgetBindKey("A");
  assert.equal(bindKey("A"), null);
});

test("DER has one spelling", () => {
  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  assert.equal(hex(integer(0)), "020100");
  assert.equal(hex(integer(127)), "02017f");
  assert.equal(hex(integer(128)), "02020080");
  assert.equal(hex(integer(600_000)), "02030927c0");
  assert.equal(hex(unsigned(Uint8Array.of(0, 0, 200))), "020200c8");
  assert.equal(hex(identifier("2.16.840.1.101.3.4.1.42")), "060960864801650304012a");
  assert.equal(hex(tagged(4, new Uint8Array(128)).slice(0, 3)), "048180");
  assert.equal(hex(tagged(4, new Uint8Array(256)).slice(0, 4)), "04820100");
});

test("OpenSSL verifies a request", async () => {
  const pair = await generate();
  const der = written("request.der", await request(pair));
  const said = openssl("req", "-inform", "DER", "-in", der, "-verify", "-noout", "-text");
  assert.match(said, /Subject:\s*\n/);
  assert.match(said, /NIST CURVE: P-256/);
});

test("OpenSSL opens a PKCS#12 file with its password and with no other", async () => {
  const pair = await generate();
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const key = written("key.pem", openssl("pkey", "-inform", "DER", "-in", written("k", pkcs8)));
  const certificate = join(folder, "certificate.der");
  openssl(
    "req", "-x509", "-key", key, "-subj", "/CN=x", "-outform", "DER", "-out", certificate,
  );
  const password = "一个够长的口令 long";
  const kept = await encrypt(pkcs8, password);
  assert.deepEqual(await decrypt(kept, password), pkcs8);
  assert.equal(await decrypt(kept, `${password}.`), null);
  // As one wrong password in 256 would have it: padding that fits around what is no key.
  assert.equal(await decrypt(await encrypt(pkcs8.slice(1), password), password), null);
  const chain = [new Uint8Array(readFileSync(certificate))];
  const p12 = written("own.p12", await file(kept, chain, "王小明 2026", password));
  const opened = openssl("pkcs12", "-in", p12, "-nodes", "-passin", `pass:${password}`);
  assert.match(opened, /BEGIN PRIVATE KEY/);
  assert.match(opened, /BEGIN CERTIFICATE/);
  assert.throws(() => openssl("pkcs12", "-in", p12, "-nodes", "-passin", "pass:another"));
  assert.equal(concat(chain[0]).length, chain[0].length);
});

test("a PKCS#12 file opens with its password, whoever made it; what is no such file is told apart", async () => {
  const password = "一个够长的口令 long";
  const pair = await generate();
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const key = written("r.pem", openssl("pkey", "-inform", "DER", "-in", written("r.k", pkcs8)));
  const self = (own, name) => {
    const words = ["-subj", "/CN=x", "-outform", "PEM", "-out", join(folder, name)];
    openssl("req", "-x509", "-key", own, ...words);
    return join(folder, name);
  };
  const exported = (own, certificate, ...words) => {
    const to = ["-out", join(folder, "r.p12"), "-passout", `pass:${password}`];
    openssl("pkcs12", "-export", "-inkey", own, "-in", certificate, ...to, ...words);
    return new Uint8Array(readFileSync(join(folder, "r.p12")));
  };
  const pem = self(key, "r.crt.pem");
  openssl("x509", "-in", pem, "-outform", "DER", "-out", join(folder, "r.der"));
  const der = new Uint8Array(readFileSync(join(folder, "r.der")));
  const ours = await file(await encrypt(pkcs8, password), [der], "x", password);
  for (const bytes of [ours, exported(key, pem), exported(key, pem, "-keypbe", "AES-128-CBC")]) {
    const found = await read(bytes, password);
    assert.deepEqual([found.pkcs8, found.certificate], [pkcs8, der]);
    await assert.rejects(read(bytes, `${password}.`), WrongPassword);
    // Cut off anywhere it is no file, and the reader ends.
    for (let end = 0; end < bytes.length; end += 97) {
      await assert.rejects(read(bytes.slice(0, end), password), Foreign);
    }
  }
  openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", join(folder, "rsa.pem"));
  const rsa = exported(join(folder, "rsa.pem"), self(join(folder, "rsa.pem"), "rsa.crt"));
  await assert.rejects(read(rsa, password), Foreign);
  // A root of version 1 beside it is no reason; one wrong password in 256 leaves padding that fits
  // around a key whose certificate stands in clear.
  const root = join(folder, "r.v1.pem");
  const ofRoot = ["-key", join(folder, "rsa.pem"), "-subj", "/CN=root"];
  const asked = written("r.csr", openssl("req", "-new", ...ofRoot));
  openssl("x509", "-req", "-in", asked, "-signkey", join(folder, "rsa.pem"), "-out", root);
  assert.match(openssl("x509", "-in", root, "-noout", "-text"), /Version: 1 /);
  for (const words of [["-certfile", root], ["-nomac"], ["-certpbe", "NONE"], ["-iter", "200000"]]) {
    const bytes = exported(key, pem, ...words);
    const found = await read(bytes, password);
    assert.deepEqual([found.pkcs8, found.certificate], [pkcs8, der], `${words}`);
    await assert.rejects(read(bytes, `${password}.`), WrongPassword, `${words}`);
  }
  const inClear = exported(key, pem, "-certpbe", "NONE", "-iter", "1");
  for (let turn = 0; turn < 1_500; turn += 1) {
    await assert.rejects(read(inClear, `${turn}`), WrongPassword, `${turn}`);
  }
  const without = [["-nocerts"], ["-nokeys"], ["-keypbe", "NONE", "-certpbe", "NONE"]];
  const triple = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"];
  for (const words of [...without, triple, ["-keypbe", "AES-192-CBC"]]) {
    await assert.rejects(read(exported(key, pem, ...words), password), Foreign, `${words}`);
  }
  // NSS writes lengths without an end.
  const nss = join(folder, "nss");
  mkdirSync(nss);
  const secret = written("nss.secret", "secret-of-twelve");
  const at = ["-d", `sql:${nss}`];
  run("certutil", "-N", ...at, "-f", secret);
  exported(key, pem, "-name", "own");
  run("pk12util", "-i", join(folder, "r.p12"), ...at, "-k", secret, "-W", password);
  run("pk12util", "-o", join(folder, "nss.p12"), "-n", "own", ...at, "-k", secret, "-W", "secret-of-twelve");
  await assert.rejects(read(new Uint8Array(readFileSync(join(folder, "nss.p12"))), "secret-of-twelve"), Foreign);
  await assert.rejects(read(new Uint8Array(300 * 1024), password), Foreign);
});

test("DER of no definite length, or longer than it is, is none", () => {
  const wrong = [[0x30, 0x80, 0, 0], [4, 2, 1], [4, 0x81], [4, 0x85, 0, 0, 0, 0, 1, 7], [4]];
  for (const bytes of wrong) assert.throws(() => values(Uint8Array.from(bytes)), `${bytes}`);
  assert.throws(() => values(new Uint8Array(200).fill(4, 0, 1).fill(0x85, 1, 2)), "a length of five bytes");
  assert.deepEqual(values(Uint8Array.of(4, 1, 7, 5, 0)).map((value) => value.tag), [4, 5]);
  // A length may end in the byte that says elsewhere that there is none.
  for (const length of [127, 128, 129, 384, 640]) {
    const [value] = values(tagged(4, new Uint8Array(length)));
    assert.equal(value.body.length, length);
  }
});

test("a signature has the one spelling that the CA takes", async () => {
  const { sign } = await asset("ecdsa.js");
  const { sequence, within } = await asset("der-reader.js");
  const { privateKey, publicKey } = await generate();
  const message = Uint8Array.of(1, 2, 3);
  const half = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const key = written("s.pem", openssl("pkey", "-pubin", "-inform", "DER", "-in", written("s.k", spki)));
  for (let turn = 0; turn < 16; turn += 1) {
    const der = await sign(privateKey, message);
    const [, s] = sequence(values(der)[0]);
    const high = within(s, 2).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    assert.ok(high <= half);
    const words = ["-verify", key, "-signature", written("s.sig", der), written("s.msg", message)];
    assert.match(openssl("dgst", "-sha256", ...words), /Verified OK/);
  }
});
