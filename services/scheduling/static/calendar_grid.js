// The rows and columns of a calendar in the page, for calendar.js; and a free place pressed to the quarter-hour.
(() => {
  "use strict";
  const FITS = 4; // rows of the shortest appointment
  const { lang } = document.documentElement;
  const dayWords = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : `${lang}-BE`, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });

  const grid = () => document.querySelector("#board .calendar-grid");
  const times = () => grid()?.dataset.times.split(" ") ?? [];
  const columns = () => [...document.querySelectorAll("#board .calendar-column")];
  const placesOf = (column) => column.querySelector(".calendar-places");
  const number = (entry, name) => Number([...entry.classList].find((one) => one.startsWith(`${name}-`))?.slice(name.length + 1));
  const laidOut = () => grid() && getComputedStyle(grid().querySelector(".calendar-axis")).display !== "none";

  function put(entry, name, value) {
    for (const one of [...entry.classList]) if (one.startsWith(`${name}-`)) entry.classList.remove(one);
    if (value) entry.classList.add(`${name}-${value}`);
  }

  function rowAt(column, y) {
    const box = placesOf(column).getBoundingClientRect();
    return Math.floor((y - box.top) / (box.height / times().length)) + 1;
  }

  function whenWords({ date, time, minutes, counsellor }) {
    const [hours, rest] = time.split(":").map(Number);
    const end = hours * 60 + rest + Number(minutes);
    const ends = `${String(Math.floor(end / 60) % 24).padStart(2, "0")}:${String(end % 60).padStart(2, "0")}`;
    const name = document.querySelector(`#board .calendar-column[data-counsellor="${CSS.escape(counsellor)}"] > h2 bdi`)?.textContent;
    return [dayWords.format(new Date(date)), `${time}–${ends}`, name].filter(Boolean).join(", ");
  }

  // ---- A free place: the quarter-hour under the pointer, as long as an appointment fits behind it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".calendar-places > .free > a");
    if (!link || !event.detail || !laidOut()) return;
    const [item, column] = [link.parentElement, link.closest(".calendar-column")];
    let until = number(item, "from") + number(item, "for");
    const others = [...column.querySelectorAll(".free")];
    for (let next; (next = others.find((one) => number(one, "from") === until)); ) until += number(next, "for");
    const row = Math.max(number(item, "from"), Math.min(rowAt(column, event.clientY), until - FITS));
    const url = new URL(link.href);
    if (times()[row - 1]) url.searchParams.set("time", times()[row - 1]);
    link.href = url.href;
  });

  for (const one of document.querySelectorAll(".calendar-help")) one.hidden = false;

  window.cefoCalendar = { times, columns, placesOf, number, laidOut, put, rowAt, whenWords };
})();
