// Every sample page, in both languages, light and dark, wide and at 200 %: nothing keeps anybody from using
// it, and a picture of each for whoever changes one.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { barriers, listen, open, root } from "./browser.mjs";

const pages = join(root, "tests/golden/pages");
const pictures = join(root, "target/screenshots");
/** Pages that README and walks show. */
const shown = ["home", "make", "queue", "review", "audit-found", "state", "applications"].map((name) => `${name}.zh-CN`);
const kinds = { css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
mkdirSync(pictures, { recursive: true });
const home = mkdtempSync(join(tmpdir(), "looks-"));
const context = await open(home);
await context.route("https://page.localhost/**", (route) => {
  const name = new URL(route.request().url()).pathname.split("/").at(-1);
  const asset = /\.(css|js|svg)$/.exec(name);
  const body = readFileSync(join(asset ? join(root, "ra-portal/assets") : pages, name));
  route.fulfill({ body, contentType: asset ? kinds[asset[1]] : "text/html; charset=utf-8" });
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
    if (process.env.YINXIN_GOLDEN === "write" && shown.includes(name) && colorScheme === "light") {
      await page.setViewportSize({ width: 960, height: 700 });
      await page.screenshot({ path: join(root, `docs/pictures/${name}.png`) });
    }
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
await context.close();
rmSync(home, { recursive: true });
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}
console.log(`${readdirSync(pages).length} pages in two schemes, pictures in target/screenshots`);
