// A field to write in: it grows with its text, sends at Enter, and keeps a draft of its own for everybody.

/** `send(text)` answers whether it went; `field` is a textarea in a form. */
export function composer(form, field, send) {
  const drafts = new Map();
  let key = null;

  function fit() {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
  }
  function fill(text) {
    field.value = text;
    fit();
  }
  async function submit(event) {
    event.preventDefault();
    const [text, whose] = [field.value, key];
    if (!text.trim()) return;
    fill("");
    if (await send(text)) return;
    // what did not go out returns to whom it was meant for, if they have written nothing else
    if (whose !== key) drafts.set(whose, drafts.get(whose) || text);
    else if (!field.value) fill(text);
  }

  form.addEventListener("submit", submit);
  field.addEventListener("input", fit);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  return {
    fill,
    /** Whose draft is shown from now on. */
    turn(to) {
      if (to === key) return;
      drafts.set(key, field.value);
      key = to;
      fill(drafts.get(key) ?? "");
    },
    forget() {
      drafts.clear();
      fill("");
    },
  };
}
