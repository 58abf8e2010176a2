// Keeps the overview fresh and says how long ago things were. The pages work without it.
"use strict";

const STEPS = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function ago(text) {
  const seconds = Math.round((new Date(text) - Date.now()) / 1000);
  const [size, unit] = STEPS.find(([size]) => Math.abs(seconds) >= size) ?? [1, "second"];
  return words.format(Math.trunc(seconds / size), unit);
}

function sayAgo() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    time.title = `${ago(time.dateTime)} (${new Date(time.dateTime).toLocaleString()})`;
  }
}

async function refresh() {
  // Never under the reader's hands: not while a detail is open or the page is out of sight.
  if (document.hidden || document.querySelector("details[open]")) return;
  try {
    const answer = await fetch(location.href, { redirect: "error" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.querySelector("main").replaceWith(page.querySelector("main"));
    sayAgo();
  } catch {
    // The next round tries again; the time shown says how old the page is.
  }
}

sayAgo();
const every = document.querySelector("[data-refresh]")?.dataset.refresh;
if (every) setInterval(refresh, Number(every) * 1000);
