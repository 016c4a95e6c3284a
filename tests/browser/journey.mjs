// An official in a real browser, one act per call; what the browser keeps lies in the home between them.
//
//   node journey.mjs ACT, with what it needs as JSON in YINXIN_ACT; says what it saw as JSON

import { existsSync } from "node:fs";
import { join } from "node:path";
import { importFile, listen, open, trust } from "./browser.mjs";

const given = JSON.parse(process.env.YINXIN_ACT);
const PASSWORD = "一个够长的口令 2026";

async function main(page) {
  return (await page.textContent("main")).replaceAll(/\s+/g, " ").trim();
}

async function enterLetter(page, button) {
  // As people type: lower case, blanks instead of hyphens.
  await page.fill("#reference", ` ${given.reference.toLowerCase()} `);
  await page.fill("#code", given.code.toLowerCase().replaceAll("-", " "));
  await page.click(button);
}

async function openLetter(page) {
  await page.goto(given.portal);
  await page.click('a[href="/letter"].button');
  await enterLetter(page, "#go");
  await page.waitForURL("**/enrolment");
}

const acts = {
  /** From the front page to a submitted request. */
  async apply(page) {
    const sent = [];
    page.on("request", (request) => sent.push(request.postData() ?? "", request.url()));
    await page.goto(given.portal);
    await page.click('a[href="/letter"].button');
    // A mistyped code is seen before anything leaves the page.
    await page.fill("#reference", given.reference);
    await page.fill("#code", given.code.slice(0, -2) + (given.code.endsWith("U") ? "0U" : "UU"));
    await page.click("#go");
    await page.waitForSelector("#code-error:visible");
    await enterLetter(page, "#go");
    await page.waitForURL("**/enrolment");
    const record = await main(page);
    await page.fill("#password", "short");
    await page.fill("#repeat", "other");
    await page.click("#make button");
    await page.waitForSelector("#password-error:visible");
    await page.waitForSelector("#repeat-error:visible");
    await page.fill("#password", PASSWORD);
    await page.fill("#repeat", PASSWORD);
    await page.click("#make button");
    await page.waitForSelector("progress");
    // Going back, and a second tab, make no second application: both show the one that waits.
    const order = await page.textContent("dd.code >> nth=1");
    await page.goBack();
    await page.waitForSelector("progress");
    const other = await page.context().newPage();
    await other.goto(`${given.portal}/enrolment`);
    for (const tab of [page, other]) {
      const again = await tab.textContent("dd.code >> nth=1");
      if (again !== order) throw new Error(`${order} became ${again}`);
    }
    await other.close();
    const secrets = [PASSWORD, given.code, given.code.replaceAll("-", "")];
    const leaked = sent.filter((text) => secrets.some((secret) => text.includes(secret)));
    const kept = await page.evaluate(() => Object.keys(localStorage));
    return { record, waiting: await main(page), order, leaked, kept };
  },

  /** Days later, in the same browser: the certificate as a file, and no code typed again. */
  async collect(page) {
    await page.goto(`${given.portal}/letter`);
    await page.click("#go-on-button");
    await page.waitForURL("**/enrolment");
    await page.fill("#password", `${PASSWORD}.`);
    await page.click("#collect button");
    await page.waitForSelector("#password-error:visible");
    await page.fill("#password", PASSWORD);
    await page.click("#collect button");
    await page.waitForSelector("#download:visible", { timeout: 120_000 });
    const coming = page.waitForEvent("download");
    await page.click("#download");
    const download = await coming;
    await download.saveAs(given.file);
    importFile(given.home, given.file, PASSWORD);
    await page.click("#forget");
    const kept = await page.evaluate(() => Object.keys(localStorage));
    return { name: download.suggestedFilename(), kept, password: PASSWORD };
  },

  /** Another browser has no key for it. */
  async elsewhere(page) {
    await openLetter(page);
    return { shown: await page.isVisible("#no-key"), form: await page.isVisible("#collect") };
  },

  /** The certificate is shown, and opens the application. */
  async use(page) {
    const answer = await page.goto(`${given.staff}/certificate`);
    const own = { status: answer.status(), text: await main(page) };
    if (!given.application) return { own };
    const opened = await page.goto(given.application);
    return { own, application: { status: opened.status(), text: await page.textContent("body") } };
  },

  /** Renews with the file: sent to be approved, or the next file. */
  async renew(page) {
    const sent = [];
    page.on("request", (request) => sent.push(request.postData() ?? "", request.url()));
    await page.goto(`${given.portal}/renew`);
    await page.setInputFiles("#file", given.from);
    await page.fill("#password", `${PASSWORD}.`);
    await page.click("#renew button");
    await page.waitForSelector("#password-error:visible", { timeout: 120_000 });
    await page.fill("#password", PASSWORD);
    await page.click("#renew button");
    const ends = ["waiting", "done", "early", "refused", "rejected", "soon"];
    const ended = [...ends, "returned"].map((id) => `#${id}:visible`).join(", ");
    await page.waitForSelector(ended, { timeout: 120_000 });
    if (given.again) {
      await page.click("#again");
      await page.waitForSelector(ends.map((id) => `#${id}:visible`).join(", "), { timeout: 120_000 });
    }
    const leaked = sent.some((text) => text.includes(PASSWORD));
    const seen = { text: await main(page), leaked, order: await page.textContent("#order") };
    if (!await page.isVisible("#done")) return seen;
    const coming = page.waitForEvent("download");
    await page.click("#download");
    await (await coming).saveAs(given.file);
    await page.click("#forget");
    return { ...seen, kept: await page.evaluate(() => Object.keys(localStorage)) };
  },

  /** A loss report with its receipt. */
  async lose(page) {
    await page.goto(given.portal);
    await page.click('a[href="/lost"]');
    await enterLetter(page, "#go");
    await page.click("#confirm button");
    await page.waitForURL("**/lost/receipt");
    const receipt = await main(page);
    await page.reload();
    return { receipt, again: await main(page) };
  },

  /** An officer makes a passkey and saves what their own yinxin will ask to have certified. */
  async passkey(page) {
    await authenticator(page);
    await page.goto(`${given.staff}/passkeys`);
    await page.click("#make-passkey button");
    await page.waitForSelector("#file:visible");
    const coming = page.waitForEvent("download");
    await page.click("#file");
    await (await coming).saveAs(given.file);
    return { kept: await credentials() };
  },

  /** The officer approves an order of the list with the passkey. */
  async approve(page) {
    await authenticator(page, given.kept);
    await page.goto(`${given.staff}/`);
    const listed = await main(page);
    await page.click(`a[href="/orders/${given.order}"]`);
    const shown = await main(page);
    await page.click("#approve button");
    await page.waitForURL(`${given.staff}/`);
    return { listed, shown, after: await main(page), kept: await credentials() };
  },

  /** What an officer drafts on pages, each with one touch: many revocations, a release, a delegation. */
  async drafts(page) {
    await authenticator(page, given.kept);
    const touched = async (leads) => {
      const shown = await main(page);
      await page.click("#approve button");
      await page.waitForURL(leads);
      return { shown, after: await main(page) };
    };
    await page.goto(`${given.staff}/people/changes`);
    await page.selectOption("#what", "revoke");
    await page.fill("#rows", given.rows);
    await page.fill("#evidence", given.evidence);
    await page.click("form[action='/people/changes'][method=post] button");
    const many = await touched("**/batches/*");
    await page.goto(`${given.staff}/certificates/${given.serial}`);
    await page.fill("#release-evidence", given.evidence);
    await page.click("section[aria-labelledby=release] button");
    const release = await touched("**/drafts");
    await page.goto(`${given.staff}/people/${given.absent}`);
    await page.fill("#lend-deputy", given.deputy);
    await page.fill("#lend-from", given.from);
    await page.fill("#lend-until", given.until);
    await page.click("section[aria-labelledby=lend] button");
    return { many, release, delegation: await touched("**/drafts") };
  },

  /** The officer at their own desk: the link, the key, an order, the end. */
  async desk(page) {
    await page.goto(given.link);
    await page.waitForURL("**/key");
    const address = page.url();
    await page.fill("#passphrase", given.passphrase);
    await page.click("form[action='/key'] button");
    await page.click(`a[href="/orders/${given.order}"]`);
    const shown = await main(page);
    const tab = await page.context().newPage();
    await tab.goto(address.replace("/key", "/"));
    const second = await main(tab);
    // A page of another origin, in the same browser.
    const close = address.replace("/key", "/close");
    await tab.route("http://evil.localhost/", (route) => route.fulfill({
      contentType: "text/html", body: `<form method="post" action="${close}"><button>好</button></form>`,
    }));
    await tab.goto("http://evil.localhost/");
    await tab.click("button");
    await tab.waitForURL(close);
    const foreign = (await main(tab)).includes("不是从本页面发出") ? "refused" : await main(tab);
    // Another browser with the same link.
    const cookies = await page.context().cookies();
    await page.context().clearCookies();
    await tab.goto(given.link);
    await tab.waitForURL("**/open");
    const again = await main(tab);
    await page.context().addCookies(cookies);
    await page.click("form[action$='/approve'] button");
    await page.waitForSelector("text=待办");
    await page.click("form[action='/close'] button");
    const after = await main(page);
    // The other tab, after the end: nothing answers, or nothing is open.
    const stale = await tab.goto(address.replace("/key", "/")).then(() => main(tab), () => "gone");
    return { address, shown, second, foreign, again, after, stale };
  },

  /** The officer sends an order back: a reason, what will be signed, the passkey. */
  async decline(page) {
    await authenticator(page, given.kept);
    await page.goto(`${given.staff}/orders/${given.order}`);
    await page.click("input[value=returned]");
    await page.fill("#reason", given.reason);
    await page.click("form[action$='/decline'] button");
    const shown = await main(page);
    await page.click("#approve button");
    await page.waitForURL(`${given.staff}/`);
    return { shown, after: await main(page), kept: await credentials() };
  },

  /** What waits of one kind becomes one batch; while its rows are unopened the key is not asked. */
  async batch(page) {
    await authenticator(page, given.kept);
    await page.goto(`${given.staff}/`);
    await page.click("form[action='/orders/batch'] button");
    await page.waitForURL("**/orders/*");
    const [order, shown] = [page.url().split("/").pop(), await main(page)];
    await page.click("#approve button");
    const unopened = await page.evaluate(() => document.activeElement.matches("#approve input:invalid"));
    for (const row of await page.locator("#approve input[type=checkbox]").all()) await row.check();
    await page.click("#approve button");
    await page.waitForURL(`${given.staff}/`);
    return { order, shown, unopened, after: await main(page) };
  },

  /** The officer touches the key because a page says that it is for logging in. */
  async tricked(page) {
    await authenticator(page, given.kept);
    await page.goto(`${given.staff}/${given.challenge}`);
    await page.click("button");
    await page.waitForFunction(() => document.body.textContent.includes("已登录"));
    return { kept: await credentials() };
  },

  /** The public host, in other hands, tries everything on the staff host in this officer's browser. */
  async attacked(page) {
    await page.goto(`${given.portal}/attack`);
    await page.waitForFunction(() => document.querySelector("main")?.dataset.tried === "4");
    const tried = await page.textContent("main");
    await page.click("button");
    await page.waitForURL(`${given.staff}/**`);
    return { tried, form: await main(page) };
  },

  /** Two hosts of one gate, one after the other, with one certificate. */
  async two(page) {
    const first = await page.goto(given.first);
    const second = await page.goto(given.second);
    return { first: first.status(), second: second.status() };
  },

  /** The other language, and back to the same page. */
  async language(page) {
    await page.goto(`${given.portal}/import`);
    await page.click("footer button");
    const english = { url: page.url(), lang: await page.getAttribute("html", "lang") };
    await page.click("footer button");
    return { english, chinese: await page.getAttribute("html", "lang") };
  },

  /** Before the root is trusted, past the browser's warning on this one host: the page waits. */
  async untrusted(page) {
    await page.goto(`${given.portal}/root`);
    await page.waitForSelector("#waiting:visible");
    const trusted = await page.isVisible("#trusted");
    const other = await page.context().newPage();
    const refused = await other.goto(given.staff).then(() => "", (error) => error.message);
    return { refused, trusted };
  },

  /** Once it is, the page says so by itself. */
  async root(page) {
    await page.goto(`${given.portal}/root`);
    await page.waitForSelector("#trusted:visible");
    return { text: await main(page), waiting: await page.isVisible("#waiting") };
  },

  /** From the front page to one's own record with the keyboard alone; each stop on the way is seen. */
  async keys(page) {
    const stops = [];
    const next = async (wanted) => {
      for (let presses = 0; presses < 40; presses += 1) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
          const seen = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
          return { seen, what: document.activeElement.outerHTML.slice(0, 80) };
        });
        if (!at.seen) throw new Error(`the focus is not seen on ${at.what}`);
        stops.push(at.what);
        if (await page.evaluate((one) => document.activeElement.matches(one), wanted)) return;
      }
      throw new Error(`${wanted} is not reached: ${stops.join(" ")}`);
    };
    await page.goto(given.portal);
    await next('a[href="#main"]');
    await next('a[href="/letter"].button');
    await page.keyboard.press("Enter");
    await page.waitForURL("**/letter");
    await next("#reference");
    await page.keyboard.type(given.reference);
    await next("#code");
    await page.keyboard.type(given.code);
    await next("#go");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/enrolment");
    return { record: await main(page), stops: stops.length };
  },

  /** Without scripts a page says what to do instead of failing in silence. */
  async bare(page) {
    await page.goto(`${given.portal}/letter`);
    return { note: await page.isVisible("noscript .note, .note"), go: await page.isDisabled("#go") };
  },
};

