// What the CA answers to a renewal: each outcome is shown, and what an officer said is read first.

import { part } from "./form.js";

const OUTCOMES = ["early", "waiting", "soon", "returned", "rejected", "refused", "done"];

/** Why the last renewal was sent back, as it was read; and whether its holder asks again after that. */
let returned = { why: "", again: false };

/** Shows one outcome and goes there. */
export function show(/** @type {string} */ outcome, /** @type {Record<string, string>} */ said = {}) {
  for (const id of OUTCOMES) part(id).hidden = id !== outcome;
  for (const [id, text] of Object.entries(said)) part(id).textContent = text;
  part(outcome).focus();
}

/** Whether a renewal was rejected, which is shown with its reason: it ends there. */
export function isRejected(/** @type {{ stage?: { stage: string, reason: string } }} */ terms) {
  if (terms.stage?.stage !== "rejected") return false;
  show("rejected", { reason: terms.stage.reason });
  return true;
}

/** Whether a renewal was sent back and its holder did not ask again after reading why. */
export function isReturned(/** @type {{ returned?: string }} */ terms) {
  const why = terms.returned ?? "";
  if (why === "" || (returned.again && returned.why === why)) return false;
  returned = { why, again: false };
  show("returned", { "returned-reason": why });
  return true;
}

/** The holder read why, and asks again. */
export function askedAgain() {
  returned = { ...returned, again: true };
}

/** A message to the CA; null if it was refused, which is shown. */
export async function ask(/** @type {string} */ what, /** @type {{ certificate: string }} */ message) {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(message);
  let answer, said;
  try {
    answer = await fetch(`/api/v1/renewal/${what}`, { method: "POST", headers, body });
    said = await answer.json();
  } catch (error) {
    // Nobody answered, or somebody else did: that is no fault of this browser.
    console.error(error);
    show("refused", { why: part("renew").dataset.away ?? "", code: "" });
    return null;
  }
  if (answer.ok) return said;
  if (said.code === "renewal-rejected") {
    // While the page waited: the terms say why.
    const terms = await ask("terms", { certificate: message.certificate });
    if (terms === null || isRejected(terms)) return null;
  }
  show("refused", { why: part("renew").dataset.language === "en" ? said.en : said.zh, code: `${said.code} · ${said.reference}` });
  return null;
}
