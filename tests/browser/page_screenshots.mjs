// Every sample page, in both languages, light and dark, wide, at 200 % and at 400 %, under the policy that answers
// carry: nothing keeps anybody from using it, and a picture of each for whoever changes one. Letters fit one sheet.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { barriers, listen, open, root } from "./browser.mjs";

const pages = join(root, "tests/golden/pages");
const pictures = join(root, "target/screenshots");
/** Pages that README and walks show. */
const shown = [
  "home", "letter", "make", "waiting", "collect", "certificate", "lost", "receipt", "queue", "review", "passkeys",
  "audit-found", "state", "applications",
].map((name) => `${name}.zh-CN`).concat(["home.en", "review.en"]);
const kinds = { css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
mkdirSync(pictures, { recursive: true });
const letters = join(root, "tests/golden/letters");
const policy = readFileSync(join(root, "tests/golden/policy.txt"), "utf8");
const home = mkdtempSync(join(tmpdir(), "page-screenshots-"));
const context = await open(home);
await context.route("https://page.localhost/**", (route) => {
  const name = new URL(route.request().url()).pathname.split("/").at(-1);
  const asset = /\.(css|js|svg)$/.exec(name);
  const body = readFileSync(join(asset ? join(root, "ra-portal/assets") : pages, name));
  const kind = asset ? kinds[asset[1]] : "text/html; charset=utf-8";
  route.fulfill({ body, headers: { "content-type": kind, "content-security-policy": policy } });
});
// What a browser keeps between letter, key and collection, so that the forms of the samples are there.
await context.addInitScript(() => {
  sessionStorage.setItem("yinxin-bind-0123456789ABCDEF", "AAAA");
  const kept = { salt: "AAAA", iv: "AAAA", data: "AAAA", spki: "AAAA" };
  localStorage.setItem("yinxin-key-0123456789ABCDEF", JSON.stringify([kept]));
});
const page = await context.newPage();
const complained = listen(page);
const wrong = [];
for (const file of readdirSync(pages).sort()) {
  const name = file.replace(/\.html$/, "");
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, media: "screen" });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`https://page.localhost/${file}`);
    for (const barrier of await barriers(page)) wrong.push(`${name} ${colorScheme}: ${barrier}`);
    await page.screenshot({ path: join(pictures, `${name}.${colorScheme}.png`), fullPage: true });
    if (shown.includes(name) && colorScheme === "light") {
      await page.setViewportSize({ width: 960, height: 700 });
      const folder = process.env.YINXIN_GOLDEN === "write" ? "docs/pictures" : "target/screenshots";
      await page.screenshot({ path: join(root, folder, `${name}.png`) });
    }
  }
  // 1280 pixels at 200 %, and everything that scripts show later.
  await page.setViewportSize({ width: 640, height: 450 });
  for (const barrier of await barriers(page)) wrong.push(`${name} at 200 %: ${barrier}`);
  const later = await page.evaluate(() => {
    const hidden = [...document.querySelectorAll("[hidden]")];
    for (const element of hidden) element.hidden = false;
    return hidden.length;
  });
  if (later > 0) {
    for (const barrier of await barriers(page)) wrong.push(`${name} later: ${barrier}`);
  }
  // 1280 pixels at 400 %: everything in one column, nothing beside the screen.
  await page.setViewportSize({ width: 320, height: 640 });
  const beside = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (beside > 0) wrong.push(`${name}: ${beside} pixels beside a narrow screen`);
  await page.emulateMedia({ media: "print" });
  const printed = await page.evaluate(() => {
    const shown = (element) => element.checkVisibility();
    return [...document.querySelectorAll("button, nav a")].filter(shown).map((e) => e.outerHTML);
  });
  if (name.startsWith("receipt") && printed.length > 0) wrong.push(`${name} prints ${printed}`);
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
  await page.setViewportSize({ width: 794, height: 1123 });
  await page.screenshot({ path: join(pictures, `letter-${file}.png`) });
}
await context.close();
rmSync(home, { recursive: true });
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log(`${readdirSync(pages).length} pages in two schemes, pictures in target/screenshots`);
