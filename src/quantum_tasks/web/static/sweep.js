// The runs of a sweep: what they brought, as lines over their parameter, and a slider to go through
// them. All of it is there already: to move the slider asks nobody, and submits nothing.

import { element, svg } from "./answers.js";
import { asObservable, choice, named, table } from "./histogram.js";

const MOST_LINES = 6;
const [WIDTH, HEIGHT] = [1000, 200];
const short = (value) => String(+value.toPrecision(4));

/** What is on the x-axis: the only number that changes, or the number of the run. */
function across(items) {
  const names = Object.keys(items[0].parameters ?? {});
  const changing = names.filter((name) =>
    items.some((item) => item.parameters[name] !== items[0].parameters[name]),
  );
  const [name] = changing;
  const values = items.map((item) => item.parameters?.[name]);
  if (changing.length === 1 && values.every((value) => typeof value === "number")) return { name, values };
  return { name: "run", values: items.map((_, place) => place + 1) };
}

/** The lines: mean values of observables, or the most frequent outcomes; null where a run failed. */
function lines(items, observables) {
  const first = items.find((item) => item.expectation_values);
  if (first) {
    return first.expectation_values.slice(0, MOST_LINES).map((_, place) => ({
      label: asObservable(observables[place], place),
      values: items.map((item) => item.expectation_values?.[place].value ?? null),
    }));
  }
  const sums = new Map();
  for (const { probabilities = {} } of items) {
    for (const [key, share] of Object.entries(probabilities)) sums.set(key, (sums.get(key) ?? 0) + share);
  }
  const most = [...sums].sort((a, b) => b[1] - a[1]).slice(0, MOST_LINES);
  return most
    .map(([key]) => ({
      label: key || "(no bits)",
      values: items.map(({ probabilities }) => (probabilities ? (probabilities[key] ?? 0) : null)),
    }))
    .sort((a, b) => (a.label < b.label ? -1 : 1));
}

/** The parts of a line between runs that failed. */
function path(xs, ys) {
  let pen = "M";
  return xs
    .map((x, place) => {
      if (ys[place] === null) return (pen = "M"), "";
      const part = `${pen}${x.toFixed(1)} ${ys[place].toFixed(1)}`;
      pen = "L";
      return part;
    })
    .join("");
}

/** A plot with a slider; `show` gets the place of a run. */
export function sweep(items, observables, show) {
  const { name, values } = across(items);
  const drawn = lines(items, observables);
  const all = drawn.flatMap((line) => line.values.filter((value) => value !== null));
  const [bottom, top] = [Math.min(0, ...all), Math.max(0, ...all) || 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const xs = values.map((value) => (high > low ? ((value - low) / (high - low)) * WIDTH : WIDTH / 2));
  const y = (value) => HEIGHT - ((value - bottom) / (top - bottom)) * HEIGHT;
  const cursor = svg("line", { class: "cursor", y1: 0, y2: HEIGHT });
  const zero = svg("line", { class: "zero", x1: 0, x2: WIDTH, y1: y(0), y2: y(0) });
  const paths = drawn.map((line, place) =>
    svg("path", {
      class: `line l${place}`,
      d: path(xs, line.values.map((value) => (value === null ? null : y(value)))),
    }),
  );
  const plot = svg(
    "svg",
    {
      class: "plot",
      role: "img",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-label": `Sweep over ${name}: ${items.length} runs, ${drawn.map((line) => line.label).join(", ")}`,
    },
    zero,
    ...paths,
    cursor,
  );
  const slider = element("input", { type: "range", min: 0, max: items.length - 1, ariaLabel: "Item of the sweep" });
  const chosen = choice(items, (item) => go(items.indexOf(item)));
  const go = (place) => {
    slider.value = place;
    slider.ariaValueText = `Run ${place + 1} of ${items.length}: ${named(items[place])}`;
    chosen.querySelector("select").value = place;
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, xs[place]);
    show(place);
  };
  let frame;
  slider.addEventListener("input", () => {
    cancelAnimationFrame(frame); // as fast as the screen, not as the pointer
    frame = requestAnimationFrame(() => go(Number(slider.value)));
  });
  plot.addEventListener("click", ({ clientX }) => {
    const box = plot.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * WIDTH;
    const away = xs.map((one) => Math.abs(one - x));
    go(away.indexOf(Math.min(...away)));
  });
  slider.value = 0;
  const legend = drawn.map((line, place) => {
    const sample = svg("path", { class: `line l${place}`, d: "M0 1H32" });
    return element("span", {}, svg("svg", { class: "sample" }, sample), line.label);
  });
  const rows = items.map((_, run) => [
    short(values[run]),
    ...drawn.map((line) => (line.values[run] === null ? "failed" : short(line.values[run]))),
  ]);
  const made = element(
    "div",
    { className: "sweep" },
    element("p", { className: "legend" }, ...legend),
    element("div", { className: "ends" }, element("span", {}, short(top)), element("span", {}, short(bottom))),
    plot,
    slider,
    element("p", { className: "ends" }, ...[short(low), name, short(high)].map((text) => element("span", {}, text))),
    element("div", { className: "hidden" }, table([name, ...drawn.map((line) => line.label)], rows)),
    chosen,
  );
  return { made, go };
}
