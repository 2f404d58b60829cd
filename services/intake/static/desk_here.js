// At which desk this browser is, without the server: the one that was chosen on the desk's page, or is chosen here. Nobody is
// called to a desk that was not chosen, where the centre has several.
self.deskHere = async (pack) => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const [chosen, asked] = [byId("here"), byId("here-ask")];
  const desks = (pack?.desks ?? []).map((desk) => desk.replace("desk-", ""));
  const known = String((await offline.setting("here").catch(() => null)) ?? "");
  let number = desks.includes(known) || (!desks.length && /^[1-9][0-9]{0,2}$/.test(known)) ? known : null;
  if (!number && desks.length < 2) number = desks[0] ?? "1";

  function show() {
    if (!pack?.slot) return;
    [chosen.hidden, asked.hidden] = [!number, Boolean(number)];
    const title = chosen.querySelector("[data-words]");
    title.textContent = title.dataset.words.replace("{number}", number);
    for (const field of chosen.querySelectorAll("select, input")) {
      const used = field.matches(desks.length ? "select" : "input");
      [field.disabled, field.closest(".field").hidden] = [!used, !used];
      if (used && number) field.value = number;
    }
  }

  async function choose(value) {
    number = value;
    chosen.open = false;
    show();
    await offline.set("here", number);
  }

  chosen.querySelector("select").append(...desks.map((desk) => new Option(desk, desk)));
  asked.querySelector("[data-desks]").append(...desks.map((desk) => {
    const button = byId("here-choice").content.firstElementChild.cloneNode(true);
    [button.value, button.textContent, button.ariaLabel] = [desk, desk, asked.dataset.words.replace("{number}", desk)];
    return button;
  }));
  asked.addEventListener("click", ({ target }) => {
    const value = target.closest("button")?.value;
    if (value) choose(value).then(() => chosen.querySelector("summary").focus());
  });
  chosen.addEventListener("submit", (event) => {
    event.preventDefault();
    choose(new FormData(event.target).get("number")).then(() => chosen.querySelector("summary").focus());
  });
  show();

  // The question, where a call waits for its answer.
  function ask() {
    byId("here-needed").hidden = false;
    asked.querySelector("button").focus();
  }

  return { desk: () => (number ? `desk-${number}` : null), ask };
};
