// Debian's Chromium with a profile, a home and a certificate store of its own.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(join(root, ".tools/node/package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** A browser that remembers between two calls what it kept in `home`. */
export async function open(home, { certificates = false, flags = [] } = {}) {
  const profile = join(home, "profile");
  const preferences = join(profile, "Default/Preferences");
  if (!existsSync(preferences)) {
    // The person picks the one certificate that fits, without a dialog that nobody could click here.
    const picks = { "https://[*.]localhost,*": { setting: { filters: [{}] } } };
    const exceptions = certificates ? { auto_select_certificate: picks } : {};
    mkdirSync(join(profile, "Default"), { recursive: true });
    const text = JSON.stringify({ profile: { content_settings: { exceptions } } });
    writeFileSync(preferences, text);
  }
  return chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: [...FLAGS, ...flags],
    env: { ...process.env, HOME: home },
    acceptDownloads: true,
  });
}

/** Makes the home believe a root; `p12` adds a person's certificate. */
export function trust(home, pem) {
  const store = `sql:${join(home, ".pki/nssdb")}`;
  mkdirSync(join(home, ".pki/nssdb"), { recursive: true });
  execFileSync("certutil", ["-N", "-d", store, "--empty-password"]);
  execFileSync("certutil", ["-A", "-d", store, "-n", "root", "-t", "CT,C,C", "-i", pem]);
}

export function importFile(home, p12, password) {
  const store = `sql:${join(home, ".pki/nssdb")}`;
  execFileSync("pk12util", ["-i", p12, "-d", store, "-W", password], { stdio: "pipe" });
}

/** Everything a page complained about, thrown when it is asked for. */
export function listen(page) {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  return () => {
    const all = complaints.splice(0);
    if (all.length > 0) throw new Error(`the page complains: ${all.join("; ")}`);
  };
}

/** What keeps people from using a page (WCAG 2.2 A and AA, best practice). */
export async function barriers(page, rules = null) {
  if (!await page.evaluate(() => "axe" in globalThis)) await page.evaluate(axe);
  const found = await page.evaluate((rules) => {
    const runOnly = rules ? { runOnly: { type: "rule", values: rules } } : {};
    // No rule that is asked for needs style sheets fetched again.
    return globalThis.axe.run({ resultTypes: ["violations"], preload: false, ...runOnly });
  }, rules);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(" | ")}`);
}
