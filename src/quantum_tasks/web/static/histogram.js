// What a run brought: bars for people who see, and a table for those who do not.

import { asText, element, number, percent, plural, problem } from "./answers.js";

export const MOST_OUTCOMES = 32; // are shown, unless more are asked for
const LONG_KEY = 24; // characters; longer ones stand above their bars
const SPOKEN = 8; // outcomes in the name of a histogram

/** How many bits of two outcomes differ. */
export function hamming(one, other) {
  let found = 0;
  for (let at = 0; at < one.length; at++) found += one[at] !== other[at];
  return found;
}

// By key as text: an object puts the keys that look like integers first, "10" before "00".
const byKey = ([a], [b]) => (a < b ? -1 : 1);
const byShare = (a, b) => b[1] - a[1] || byKey(a, b);

/** The outcomes of a run as [key, share]: `top` of them, in an order, and what is not shown. */
export function ordered(run, { top = MOST_OUTCOMES, order = "key", from = "" } = {}) {
  const all = Object.entries(run.probabilities).sort(byShare);
  const shown = all.slice(0, top);
  const others = {
    outcomes: all.length - shown.length + (run.rest?.outcomes ?? 0),
    probability: all.slice(top).reduce((sum, [, share]) => sum + share, run.rest?.probability ?? 0),
  };
  const origin = from || (all[0]?.[0] ?? "");
  if (order === "key") shown.sort(byKey);
  if (order === "distance") {
    shown.sort((a, b) => hamming(a[0], origin) - hamming(b[0], origin) || byKey(a, b));
  }
  return { shown, others, origin };
}

/** The histogram of a run with probabilities. `beside` is another run, to be compared; `values` is
 *  "counts" or "probabilities". With `lasting`, what is not shown has a bar, too. */
export function histogram(run, shots, options = {}) {
  const { order, beside, asOther = "", values = "counts", lasting = false } = options;
  const { shown, others, origin } = ordered(run, options);
  const counted = shots > 0 && values === "counts";
  const amount = (share) => (counted ? number(Math.round(share * shots)) : share.toFixed(shots ? 4 : 6));
  const spread = (share) => (shots ? `± ${Math.sqrt((share * (1 - share)) / shots).toFixed(4)}` : "");
  const other = (key) => beside.probabilities[key] ?? 0;
  const most = shown.reduce((top, [key, share]) => Math.max(top, share, beside ? other(key) : 0), 0);
  const last = (key, share) => {
    if (beside) return amount(other(key));
    return counted ? percent(share) : spread(share);
  };
  const length = (share, className) => {
    const bar = element("span", { className });
    bar.style.width = `${Math.min(100, (100 * share) / (most || 1))}%`;
    return bar;
  };
  const row = (key, share, lengths, count, end) => [
    element("span", { className: "key" }, key),
    element("span", { className: "track" }, ...lengths),
    element("span", { className: "count" }, count),
    element("span", { className: "share" }, end),
  ];

  const few = shown.slice(0, SPOKEN).map(([key, share]) => `${key} ${amount(share)}`);
  if (shown.length > SPOKEN) few.push("and more");
  const what = plural(shown.length + others.outcomes, "outcome");
  const bars = element("div", {
    role: "img",
    ariaLabel: `Histogram: ${what}; ${few.join(", ")}`,
    className: shown.some(([key]) => key.length > LONG_KEY) ? "bars long" : "bars",
  });
  const cells = [];
  let group;
  for (const [key, share] of shown) {
    const away = hamming(key, origin);
    if (order === "distance" && away !== group) {
      const alike = shown.filter(([one]) => hamming(one, origin) === away);
      const sum = alike.reduce((total, [, part]) => total + part, 0);
      const said = `distance ${away}: ${plural(alike.length, "outcome")}, ${percent(sum)}`;
      cells.push(element("span", { className: "group" }, said));
      group = away;
    }
    const lengths = [length(share, "length")];
    if (beside) lengths.push(length(other(key), "length other"));
    cells.push(...row(key || "(no bits)", share, lengths, amount(share), last(key, share)));
  }
  const rest = others.outcomes > 0 || others.probability > 1e-9;
  if (rest && lasting) {
    const label = `${number(others.outcomes)} others`;
    const { probability } = others;
    const end = beside ? "" : last("", probability);
    cells.push(...row(label, probability, [length(probability, "length others")], amount(probability), end));
  }
  bars.append(...cells);

  const columns = ["Outcome", counted ? "Count" : "Probability", ...(beside ? [asOther] : [])];
  const rows = shown.map(([key, share]) => [key, amount(share), ...(beside ? [amount(other(key))] : [])]);
  const nodes = [bars];
  if (beside) nodes.unshift(legend(asOther));
  // A table itself would not become small.
  nodes.push(element("div", { className: "hidden" }, table(columns, rows)));
  if (others.outcomes) {
    const share = others.probability;
    const left = shots ? plural(Math.round(share * shots), "shot") : percent(share);
    nodes.push(
      element(
        "p",
        { className: "quiet" },
        `These are the ${shown.length} most frequent outcomes; ${number(others.outcomes)} more share ` +
          `the other ${left}.`,
      ),
    );
  }
  return nodes;
}

