
// Signal-flow graphs: what a value is made of, on hover, keyboard focus or tap.
document.documentElement.classList.add("scripted");

// The shapes of each node, its sources and its readers; found when a graph is first used.
const flows = new WeakMap();
function flowOf(svg) {
  if (flows.has(svg)) return flows.get(svg);
  const nodes = [];
  for (const shape of svg.querySelectorAll("[data-n]")) {
    const node = nodes[shape.dataset.n] ??= { shapes: [], dot: null, sources: [], readers: [] };
    node.shapes.push(shape);
    if (shape.dataset.from === undefined) continue;
    node.dot = shape;
    node.sources = shape.dataset.from.split(" ").filter(Boolean).map(Number);
  }
  nodes.forEach((node, k) => node.sources.forEach((source) => nodes[source].readers.push(k)));
  const told = svg.closest("figure").querySelector(".flow-told");
  const flow = { nodes, shown: [], at: null, isHeld: false, isFocused: false, told, hint: told.textContent };
  flows.set(svg, flow);
  return flow;
}

function trace(svg, k) {
  const flow = flowOf(svg);
  if (flow.at === k) return;
  untrace(svg);
  const found = new Set([k]);
  for (const one of found) flow.nodes[one].sources.forEach((source) => found.add(source));
  flow.at = k;
  flow.shown = [...found].flatMap((one) => flow.nodes[one].shapes);
  flow.shown.forEach((shape) => shape.classList.add("on"));
  const dot = flow.nodes[k].dot;
  dot.classList.add("at");
  svg.classList.add("traced");
  const leaves = [...found].filter((one) => !flow.nodes[one].sources.length).length;
  const { tip, whole } = dot.dataset;
  const { unit } = svg.dataset;
  const value = whole ? `${tip}\n= ${whole}` : tip;
  const others = found.size - 1;
  const made = others === leaves
    ? `made of ${leaves === 1 ? "one input" : `${leaves} inputs`}`
    : `made of ${others} other ${unit}s, ${leaves} of them inputs`;
  flow.told.textContent = others ? `${value}\n${made}` : value;
  dot.setAttribute("role", "img");
  dot.setAttribute("aria-label", value);
}

function untrace(svg) {
  const flow = flowOf(svg);
  flow.shown.forEach((shape) => shape.classList.remove("on", "at"));
  svg.classList.remove("traced");
  flow.told.textContent = flow.hint;
  flow.shown = [];
  flow.at = null;
  flow.isHeld = flow.isFocused = false;
}

// Returns the graph and the node that an event is about.
function nodeOf(event) {
  const shape = event.target.closest?.("svg.flow [data-n]");
  return shape ? [shape.closest("svg"), Number(shape.dataset.n)] : [];
}
document.addEventListener("pointerover", (event) => {
  const [svg, k] = nodeOf(event);
  if (svg && event.pointerType === "mouse" && !flowOf(svg).isHeld) trace(svg, k);
});
document.addEventListener("pointerout", (event) => {
  const [svg] = nodeOf(event);
  if (svg && event.pointerType === "mouse" && !flowOf(svg).isHeld) untrace(svg);
});
// A click or tap holds a value, a second one or one beside it releases it.
document.addEventListener("click", (event) => {
  const pane = event.target.closest(".flow-pane");
  if (!pane) return;
  const svg = pane.querySelector("svg.flow");
  const [, k] = nodeOf(event);
  const flow = flowOf(svg);
  if (k === undefined || (flow.isHeld && flow.at === k)) {
    untrace(svg);
    hideTip();
  } else {
    trace(svg, k);
    flow.isHeld = true;
  }
});
// One value can be reached with the tabulator, the others from there with the arrows.
document.addEventListener("focusin", (event) => {
  const [svg, k] = nodeOf(event);
  if (!svg || !event.target.matches(":focus-visible")) return;
  for (const dot of svg.querySelectorAll('[data-from][tabindex="0"]')) dot.setAttribute("tabindex", "-1");
  event.target.setAttribute("tabindex", "0");
  trace(svg, k);
  flowOf(svg).isHeld = flowOf(svg).isFocused = true;
});
document.addEventListener("focusout", (event) => {
  const [svg] = nodeOf(event);
  if (svg && flowOf(svg).isFocused) untrace(svg);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    document.querySelectorAll("svg.flow.traced").forEach(untrace);
    return;
  }
  const [svg, k] = nodeOf(event);
  if (!svg) return;
  const next = neighbour(flowOf(svg).nodes, k, event.key);
  if (next === undefined) return;
  event.preventDefault();
  flowOf(svg).nodes[next].dot.focus({ focusVisible: true });
});

// Left and right follow edges, up and down stay in the column.
function neighbour(nodes, k, key) {
  const { dot, sources, readers } = nodes[k];
  if (key === "ArrowLeft") return sources[0];
  if (key === "ArrowRight") return readers[0];
  if (key !== "ArrowUp" && key !== "ArrowDown") return undefined;
  const place = (one) => Number(one.getAttribute("cy"));
  const step = key === "ArrowUp" ? -1 : 1;
  let best, least = Infinity;
  nodes.forEach((other, n) => {
    const far = step * (place(other.dot) - place(dot));
    if (other.dot.getAttribute("cx") === dot.getAttribute("cx") && far > 0 && far < least) {
      best = n;
      least = far;
    }
  });
  return best;
}

// The size of a graph: [data-zoom] is a factor, or "fit" or "1" for its own size.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-zoom]");
  if (!button) return;
  const pane = button.closest("figure").querySelector(".flow-pane");
  const svg = pane.querySelector("svg");
  const { width: own, height } = svg.viewBox.baseVal;
  const now = svg.getBoundingClientRect().width;
  const { zoom } = button.dataset;
  const fit = Math.min(pane.clientWidth / own, parseFloat(getComputedStyle(pane).maxHeight) / height) * own;
  const wanted = zoom === "fit" ? Math.min(own, fit - 2) : zoom === "own" ? own : now * Number(zoom);
  const width = Math.min(Math.max(wanted, own / 12), own * 3);
  const x = (pane.scrollLeft + pane.clientWidth / 2) / now, y = (pane.scrollTop + pane.clientHeight / 2) / now;
  svg.setAttribute("width", width);
  svg.setAttribute("height", (width * height) / own);
  pane.scrollLeft = x * width - pane.clientWidth / 2;
  pane.scrollTop = y * width - pane.clientHeight / 2;
});
