// A letter is opened, reported lost, or suspends what came of it: keys are derived here, and only the one that is needed is sent.

import { fromBase64url, toBase64url } from "./bytes.js";
import { goToWrong, judge, onSubmit, part } from "./form.js";
import { keepLetter, waitingLetter, waitNoMore } from "./kept.js";
import { deriveKeys, lossValue, readCode, readReference, suspensionValue } from "./letter.js";

const form = /** @type {HTMLFormElement} */ (part("letter"));
const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (part(id));
part("problem")?.focus();

// The code on a letter's sheet opens the page with the reference behind `#`, which no server sees.
const printed = readReference(location.hash.slice(1));
if (printed !== null && input("reference").value === "") {
  input("reference").value = printed;
  input("code").focus();
  history.replaceState(null, "", location.pathname);
}

// A letter that waits here is opened without its code; what does not open is offered no more.
const waiting = form.dataset.purpose === "open" ? waitingLetter() : null;
if (waiting !== null && part("problem")) waitNoMore();
else if (waiting !== null) {
  part("waiting-reference").textContent = waiting.reference;
  part("go-on").hidden = false;
  part("go-on-button").addEventListener("click", () => {
    input("reference").value = waiting.reference;
    input("key").value = waiting.key;
    form.submit();
  });
}

onSubmit(form, async () => {
  const reference = readReference(input("reference").value);
  const code = readCode(input("code").value);
  if (![judge("reference", reference !== null), judge("code", code !== null)].every(Boolean)) {
    goToWrong();
    return;
  }
  const keys = await deriveKeys(fromBase64url(form.dataset.founding ?? ""), reference, code);
  input("code").value = "";
  input("reference").value = reference;
  if (form.dataset.purpose === "loss") {
    input("key").value = toBase64url(await lossValue(keys.loss, reference));
  } else if (form.dataset.purpose === "suspend") {
    input("key").value = toBase64url(await suspensionValue(keys.suspend, reference));
  } else {
    keepLetter(reference, keys);
    input("key").value = toBase64url(keys.lookup);
  }
  form.submit();
});
