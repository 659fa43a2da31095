// The page Queue: asks for GET /v1/queue again and again, as long as somebody looks.

import { ask, byId, duration, Failure, number, plural } from "./answers.js";
import { html, nothing, render, svg } from "./vendor/editor/lit-html.js";

const [EVERY_MS, AGAIN_MS] = [2000, 1000]; // the second while the service is away
const PATIENCE_MS = 10_000; // for one answer
const MINUTE_MS = 60_000;
const MINUTES = 60;
const HEIGHT = 100; // of a chart, whose width is one for each minute
const SILENT_S = 8; // heartbeats come every 3 s

/** The list of tasks with these parameters, which are those of GET /v1/tasks. */
const tasks = (parameters) => `/ui/tasks?${new URLSearchParams(parameters)}`;
const link = (text, parameters, name) =>
  html`<a href=${tasks(parameters)} aria-label=${name ?? nothing}>${text}</a>`;
/** A number of tasks, which leads to them; `what` they are is for those who hear it alone. */
const amount = (value, what, parameters) =>
  value ? link(number(value), parameters, `${number(value)} ${what}`) : "0";
const clock = (time) =>
  new Date(time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
/** Up to an hour in seconds and minutes, then in hours and days. */
function span(seconds) {
  if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`;
  const [size, unit] = seconds < 3600 ? [60, "min"] : seconds < 172_800 ? [3600, "h"] : [86_400, "days"];
  return `${number(Math.floor(seconds / size))} ${unit}`;
}
const ms = (value) => (value === 0.5 ? "< 1 ms" : duration(value)).replaceAll(" ", "\u00a0");
const pair = (spans) => (spans ? `${ms(spans.p50)} · ${ms(spans.p95)}` : "–");

/** Those that were submitted in a minute, or that ended in it. */
const inMinute = (at, did) => ({
  [`${did}_after`]: new Date(at).toISOString(),
  [`${did}_before`]: new Date(Date.parse(at) + MINUTE_MS).toISOString(),
});

function tiles(now) {
  const { last_hour: hour, instances } = now;
  const since = { ended_after: hour.since };
  const alive = instances.filter((instance) => instance.alive);
  const sum = (name) => alive.reduce((total, instance) => total + (instance[name] ?? 0), 0);
  const ran = { status: "completed,failed", ...since };
  const both = (spans) =>
    spans ? link(pair(spans), ran, `half within ${ms(spans.p50)}, 95 % within ${ms(spans.p95)}`) : "–";
  const tile = (name, value, small) =>
    html`<div><dt>${name}</dt><dd>${value}${small ? html` <small>${small}</small>` : nothing}</dd></div>`;
  const lastMinute = new Date(Date.parse(now.at) - MINUTE_MS).toISOString();
  return html`<dl class="pane tiles">
    ${tile("Queued", amount(now.queued, "queued", { status: "queued" }))}
    ${tile("Oldest queued", now.oldest_queued_s === null ? "–"
      : link(span(now.oldest_queued_s), { status: "queued", order: "created_at" }))}
    ${tile("Running", amount(now.running, "running", { status: "running" }),
      now.cancelling && link(`+ ${number(now.cancelling)} stopping`, { status: "cancelling" }))}
    ${tile("Simulators at work", amount(sum("busy"), "at work", { status: "running" }),
      `of ${number(sum("simulators"))}`)}
    ${tile("Ended in the last minute", amount(now.ended_last_minute, "ended",
      { ended_after: lastMinute }))}
    ${tile("Failed in the last hour", amount(hour.failed, "failed", { status: "failed", ...since }),
      hour.failed && `of ${number(hour.failed + hour.completed)}`)}
    ${tile("Wait, p50 · p95", both(hour.wait_ms))}
    ${tile("Run, p50 · p95", both(hour.run_ms))}
  </dl>`;
}

/** The last sixty minutes, oldest first; `unknown` are those in which no instance was there. */
function hourOf({ minutes, last_hour: { since } }) {
  const known = new Map(minutes.map((minute) => [Date.parse(minute.at), minute]));
  const times = Array.from({ length: MINUTES }, (_, place) => Date.parse(since) + place * MINUTE_MS);
  return times.map((at) => known.get(at) ?? { at: new Date(at).toISOString(), unknown: true });
}

/** A number that is easy to read, and at least so large. */
function ceiling(most) {
  const power = 10 ** Math.floor(Math.log10(most || 1));
  return [1, 1.5, 2, 3, 4, 6, 8, 10].map((times) => times * power).find((round) => round >= most);
}

/** A line that breaks where nothing is known. Each minute is one step. */
function line(hour, value, y) {
  const pen = (place) => (place > 0 && value(hour[place - 1]) != null ? "L" : "M");
  const step = (found, place) => (found == null ? "" : `${pen(place)}${place} ${y(found)}h1`);
  return hour.map(value).map(step).join("");
}

/** Series are `{ name, className, value(minute), bars }`; bars stand on those of the series before. */
function chart(hour, { title, did, series, show, nothingYet }) {
  const { bars } = series[0];
  const values = (minute, upTo) => series.slice(0, upTo).map(({ value }) => value(minute) ?? 0);
  const total = (minute, upTo) => values(minute, upTo).reduce((sum, value) => sum + value, 0);
  const most = Math.max(...hour.map((minute) => (bars ? total(minute) : Math.max(...values(minute)))));
  const top = ceiling(most);
  const y = (value) => HEIGHT * (1 - value / top);
  const bar = (place, from, to) => (to > from ? `M${place + 0.1} ${y(from)}h.8V${y(to)}h-.8Z` : "");
  const bases = (n) => hour.map((minute, place) => bar(place, total(minute, n), total(minute, n + 1)));
  const path = ({ value }, n) => (bars ? bases(n).join("") : line(hour, value, y));
  const said = (minute) =>
    series.map(({ name, value }) => `${name} ${value(minute) == null ? "–" : show(value(minute))}`).join(", ");
  const pick = ({ target: { dataset } }) =>
    dataset.place && location.assign(tasks(inMinute(hour[dataset.place].at, did)));
  const last = hour.findLast((minute) => !minute.unknown);
  const name = `${title} in the last hour: ${most ? `at most ${show(most)}` : nothingYet}` +
    (last && most ? `; now ${said(last)}` : "");
  return html`<section class="pane chart" aria-label=${title}>
    <h2>${title}</h2>
    <div class="axis quiet" aria-hidden="true">${most ? show(top) : nothingYet}</div>
    <svg viewBox="0 0 ${MINUTES} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${name} @click=${pick}>
      <path class="grid" d="M0 0H${MINUTES}M0 ${HEIGHT / 2}H${MINUTES}M0 ${HEIGHT}H${MINUTES}" />
      ${series.map((one, n) => svg`<path class="${bars ? "" : "line "}${one.className}" d=${path(one, n)} />`)}
      ${hour.map((minute, place) => svg`<rect class="hit" x=${place} y="0" width="1" height=${HEIGHT}
        data-place=${place}><title>${clock(minute.at)}: ${minute.unknown ? "unknown" : said(minute)}</title></rect>`)}
    </svg>
    <div class="axis quiet" aria-hidden="true">
      <span>${clock(hour[0].at)}</span><span>${clock(hour[MINUTES / 2].at)}</span><span>now</span>
    </div>
    <div class="key" aria-hidden="true">${series.map(({ name, className }) => html`<span><svg
      viewBox="0 0 12 12"><rect class=${className} width="12" height=${bars ? 12 : 3} y=${bars ? 0 : 5} /></svg>${name}</span>`)}
    </div>
  </section>`;
}

const percentiles = (name) => [
  { name: "p50", className: "first", value: (minute) => minute[name]?.p50 },
  { name: "p95", className: "second", value: (minute) => minute[name]?.p95 },
];
const count = (name, className, bars) => ({ name, className, bars, value: (minute) => minute[name] });
const CHARTS = [
  { title: "Tasks in the queue", did: "created", show: number, nothingYet: "none",
    series: [count("queued", "first"), count("running", "second")] },
  { title: "Tasks that ended, per minute", did: "ended", show: number, nothingYet: "none",
    series: [count("completed", "good", true), count("failed", "bad", true), count("cancelled", "gone", true)] },
  { title: "Wait before the start", did: "ended", show: ms, nothingYet: "nothing ran", series: percentiles("wait_ms") },
  { title: "Run", did: "ended", show: ms, nothingYet: "nothing ran", series: percentiles("run_ms") },
];

/** A table that scrolls by itself where it is too wide; each row is its cells. */
const grid = (name, heads, rows, seen = true) =>
  html`<div class=${seen ? "scroll" : "hidden"} tabindex=${seen ? "0" : nothing} role="group" aria-label=${name}><table>
    <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
    <tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>`;

function failures({ last_hour: { failures: found, since } }) {
  const rows = Object.entries(found).map(([code, times]) => [
    html`<code>${code}</code>`,
    amount(times, `failed with ${code}`, { status: "failed", error: code, ended_after: since }),
  ]);
  return html`<section class="pane" aria-label="Failures">
    <h2>Failures in the last hour, by code</h2>
    ${rows.length ? grid("Table of failures", ["Code", "Tasks"], rows) : html`<p class="quiet">None.</p>`}</section>`;
}

function instances({ at, instances: found, last_hour: { instances_lost: lost } }) {
  const row = ({ id, silent_s, busy, simulators, ended_last_minute, started_at, version }) => [
    html`<span class="id">${id.slice(0, 8)}</span>`,
    silent_s < SILENT_S
      ? `${span(Math.round(silent_s))} ago`
      : html`<span class="failure">silent for ${span(Math.round(silent_s))}</span>`,
    `${busy === null ? "?" : number(busy)} of ${number(simulators)}`,
    number(ended_last_minute),
    span(Math.max(0, (Date.parse(at) - Date.parse(started_at)) / 1000)),
    version,
  ];
  const heads = ["Instance", "Heartbeat", "At work", "Ended, last minute", "Up for", "Version"];
  return html`<section class="pane" aria-label="Instances">
    <h2>Instances that run tasks</h2>
    ${found.some((instance) => instance.alive) ? nothing
      : html`<p class="failure">No instance runs tasks at the moment. What is queued waits for one.</p>`}
    ${found.length ? grid("Table of instances", heads, found.map(row)) : nothing}
    ${lost ? html`<p class="quiet">${plural(lost, "instance")} died in the last hour.
      What ${lost === 1 ? "it was" : "they were"} running was queued again.</p>` : nothing}
  </section>`;
}

let open = false; // whether the table of minutes is seen by everybody

/** All that the charts show, as text: for who does not see them, or wants to know. */
function table(hour) {
  const names = ["submitted", "completed", "failed", "cancelled"];
  const rows = hour.filter((minute) => !minute.unknown).reverse().map((minute) => [
    clock(minute.at),
    ...names.map((name) => {
      const parameters = name === "submitted" ? inMinute(minute.at, "created")
        : { ...inMinute(minute.at, "ended"), status: name };
      return open ? amount(minute[name], name, parameters) : number(minute[name]);
    }),
    ...[minute.queued, minute.running].map((most) => (most === null ? "–" : number(most))),
    pair(minute.wait_ms),
    pair(minute.run_ms),
  ]);
  const heads = ["Minute", "Submitted", "Completed", "Failed", "Cancelled", "Queued", "Running", "Wait, p50 · p95", "Run, p50 · p95"];
  return html`<section class="pane" aria-label="Minute by minute">
    <div><button type="button" class="plain" aria-expanded=${open} @click=${() => { open = !open; draw(); }}>
      Minute by minute</button></div>
    ${grid("Table of minutes", heads, rows, open)}
  </section>`;
}

let shown = null;

function draw() {
  const { last_hour: { submitted, completed, failed, cancelled }, queued, running } = shown;
  const quiet = !(submitted + completed + failed + cancelled + queued + running);
  const hour = hourOf(shown);
  render(html`
    ${quiet ? html`<p>Nothing was submitted in the last hour. <a href="/">Run a program</a> to see it here.</p>` : nothing}
    ${tiles(shown)}
    <div class="charts column">${CHARTS.map((one) => chart(hour, one))}</div>
    <div class="charts column">${failures(shown)}${instances(shown)}</div>
    ${table(hour)}`, byId("board"));
}

/** Says why there is no answer; null if there is one. */
function tell(sentence) {
  if (!sentence && !byId("banner").hidden) byId("said").textContent = "The service answers again.";
  if (sentence && byId("banner").textContent !== sentence) byId("banner").textContent = sentence;
  byId("banner").hidden = !sentence;
  byId("board").classList.toggle("stale", Boolean(sentence));
}

let asking = null; // what ends the present look

/** Asks until nobody looks any more. */
async function watch() {
  const leaving = (asking = new AbortController());
  while (!leaving.signal.aborted) {
    let pauseMs = EVERY_MS;
    const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      shown = await ask("/v1/queue", { signal });
      draw();
      byId("board").ariaBusy = "false";
      tell(null);
    } catch (failure) {
      if (leaving.signal.aborted) return;
      if (!(failure instanceof Failure) && failure.name !== "TimeoutError") throw failure;
      const why = failure instanceof Failure ? failure.message : "The service does not answer.";
      tell(`${why} ${shown ? "The numbers are old; s" : "S"}till asking …`);
      pauseMs = Math.max(AGAIN_MS, 1000 * (failure.retryAfterS ?? 0));
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function look() {
  asking?.abort();
  if (document.visibilityState === "visible") watch();
}
document.addEventListener("visibilitychange", look);
look();
