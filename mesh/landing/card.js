// One instrument's card: the middle of its book and where it came from, the spread, the levels with what lies before them.

import { grouped, scaleOf, textOf, unitsOf } from "./decimal.js";

const LEVELS = 8;
const POINTS = 240;
const WIDTH = 240n;
const HEIGHT = 48n;
const SVG = "http://www.w3.org/2000/svg";

function element(name, { text = "", ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...(text ? [text] : []), ...children);
  return made;
}

export function newCard(symbol) {
  return { symbol, doubledMiddles: [], before: new Map(), node: element("article", { "aria-label": symbol }) };
}

export function show(card, { asks = [], bids = [] }) {
  const sides = [asks, bids].map((levels) => withTotals(levels.slice(0, LEVELS)));
  const deepest = sides.flat().reduce((most, { total }) => (total > most ? total : most), 1n);
  const rows = sides.map((levels, at) => levels.map((level) => row(card, ["asks", "bids"][at], level, deepest)));
  card.before = new Map(sides.flat().map(({ price, quantity }) => [price, quantity]));
  card.node.replaceChildren(
    ...heading(card, asks[0], bids[0]),
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, ...["price", "quantity", "total"].map(columnHeading))),
      element("tbody", { class: "asks", "aria-label": "asks" }, ...rows[0].reverse()),
      element("tbody", { class: "bids", "aria-label": "bids" }, ...rows[1]),
    ),
  );
}

function columnHeading(text) {
  return element("th", { scope: "col", text });
}

function withTotals(levels) {
  let total = 0n;
  return levels.map(({ price, quantity }) => {
    total += unitsOf(quantity);
    return { price, quantity, total };
  });
}

function row(card, side, { price, quantity, total }, deepest) {
  const changed = card.before.size > 0 && card.before.get(price) !== quantity;
  const share = (total * 100n) / deepest;
  return element(
    "tr",
    { style: `--share: ${share}%`, class: changed ? "changed" : "" },
    element("td", { class: side, text: grouped(price) }),
    element("td", { text: grouped(quantity) }),
    element("td", { text: textOf(total, scaleOf(quantity)) }),
  );
}

function heading(card, ask, bid) {
  const symbol = element("h3", { text: card.symbol });
  if (!ask || !bid) {
    card.doubledMiddles = [];
    return [symbol, element("p", { class: "spread", text: "One side of the book is empty." })];
  }
  const scale = scaleOf(ask.price);
  const [low, high] = [unitsOf(bid.price), unitsOf(ask.price)];
  card.doubledMiddles = [...card.doubledMiddles, low + high].slice(-POINTS);
  const trend = sinceFirst(card.doubledMiddles);
  return [
    element("header", {}, symbol, element("span", { class: `change ${trend.way}`, text: trend.text })),
    element("p", { class: `middle ${trend.way}`, text: middleText(low + high, scale) }),
    element("p", { class: "spread", text: `spread ${textOf(high - low, scale)}` }),
    line(card.doubledMiddles, trend.way),
  ];
}

function middleText(doubled, scale) {
  return doubled % 2n ? textOf(doubled * 5n, scale + 1) : textOf(doubled / 2n, scale);
}

function sinceFirst(doubledMiddles) {
  const [first, last] = [doubledMiddles[0], doubledMiddles.at(-1)];
  const thousandths = ((last - first) * 100_000n) / first; // of a percent
  const way = last > first ? "up" : last < first ? "down" : "flat";
  return { way, text: `${last > first ? "+" : ""}${textOf(thousandths, 3)} %` };
}

function line(values, way) {
  const low = values.reduce((least, value) => (value < least ? value : least));
  const high = values.reduce((most, value) => (value > most ? value : most));
  const span = high > low ? high - low : 1n;
  const last = BigInt(Math.max(values.length - 1, 1));
  const points = values.map((value, at) => `${(BigInt(at) * WIDTH) / last},${HEIGHT - ((value - low) * HEIGHT) / span}`);
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("viewBox", `0 -2 ${WIDTH} ${HEIGHT + 4n}`);
  drawn.setAttribute("preserveAspectRatio", "none");
  drawn.setAttribute("class", way);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", "The middle since this page was opened");
  const path = document.createElementNS(SVG, "polyline");
  path.setAttribute("points", points.join(" "));
  drawn.append(path);
  return drawn;
}
