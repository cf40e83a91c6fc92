"use strict";
// One listener for each kind of event on the whole page: sections may be replaced at any time.

// What a mark is, on hover, focus or tap: [data-tip].
const tip = document.getElementById("tip");
function showTip(mark) {
  const box = mark.getBoundingClientRect();
  tip.textContent = mark.dataset.tip;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max(4, box.left + box.width / 2 - width / 2), innerWidth - width - 4);
  const above = box.top - height - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 4 ? above : box.bottom + 8}px`;
}
function hideTip() { tip.hidden = true; }
for (const kind of ["pointerover", "focusin", "click"]) {
  document.addEventListener(kind, (event) => {
    const mark = event.target.closest("[data-tip]");
    if (mark) showTip(mark); else hideTip();
  });
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
document.addEventListener("scroll", hideTip, { passive: true, capture: true });

// Copy buttons: [data-copy] names the element whose text is copied.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {  // pages from a file may not use it
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    return isDone;
  }
}
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const label = button.dataset.label ??= button.textContent;
  const isDone = await copied(document.getElementById(button.dataset.copy).textContent);
  button.textContent = isDone ? "Copied" : "Select and copy by hand";
  setTimeout(() => { button.textContent = label; }, 2000);
});

// One of several: <select data-choice="group"> shows the element [data-group="group"] of its value.
document.addEventListener("change", (event) => {
  const choice = event.target.closest("select[data-choice]");
  if (!choice) return;
  for (const one of document.querySelectorAll(`[data-group="${choice.dataset.choice}"]`)) {
    one.hidden = one.dataset.option !== choice.value;
  }
});

// A live page: every event holds one section that has changed.
const address = document.body.dataset.events;
if (address) {
  const state = document.getElementById("live");
  const source = new EventSource(address);
  source.addEventListener("section", (event) => {
    const { name, html, version } = JSON.parse(event.data);
    const section = document.getElementById(name);
    if (!section || section.dataset.version === version) return;
    const open = [...section.querySelectorAll("details")].map((one) => one.open);
    const chosen = [...section.querySelectorAll("select, input")].map((one) => one.value);
    section.querySelector(".body").innerHTML = html;  // made by the same templates as the page
    section.querySelectorAll("details").forEach((one, k) => { one.open = open[k] ?? false; });
    section.querySelectorAll("select, input").forEach((one, k) => {
      if (chosen[k] === undefined || one.value === chosen[k]) return;
      const fresh = one.value;
      one.value = chosen[k];
      if (!one.value) one.value = fresh;  // what was chosen is no choice any more
      one.dispatchEvent(new Event(one.matches("select") ? "change" : "input", { bubbles: true }));
    });
    section.dataset.version = version;
    section.hidden = !html;
    const entry = document.querySelector(`nav [data-for="${name}"]`);
    if (entry) entry.hidden = !html;
    hideTip();
  });
  const live = state.textContent;
  function say(text) { if (state.textContent !== text) state.textContent = text; }  // read aloud
  let isExpected = false;  // the stream ends as announced: the browser asks again later
  source.addEventListener("live", () => say(live));
  source.addEventListener("end", (event) => {
    const { told, isFinal } = JSON.parse(event.data);
    say(told);
    isExpected = true;
    if (isFinal) source.close();
  });
  source.addEventListener("error", () => {
    if (isExpected) { isExpected = false; return; }
    say(source.readyState === EventSource.CLOSED
      ? "Not live: reload this page. If it stays so, close other pages of evosynth serve."
      : "No connection to evosynth serve; trying again.");
  });
}
