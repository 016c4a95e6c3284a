// Writes a PKCS#12 file as the portal's page does: page_pkcs12.mjs KEY.pem CHAIN.pem PASSWORD OUT.

import { readFileSync, writeFileSync } from "node:fs";
import { encrypt, file } from "../../ra-portal/assets/pkcs12.js";

const [key, chain, password, out] = process.argv.slice(2);
const blocks = (path) =>
  readFileSync(path, "utf8")
    .split("-----BEGIN ")
    .slice(1)
    .map((block) => Uint8Array.from(Buffer.from(block.split("-----")[1], "base64")));
const kept = await encrypt(blocks(key)[0], password);
writeFileSync(out, await file(kept, blocks(chain), "王小明 2026", password));