const legend = (asOther) =>
  element(
    "p",
    { className: "legend" },
    element("span", { className: "swatch" }),
    "this task ",
    element("span", { className: "swatch other" }),
    asOther,
  );

/** A table: its columns, and rows of texts or elements, the first of which may be a heading. */
export function table(columns, rows, { caption, className = "", headed = false } = {}) {
  const cells = (row) =>
    row.map((text, place) =>
      headed && !place ? element("th", { scope: "row" }, text) : element("td", {}, text),
    );
  return element(
    "table",
    { className },
    ...(caption ? [element("caption", {}, caption)] : []),
    element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col" }, text)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))),
  );
}

/** The parameters of a run. */
export const named = ({ parameters = {} }) =>
  Object.entries(parameters ?? {})
    .map(([name, value]) => `${name} = ${typeof value === "number" ? +value.toPrecision(6) : asText(value)}`)
    .join(", ");

/** A choice among the runs of a sweep. */
export function choice(items, show, name = "Run") {
  const texts = items.map((item, place) => named(item) || `run ${place + 1}`);
  const options = texts.map((text, place) => element("option", { value: place }, text));
  const select = element("select", { ariaLabel: name }, ...options);
  select.addEventListener("change", () => show(items[select.value]));
  return element("label", { className: "run" }, "Run ", select);
}

/** What a run brought. `options` as of the histogram; `beside` is another run, to be compared. */
export function* outcomes(run, shots, observables, options = {}) {
  if (run.error) yield element("div", { className: "problem error" }, ...problem(run.error));
  if (run.expectation_values) yield expectations(run.expectation_values, observables, options);
  if (Object.keys(run.probabilities ?? {}).length) {
    const beside = options.beside?.probabilities && options.beside;
    yield* histogram(run, shots, { ...options, beside });
  } else if (!run.error && !run.expectation_values) {
    yield element("p", {}, "There is nothing to show.");
  }
}

/** What an observable is called. */
export function asObservable(terms, place) {
  const text = operator(terms) || String(place + 1);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

const rounded = (value) => (Math.abs(value) < 1e-12 ? "0" : String(+value.toPrecision(6)));

function expectations(values, observables, { beside, asOther }) {
  const others = beside?.expectation_values;
  const rows = values.map(({ value, std }, place) => [
    asObservable(observables[place], place),
    rounded(value),
    std === null ? "unknown" : std ? `± ${Number(std.toPrecision(2))}` : "exact",
    ...(others ? [rounded(others[place].value)] : []),
  ]);
  const columns = ["Observable", "Mean", "Error", ...(others ? [asOther] : [])];
  return table(columns, rows, { caption: "Expectation values", className: "values", headed: true });
}

/** "XX + 0.5 YY" */
export const operator = (terms) =>
  [terms ?? []]
    .flat()
    .map(({ pauli, coeff = 1 }) => (coeff === 1 ? pauli : `${coeff} ${pauli}`))
    .join(" + ")
    .replaceAll("+ -", "- ");
