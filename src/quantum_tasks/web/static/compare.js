// Results of up to four tasks beside each other, on one axis.

import { ask, element, Failure, number, percent, plural, problem } from "./answers.js";
import { distance, distribution, noise } from "./distance.js";
import { choice, table } from "./histogram.js";
import { task } from "./service.js";

const MOST = 65_536; // outcomes of one result that are compared
const SHOWN = 24; // outcomes with bars
const LETTERS = "ABCD";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

let latest; // of the calls: an earlier one may be answered later

/** Shows the results of these tasks in a region; `close` goes back to the list. */
export async function compare(region, ids, close) {
  const call = (latest = {});
  const title = element("h2", { id: "compared", tabIndex: -1 }, "Compare results");
  const back = element("button", { type: "button", className: "plain" }, "Back to the list");
  back.addEventListener("click", close);
  const body = element("div", { className: "outcomes", ariaBusy: "true" }, "Fetching the results …");
  region.replaceChildren(element("div", { className: "bar" }, title, back), body);
  title.focus();
  let parts;
  try {
    const given = [...new Set(ids)];
    if (given.length < 2 || given.length > 4 || !given.every((id) => UUID.test(id))) {
      throw new Failure("An address like ?compare=id,id names 2 to 4 different tasks by their ids.");
    }
    const results = await Promise.all(given.map(fetched));
    parts = comparison(results);
  } catch (failure) {
    if (!(failure instanceof Failure)) throw failure;
    parts = [element("div", { className: "problem error", role: "alert" }, ...problem(failure))];
  }
  if (call !== latest) return;
  body.replaceChildren(...parts);
  body.ariaBusy = "false";
}

async function fetched(id, place) {
  const record = await task(id);
  const name = record.name || id.slice(0, 8);
  if (record.status !== "completed") {
    throw new Failure(`The task ${name} is ${record.status}: only results of completed tasks can be compared.`);
  }
  const found = await ask(`/v1/tasks/${id}/result?view=probabilities&top=${MOST}`);
  return { letter: LETTERS[place], name, id, shots: found.shots, runs: found.items ?? [found], items: found.items };
}

/** A legend, in which the run of a sweep is chosen, and what there is to see of these runs. */
function comparison(results) {
  const pane = element("div", { className: "outcomes" });
  const show = () => pane.replaceChildren(...pictures(results));
  const legend = results.map((result) => {
    result.run = result.runs[0];
    const { letter, id, name, shots, items } = result;
    const link = element("a", { href: `/ui/tasks/${id}` }, name);
    const line = element("li", {}, mark(letter), " ", link, ` · ${shots ? plural(shots, "shot") : "exact"} `);
    line.dataset.letter = letter;
    if (items) line.append(choice(items, (run) => show((result.run = run)), `Run of ${letter}`));
    return line;
  });
  show();
  return [element("ul", { className: "legend", ariaLabel: "Tasks that are compared" }, ...legend), pane];
}

const mark = (letter) => {
  const made = element("span", { className: "letter" }, letter);
  made.dataset.letter = letter;
  return made;
};

function* pictures(results) {
  const lacking = results.find(({ run }) => !run.probabilities);
  if (lacking) {
    const why = lacking.run.error?.message ?? "It has no outcomes.";
    yield element("p", { className: "problem error" }, `${lacking.letter} cannot be compared: ${why}`);
    return;
  }
  const all = results.map((result) => ({ ...result, ...distribution(result.run, result.shots) }));
  yield distances(all);
  const most = new Map();
  for (const { probabilities } of all) {
    for (const [key, share] of probabilities) most.set(key, Math.max(share, most.get(key) ?? 0));
  }
  const keys = [...most].sort(([, a], [, b]) => b - a).slice(0, SHOWN).map(([key]) => key);
  keys.sort((a, b) => (a < b ? -1 : 1));
  yield* bars(all, keys, Math.max(...most.values(), Number.MIN_VALUE));
  if (most.size > keys.length) {
    const text = `These are the ${keys.length} most frequent outcomes of ${number(most.size)}.`;
    yield element("p", { className: "quiet" }, text);
  }
}

/** How far each two are apart, and whether that is more than shot noise. */
function distances(all) {
  const rows = all.flatMap((a, place) => all.slice(place + 1).map((b) => apart(a, b)));
  const head = ["Pair", "Total variation distance", "Shot noise alone", "So they are"];
  const caption = "How far apart they are: 0 is the same, 1 has nothing in common";
  return table(head, rows, { caption, className: "distances", headed: true });
}

function apart(a, b) {
  const whole = a.whole && b.whole;
  const far = distance(a, b);
  const { expected, rarely } = noise(a, b);
  const exact = a.shots === Infinity && b.shots === Infinity;
  const alone = exact ? "none: both are exact" : `${short(expected)}, rarely above ${short(rarely)}`;
  const different = far > (exact ? 1e-9 : rarely);
  const verdict = different ? "different" : exact ? "the same" : "not distinguishable";
  const pair = element("span", {}, mark(a.letter), " – ", mark(b.letter));
  if (!whole) return [pair, `at least ${short(far)}`, "too many outcomes to say", "unclear"];
  return [pair, short(far), alone, verdict];
}

const shown = (share) => (share ? percent(share) : "0");
const short = (value) => (value < 1e-9 ? "0" : String(Number(value.toPrecision(2))));

/** Bars for people who see, and a table for those who do not. */
function* bars(all, keys, most) {
  const letters = all.map(({ letter }) => letter);
  const picture = element("div", {
    role: "img",
    ariaLabel: `Comparison of ${letters.join(", ")}: ${plural(keys.length, "outcome")}`,
    className: "side",
  });
  for (const key of keys) {
    for (const { letter, probabilities } of all) {
      const share = probabilities.get(key) ?? 0;
      const bar = element("span", { className: "length" });
      bar.style.width = `${(100 * share) / most}%`;
      const begins = letter === "A";
      const cells = [
        element("span", { className: "key" }, begins ? key || "(no bits)" : ""),
        mark(letter),
        element("span", { className: "track" }, bar),
        element("span", { className: "share" }, shown(share)),
      ];
      for (const cell of cells) {
        cell.dataset.letter = letter;
        cell.classList.toggle("new", begins);
      }
      picture.append(...cells);
    }
  }
  yield picture;
  const rows = keys.map((key) => {
    return [key || "(no bits)", ...all.map(({ probabilities }) => shown(probabilities.get(key)))];
  });
  // A table itself would not become small.
  yield element("div", { className: "hidden" }, table(["Outcome", ...letters], rows, { headed: true }));
}
