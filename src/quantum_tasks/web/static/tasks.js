// The page that lists tasks: the latest first, as they are now.

import { ask, attempted, byId, duration, Failure, MARKS, number, plural, problem } from "./answers.js";
import { Chosen } from "./chosen.js";
import { filters, onFilters, showFilters } from "./filters.js";
import { inPlace, isFinal, streamed } from "./service.js";
import { html, nothing, render, repeat } from "./vendor/editor/lit-html.js";

const LIMIT = 100; // rows of a page
const FIELDS = "id,status,name,tags,request,created_at,started_at,ended_at,usage,error";
const DRAW_MS = 300; // between two renders for events
const LOOK_MS = 2000; // between two looks for new tasks; ten times as long as a look takes
const LONG_MS = 600_000; // hidden for so long, the page begins anew
const MOST_PAGES = 20; // looked through for the first row, without being asked
const STEP = { running: 0, cancelling: 1, queued: 2, completed: 5, failed: 5, cancelled: 5 };

const [table, note] = ["table", "note"].map(byId);
let rows = new Map(); // tasks by id, in the order of the list
let fresh = null; // the first page as it was last looked at, with what is new
let next = null; // the address of the rest of the list
let loading = new AbortController();
let [busy, away] = [true, ""];
const chosen = new Chosen(table, { rows: () => rows, filters, attempt, draw, compare: openComparison });

// The list

const first = () =>
  `/v1/tasks?${new URLSearchParams([...filters(), ["limit", LIMIT], ["fields", FIELDS]])}`;

/** Shows the list from its beginning. */
async function begin() {
  loading.abort();
  loading = new AbortController();
  [rows, fresh, next, busy] = [new Map(), null, null, true];
  chosen.clear();
  draw();
  await more(first());
}

/** Adds a page to the list. One that looked through many tasks in vain is followed by the next. */
async function more(address) {
  const { signal } = loading;
  await attempt(async () => {
    for (let pages = 1, found = 0; address && found < 1 && pages <= MOST_PAGES; pages++) {
      busy = true;
      draw();
      const page = await ask(address, { signal });
      for (const task of page.tasks) if (!rows.has(task.id)) rows.set(task.id, task);
      [found, next, address] = [found + page.tasks.length, page.next, page.next];
    }
  }, signal);
  if (signal.aborted) return;
  busy = false;
  draw();
}

/** Does something; says why it failed, if it did. */
function attempt(work, signal) {
  fail(null);
  return attempted(work, fail, signal);
}

function fail(failure) {
  byId("failure").replaceChildren(...(failure ? problem(failure) : []));
  byId("failure").hidden = !failure;
}

// What happens to tasks

let [last, hiddenAt, watching] = ["", 0, new AbortController()];

/** Follows all tasks while the page is seen; if other pages of this browser have all the streams that
 *  it may have, looks at the list now and then. */
async function watch() {
  watching = new AbortController();
  const { signal } = watching;
  const heard = (event, id) => {
    last = id;
    changed(event);
  };
  const stream = async () => (last = await streamed("/v1/tasks/feed", last, signal, heard));
  while (!signal.aborted) {
    let pauseMs = 1000;
    try {
      look();
      if (!(await inPlace(stream))) pauseMs = Math.max(LOOK_MS, 10 * took);
    } catch (failure) {
      if (signal.aborted) return;
      if (!(failure instanceof Failure)) throw failure;
      if (failure.code === "invalid_request") last = ""; // from another database
      away = failure.passes ? "The connection to the service is lost. Trying again …" : failure.message;
      draw();
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    hiddenAt = Date.now();
    watching.abort();
    return;
  }
  if (Date.now() - hiddenAt > LONG_MS) [last] = ["", begin()];
  watch();
});

const step = (task) => 10 * (task.usage?.attempts ?? 0) + STEP[task.status];

function changed({ task_id: id, status, at, attempt }) {
  const task = rows.get(id);
  if (!task || status === "failed") lookSoon(); // it may be new, or there is a reason to show
  if (!task) return;
  const now = { ...task, status, usage: { ...task.usage, attempts: attempt } };
  if (step(now) <= step(task)) return; // the list knew it already
  if (status === "running") now.started_at = at;
  if (isFinal(now)) now.ended_at = at;
  rows.set(id, now);
  drawSoon();
}

let [looking, took] = [null, 0];
const lookSoon = () => (looking ??= setTimeout(look, Math.max(LOOK_MS, 10 * took)));

/** Reads the first page again: what is new is announced, what is shown is brought up to date. */
async function look() {
  clearTimeout(looking);
  looking = null;
  const { signal } = loading;
  if (busy || document.hidden) return void lookSoon();
  const began = Date.now();
  try {
    const page = await ask(first(), { signal });
    away = "";
    for (const task of page.tasks) {
      const shown = rows.get(task.id);
      if (shown && step(task) >= step(shown)) rows.set(task.id, task);
    }
    fresh = page;
    const came = arrivals().length;
    if (came && !rows.size) return showNew();
    if (came && came !== announced) note.textContent = `${plural(came, "new task")}.`;
    announced = came;
    drawSoon();
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    if (!away) lookSoon();
  } finally {
    took = Date.now() - began;
  }
}

let announced = 0;
const arrivals = () => (fresh?.tasks ?? []).filter(({ id }) => !rows.has(id));

