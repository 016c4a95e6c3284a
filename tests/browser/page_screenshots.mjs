// Every sample page, in both languages, at 200 % and at 400 %, and in one of them dark and wide, under the policy that
// answers carry: nothing keeps anybody from using it. Where the other language has the same elements, what words can
// change is looked at again, and else all. Letters fit one sheet. With YINXIN_PICTURES=1, or when golden files
// are written, there is a picture of each for whoever changes one.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { barriers, listen, open, root } from "./browser.mjs";

/** Sample pages of the portal and of the desk. */
const folders = ["tests/golden/pages", "tests/golden/desk"].map((name) => join(root, name));
const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
const pictures = join(root, "target/screenshots");
/** Pages that README and walks show. */
const shown = [
  "home", "letter", "make", "waiting", "collect", "certificate", "lost", "receipt", "queue", "review", "passkeys",
  "audit-found", "state", "applications", "desk-key", "desk-queue", "desk-review", "desk-audit-found", "desk-evidence",
].map((name) => `${name}.zh-CN`).concat(["home.en", "review.en"]);
/** Folders of what pages load: the style of all of them, scripts of the portal, scripts of the desk. */
const assets = ["crates/page/assets", "ra-portal/assets", "crates/cli/assets"];
const kinds = { css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
mkdirSync(pictures, { recursive: true });
const letters = join(root, "tests/golden/letters");
const writes = process.env.YINXIN_GOLDEN === "write";
const pictured = writes || process.env.YINXIN_PICTURES === "1";
/** 1280 pixels at 200 %. */
const HALF = { width: 640, height: 450 };
/** What another colour scheme or another width can change. */
const LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"];
/** What words can change where elements, roles and classes are the same. */
const WORDS = ["html-has-lang", "html-lang-valid", "valid-lang", "document-title", "target-size"];
const policy = readFileSync(join(root, "tests/golden/policy.txt"), "utf8");
const home = mkdtempSync(join(tmpdir(), "page-screenshots-"));
const context = await open(home);
const wrong = [];
// Asked over a loopback port, the browser keeps what all pages load; handing it each file through its debugger costs
// more of the processor than most rules.
const server = createServer((request, response) => {
  const name = new URL(request.url, "http://page.localhost").pathname.split("/").at(-1);
  const asset = /\.(css|js|svg)$/.exec(name);
  const there = asset ? assets.map((folder) => join(root, folder, name)) : files;
  const path = there.find((path) => basename(path) === name && existsSync(path));
  if (!path) wrong.push(`${name} is asked for and not there`);
  const kind = asset ? kinds[asset[1]] : "text/html; charset=utf-8";
  const kept = { "cache-control": asset ? "max-age=3600" : "no-store" };
  response.writeHead(path ? 200 : 404, { "content-type": kind, "content-security-policy": policy, ...kept });
  response.end(path ? readFileSync(path) : "");
});
await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
const origin = `http://page.localhost:${server.address().port}`;
// What a browser keeps between letter, key and collection, so that the forms of the samples are there.
await context.addInitScript(() => {
  sessionStorage.setItem("yinxin-bind-0123456789ABCDEF", "AAAA");
  const kept = { salt: "AAAA", iv: "AAAA", data: "AAAA", spki: "AAAA" };
  localStorage.setItem("yinxin-key-0123456789ABCDEF", JSON.stringify([kept]));
});
const page = await context.newPage();
const complained = listen(page);
/** Elements of pages in the first language, by the name of the page. */
const elements = new Map();
const byLanguage = (a, b) => a.endsWith(".en.html") - b.endsWith(".en.html") || (a < b ? -1 : 1);
for (const file of files.map((path) => basename(path)).sort(byLanguage)) {
  const name = file.replace(/\.html$/, "");
  // Both languages have one structure and one style.
  const first = name.endsWith(".zh-CN");
  const schemes = pictured ? ["dark", "light"] : first ? ["dark"] : [];
  // A page comes as it is looked at first: each other width and scheme lays it out and draws it once more.
  await page.setViewportSize(schemes.length > 0 ? { width: 1280, height: 900 } : HALF);
  await page.emulateMedia({ colorScheme: schemes[0] ?? "light", media: "screen" });
  await page.goto(`${origin}/${file}`);
  for (const colorScheme of schemes) {
    if (colorScheme !== schemes[0]) await page.emulateMedia({ colorScheme, media: "screen" });
    for (const barrier of await barriers(page, LOOKS)) wrong.push(`${name} ${colorScheme}: ${barrier}`);
    if (!pictured) continue;
    await page.screenshot({ path: join(pictures, `${name}.${colorScheme}.png`), fullPage: true });
    if (shown.includes(name) && colorScheme === "light") {
      await page.setViewportSize({ width: 960, height: 700 });
      const folder = writes ? "docs/pictures" : "target/screenshots";
      await page.screenshot({ path: join(root, folder, `${name}.png`) });
    }
  }
  // 1280 pixels at 200 %, with everything that scripts show later: by all rules.
  if (schemes.length > 0) await page.setViewportSize(HALF);
  // Light again: dark was looked at before.
  if (schemes.at(-1) === "dark") await page.emulateMedia({ colorScheme: "light", media: "screen" });
  const all = await page.evaluate(() => {
    for (const element of document.querySelectorAll("[hidden]")) element.hidden = false;
    const own = (e) => [...e.attributes].filter((a) => /^(role|class|type|for|id|aria-)/.test(a.name) && a.name !== "aria-label");
    return [...document.querySelectorAll("*")]
      .map((e) => [e.tagName, ...own(e).map((a) => `${a.name}=${a.value}`)].join(" ")).join("\n");
  });
  const base = name.replace(/\.(zh-CN|en)$/, "");
  const rules = elements.get(base) === all ? WORDS : null;
  elements.set(base, all);
  for (const barrier of await barriers(page, rules)) wrong.push(`${name} at 200 %: ${barrier}`);
  // 1280 pixels at 400 %: everything in one column, nothing beside the screen.
  await page.setViewportSize({ width: 320, height: 640 });
  const beside = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (beside > 0) wrong.push(`${name}: ${beside} pixels beside a narrow screen`);
  if (name.startsWith("receipt")) {
    await page.emulateMedia({ media: "print" });
    const printed = await page.evaluate(() => {
      const shown = (element) => element.checkVisibility();
      return [...document.querySelectorAll("button, nav a")].filter(shown).map((e) => e.outerHTML);
    });
    if (printed.length > 0) wrong.push(`${name} prints ${printed}`);
  }
  try {
    complained();
  } catch (error) {
    wrong.push(`${name}: ${error.message}`);
  }
}
await page.goto("about:blank");
for (const file of readdirSync(letters)) {
  await page.setContent(readFileSync(join(letters, file), "utf8"));
  for (const barrier of await barriers(page)) wrong.push(`${file}: ${barrier}`);
  await page.emulateMedia({ media: "print" });
  const sheet = await page.pdf({ preferCSSPageSize: true });
  const count = sheet.toString("latin1").match(/\/Type\s*\/Page\b/g)?.length;
  if (count !== 1) wrong.push(`${file} takes ${count} sheets`);
  await page.emulateMedia({ media: "screen" });
  if (!pictured) continue;
  await page.setViewportSize({ width: 794, height: 1123 });
  await page.screenshot({ path: join(pictures, `letter-${file}.png`) });
}
await context.close();
server.closeAllConnections();
server.close();
rmSync(home, { recursive: true });
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log(`${files.length} pages in two schemes`);
