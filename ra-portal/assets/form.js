// Forms of this page: fields that say what is wrong, beside them and to screen readers.

/** @template {HTMLElement} T @returns {T} */
export function part(/** @type {string} */ id) {
  return /** @type {T} */ (document.getElementById(id));
}

/** Shows or hides what is wrong with a field; gives whether it is right. */
export function judge(/** @type {string} */ id, /** @type {boolean} */ right) {
  part(`${id}-field`).classList.toggle("wrong", !right);
  part(`${id}-error`).hidden = right;
  part(id).toggleAttribute("aria-invalid", !right);
  return right;
}

/** Moves to the first field that is wrong. */
export function goToWrong() {
  /** @type {HTMLElement | null} */ (document.querySelector(".wrong input"))?.focus();
}

/** What a button starts runs once at a time, and the page says that it runs. */
export function onSubmit(
  /** @type {HTMLFormElement} */ form,
  /** @type {() => Promise<void>} */ act,
) {
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
  const stuck = /** @type {HTMLElement} */ (form.querySelector(".stuck"));
  // The page says by itself that it needs more than this browser has; whoever runs this far has it.
  stuck.hidden = globalThis.crypto?.subtle !== undefined;
  button.disabled = !stuck.hidden;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    const busy = form.querySelector("[role=status]");
    if (busy) /** @type {HTMLElement} */ (busy).hidden = false;
    try {
      stuck.hidden = true;
      await act();
    } catch (error) {
      console.error(error);
      stuck.hidden = false;
    } finally {
      button.disabled = false;
      if (busy) /** @type {HTMLElement} */ (busy).hidden = true;
    }
  });
}