let device;

/** A security key without hands: always there, always verified. */
async function authenticator(page, kept = []) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "usb", hasResidentKey: false, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true,
    },
  });
  for (const credential of kept) {
    await session.send("WebAuthn.addCredential", { authenticatorId, credential });
  }
  device = { session, authenticatorId };
}

async function credentials() {
  const { session, authenticatorId } = device;
  const kept = await session.send("WebAuthn.getCredentials", { authenticatorId });
  return kept.credentials;
}

const act = process.argv[2];
if (act !== "untrusted" && !existsSync(join(given.home, ".pki"))) {
  trust(given.home, given.root);
  if (given.p12) importFile(given.home, given.p12, given.password);
}
const flags = act === "untrusted" ? [`--ignore-certificate-errors-spki-list=${given.excepted}`] : [];
const context = await open(given.home, { certificates: true, flags });
const page = act === "bare"
  ? await (await context.browser().newContext({ javaScriptEnabled: false })).newPage()
  : await context.newPage();
const complained = listen(page);
page.setDefaultTimeout(60_000);
try {
  const seen = await acts[act](page);
  if (!given.complains) complained();
  console.log(JSON.stringify(seen));
} catch (error) {
  console.error(error.message, page.url(), await page.textContent("body").catch(() => ""));
  process.exitCode = 1;
} finally {
  await context.close();
}
