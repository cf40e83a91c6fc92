{
  // Pairs of texts of a chart that stand on each other.
  overlaps: () => [...document.querySelectorAll("svg.chart")].flatMap((svg) => {
    const boxes = [...svg.querySelectorAll("text")]
      .map((text) => [text.textContent, text.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0);
    const isOver = (p, q) =>
      Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1 &&
      Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 3;
    return boxes.flatMap(([name, box], k) =>
      boxes.slice(k + 1).filter(([, other]) => isOver(box, other)).map(([other]) => `${name} | ${other}`));
  }),

  // Texts of a chart that leave it.
  cut: () => [...document.querySelectorAll("svg.chart")].flatMap((svg) => {
    const room = svg.getBoundingClientRect();
    const isOut = (box) =>
      box.left < room.left - 2 || box.right > room.right + 2 ||
      box.top < room.top - 2 || box.bottom > room.bottom + 2;
    return [...svg.querySelectorAll("text")]
      .map((text) => [text.textContent, text.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0 && isOut(box)).map(([name]) => name);
  }),

  // Texts whose contrast, as WCAG has it, is below a ratio.
  faint: (least) => {
    const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const luminance = ([r, g, b]) =>
      0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
    const numbers = (text) => (text.match(/[\d.]+/g) || []).map(Number);
    const behind = (element) => {
      for (let e = element; e; e = e.parentElement) {
        const colour = numbers(getComputedStyle(e).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour.slice(0, 3);
      }
      return [255, 255, 255];
    };
    const found = new Set();
    for (const e of document.querySelectorAll("body *")) {
      const isText = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      if (!isText || !e.getClientRects().length || ["SCRIPT", "STYLE"].includes(e.tagName)) continue;
      const isDrawn = e instanceof SVGElement;
      const style = getComputedStyle(e);
      const ink = numbers(isDrawn ? style.fill : style.color).slice(0, 3);
      const paper = behind(isDrawn ? e.ownerSVGElement : e);
      const [low, high] = [luminance(ink), luminance(paper)].sort((a, b) => a - b);
      if ((high + 0.05) / (low + 0.05) < least) {
        found.add(`${e.tagName} ${e.getAttribute("class")} ${e.textContent.slice(0, 30)}`);
      }
    }
    return [...found];
  },
}
