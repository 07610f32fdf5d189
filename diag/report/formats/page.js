"use strict";
// Search and filter; everything is readable without them.
const form = document.getElementById("find");
const words = document.getElementById("words");
const count = document.getElementById("count");
const causes = [...document.querySelectorAll("[data-severity]")];
const texts = causes.map((one) => one.textContent.toLowerCase());

function show() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const severities = new Set([...form.querySelectorAll("input:checked")].map((box) => box.value));
  let shown = 0;
  causes.forEach((one, at) => {
    const fits = severities.has(one.dataset.severity) && wanted.every((word) => texts[at].includes(word));
    one.hidden = !fits;
    shown += fits ? 1 : 0;
  });
  count.textContent = `${shown} of ${causes.length} shown`;
}

function open(all) {
  document.querySelectorAll("details").forEach((one) => { one.open = all; });
}

function follow() {
  let place = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const goal = place;
  for (; place; place = place.parentElement) {
    if (place.tagName === "DETAILS") place.open = true;
    if (place.hidden) place.hidden = false;
  }
  if (goal) goal.scrollIntoView();
}

if (form) {
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("open").addEventListener("click", () => open(true));
  document.getElementById("close").addEventListener("click", () => open(false));
  addEventListener("beforeprint", () => open(true));
  addEventListener("hashchange", follow);
  show();
  follow();
}
