// The display in the waiting room: its languages in turn, and, where someone switched it on, a chime and a voice.
// A browser plays no sound before a gesture, so it is a button. Nothing is kept but the time of the latest call.
(() => {
  "use strict";
  const [TURN, PAGE] = [8000, 10000];
  const button = document.getElementById("wall-sound");
  const turns = () => [...document.querySelectorAll(".wall-turn")];
  // The latest first.
  const calls = () => [...(turns()[0]?.querySelectorAll("[data-called]") ?? [])].map((one) => [Number(one.dataset.called), one.id]);
  const latest = () => Math.max(last, ...calls().map(([at]) => at));
  let shown = 0;
  let last = 0;
  last = latest();
  let sound = null;

  function showTurn() {
    const all = turns();
    all.forEach((one, index) => { one.hidden = index !== shown % all.length; });
    showPage();
  }

  // Who waits and has no room on the screen comes on its next page. The list is scrolled by whole rows, at once.
  let page = 0;
  function showPage() {
    const turn = turns().find((one) => !one.hidden);
    const list = turn?.querySelector(".wall-waiting");
    if (!list) return;
    const tickets = [...list.children];
    const rows = [...new Set(tickets.map((one) => one.offsetTop - tickets[0].offsetTop))];
    const fit = Math.max(1, rows.filter((top) => top + tickets[0].offsetHeight <= list.clientHeight + 1).length);
    const pages = Math.ceil(rows.length / fit);
    page %= pages;
    list.scrollTop = rows[page * fit];
    turn.querySelector("[data-page]").textContent = pages > 1 ? ` (${page + 1}/${pages})` : "";
  }
  setInterval(() => { page += 1; showPage(); }, PAGE);
  addEventListener("resize", showPage);
  setInterval(() => { shown = (shown + 1) % Math.max(1, turns().length); showTurn(); }, TURN);

  function chime() {
    [[0, 880], [0.35, 660]].forEach(([after, pitch]) => {
      const [tone, volume, from] = [sound.createOscillator(), sound.createGain(), sound.currentTime + after];
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.4, from);
      volume.gain.exponentialRampToValueAtTime(0.001, from + 0.6);
      tone.connect(volume).connect(sound.destination);
      tone.start(from);
      tone.stop(from + 0.6);
    });
  }

  // Every language says it, in the order of the screen. The prefix of its ids is the only difference between them.
  function announce(id) {
    chime();
    for (const turn of window.speechSynthesis ? turns() : []) {
      const spoken = new SpeechSynthesisUtterance(turn.querySelector(`[id$="${CSS.escape(id)}"]`)?.dataset.say ?? "");
      spoken.lang = turn.lang;
      speechSynthesis.speak(spoken);
    }
  }

  document.addEventListener("htmx-after-swap", () => {
    showTurn();
    // An earlier call that comes back on the screen, because a later one is over, is not announced again.
    const fresh = calls().filter(([at]) => at > last).reverse();
    last = latest();
    if (sound) fresh.forEach(([, id]) => announce(id));
  });

  showPage();
  button.hidden = !window.AudioContext;
  button.addEventListener("click", async () => {
    if (sound) {
      await sound.close();
      window.speechSynthesis?.cancel();
      sound = null;
    } else {
      sound = new AudioContext();
      chime();
    }
    button.setAttribute("aria-pressed", String(sound !== null));
  });
})();