function showNew() {
  const together = fresh.tasks.some(({ id }) => rows.has(id)) || !fresh.next;
  if (!together) next = fresh.next; // there is a gap: the list begins anew
  const news = fresh.tasks.filter(({ id }) => !rows.has(id)).map((task) => [task.id, task]);
  rows = new Map(together ? [...news, ...rows] : fresh.tasks.map((task) => [task.id, task]));
  [fresh, announced] = [null, 0];
  draw();
}

byId("new").addEventListener("click", () => {
  showNew();
  scrollTo({ top: 0 });
  table.querySelector("tbody input")?.focus();
});

// What is drawn

let later = null;
let drawn = 0;
const drawSoon = () =>
  (later ??= setTimeout(draw, Math.max(0, drawn + DRAW_MS - performance.now())));

function draw() {
  clearTimeout(later);
  [later, drawn] = [null, performance.now()];
  table.ariaBusy = String(busy);
  render(shown(), table);
  const came = arrivals();
  const beyond = came.length && came.length === fresh.tasks.length && fresh.next ? "+" : "";
  byId("new").textContent = `${came.length}${beyond} new`;
  byId("new").classList.toggle("unseen", !came.length);
  chosen.show(away);
}

/** "13:05:09" today, "Jan 31" this year, "Jan 2026" before. */
function time(text) {
  const [at, now] = [new Date(text), new Date()];
  if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString("en-GB");
  const thisYear = at.getFullYear() === now.getFullYear();
  return at.toLocaleDateString("en", { month: "short", [thisYear ? "day" : "year"]: "numeric" });
}

const title = ({ name, id }) => name || id.slice(0, 8);
const ran = ({ started_at: from, ended_at: to }) =>
  from && to ? duration(Math.max(0, new Date(to) - new Date(from))) : "";

// A task that changes becomes another object, so a row is made once: times take long to write.
const made = new WeakMap();
function row(task) {
  const checked = chosen.has(task.id);
  if (made.get(task)?.checked !== checked) made.set(task, { checked, row: cells(task, checked) });
  return made.get(task).row;
}

const cells = (task, checked) => html`<tr>
  <td class="pick"><label><input type="checkbox" data-id=${task.id} aria-label=${`Select ${title(task)}`}
    .checked=${checked}></label></td>
  <th scope="row"><a href=${`/ui/tasks/${task.id}`} title=${title(task)}>${title(task)}</a><span class="tags">${
    task.error ? html`<span class="code" title=${task.error.message}>${task.error.code}</span> ` : nothing
  }${Object.entries(task.tags).map(([key, value]) => `${key}:${value}`).join(", ")}</span></th>
  <td class="of" data-status=${task.status}><span class="mark" aria-hidden="true">${
    MARKS[task.status] ?? "◑"}</span>${task.status}</td>
  <td class="num">${task.request.shots ? number(task.request.shots) : "exact"}</td>
  <td class="at"><time datetime=${task.created_at} title=${new Date(task.created_at).toLocaleString("en")}>${
    time(task.created_at)}</time></td>
  <td class="num">${ran(task)}</td>
</tr>`;

const empty = () =>
  busy ? "Looking …" : filters().length ? "No task matches." : "There are no tasks yet.";

const shown = () => html`<table class="tasks" aria-label="Tasks" aria-describedby="keys">
    <thead><tr>
      <th class="pick"><label><input type="checkbox" aria-label="Select all that are shown" data-id=""
        .checked=${Boolean(chosen.everything) || (rows.size > 0 && chosen.ids.size >= rows.size)}></label></th>
      <th scope="col">Task</th><th scope="col" class="of">Status</th><th scope="col" class="num">Shots</th>
      <th scope="col" class="at">Submitted</th><th scope="col" class="num">Ran for</th>
    </tr></thead>
    <tbody>${repeat(rows.values(), ({ id }) => id, row)}</tbody>
  </table>
  ${rows.size ? nothing : html`<p class="pane placeholder">${empty()}</p>`}
  ${next && !busy ? html`<button type="button" class="plain" @click=${() => more(next)}>${
    rows.size ? "More" : "Search further"}</button>` : nothing}`;

// Results beside each other: /ui/tasks?compare=id,id

async function openComparison(ids) {
  history.pushState(null, "", `?${new URLSearchParams([...filters(), ["compare", ids.join(",")]])}`);
  await show();
}

/** Shows what the address says: results beside each other, or the list. */
async function show() {
  const ids = new URLSearchParams(location.search).get("compare");
  const region = byId("comparison");
  byId("list").hidden = ids !== null;
  region.hidden = ids === null;
  if (ids === null) return;
  const { compare } = await import("./compare.js");
  await compare(region, ids.split(","), () => {
    history.pushState(null, "", `?${new URLSearchParams(filters())}`);
    show();
    table.querySelector("input:checked")?.focus();
  });
}

let listed = null; // the filters that the list is of
async function visit() {
  show();
  if (listed === String(filters())) return;
  listed = String(filters());
  showFilters();
  await begin();
}

onFilters(() => {
  listed = String(filters());
  begin();
});
addEventListener("popstate", visit);
addEventListener("pagehide", () => watching.abort());
addEventListener("pageshow", ({ persisted }) => persisted && watch());
visit();
if (!document.hidden) watch();
