// The two things that a page of the desk cannot do without a script: it brings what stands behind `#` in the link,
// which browsers send to nobody, into the form that exchanges it, and a file that was picked into a text field.

/** @template {HTMLElement} T @returns {T | null} */
function part(/** @type {string} */ id) {
  return /** @type {T | null} */ (document.getElementById(id));
}

const secret = location.hash.slice(1);
const enter = /** @type {HTMLFormElement | null} */ (part("enter"));
// Neither the address nor the history keeps it.
if (secret) history.replaceState(null, "", location.pathname);
if (enter && secret) {
  /** @type {HTMLInputElement} */ (part("secret")).value = secret;
  enter.submit();
}

const file = /** @type {HTMLInputElement | null} */ (part("file"));
file?.addEventListener("change", async () => {
  const saved = /** @type {HTMLTextAreaElement} */ (part("saved"));
  saved.value = (await file.files?.[0]?.text()) ?? "";
});
