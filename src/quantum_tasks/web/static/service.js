// Tasks: they are submitted, followed to their end, and asked for what they brought.

import { ask, Failure, fetched, posted } from "./answers.js";

const PAUSE_MS = 1000;
const WAIT_S = 2; // for the end of a task, before it is followed
const TRIES = 60; // as long as it takes to restart a service
const STREAMS = 4; // that all pages of a browser may have, of its six connections to a host
const MANY = 20_000; // characters of a program that is not to be asked for each second
const PLACE_MS = [1000, 5000]; // after which a place in the queue is asked for again: near, far
const FINAL = new Set(["completed", "failed", "cancelled"]);

export const isFinal = (record) => FINAL.has(record.status);

/** Waits, unless the signal ends the wait. */
export const pause = async (ms, signal) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  signal.throwIfAborted();
};

/** Waits for as long as nobody can see the page. */
const seen = async (signal) => {
  while (document.hidden) {
    await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true, signal }));
  }
};

/** Does something in one of the few places that all pages of this browser share; false if none is
 *  free. Over plain HTTP from elsewhere, browsers have no locks: there, each page has a place. */
export async function inPlace(work) {
  if (!navigator.locks) return (await work(), true);
  let had = false;
  const inside = async (lock) => lock && ((had = true), await work());
  for (let place = 0; place < STREAMS && !had; place++) {
    await navigator.locks.request(`quantum-tasks stream ${place}`, { ifAvailable: true }, inside);
  }
  return had;
}

/** Does something again until it succeeds, unless it would never. What is asked for is stored: a
 *  service that is away for a while does not end the wait. */
async function insist(work, what, signal, say) {
  for (;;) {
    try {
      return await work();
    } catch (failure) {
      if (signal.aborted || !failure.passes) throw failure;
      say(`${failure.message} The ${what} is not lost; still asking …`);
      await pause(Math.max(PAUSE_MS, failure.retryAfterS * 1000), signal);
    }
  }
}

/** Submits a task, or sends what else makes one, and waits for its end for a moment. The key makes
 *  that one task, however often the request has to be sent again. */
export async function submit(request, signal, say, path = "/v1/tasks") {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const headers = { "Idempotency-Key": key, ...(request && { Prefer: `wait=${WAIT_S}` }) };
  for (let tries = 1; ; tries++) {
    try {
      return await ask(path, posted(request, signal, headers));
    } catch (failure) {
      if (!failure.passes || failure.code === "queue_full" || tries === TRIES) throw failure;
      say(`${failure.message} Trying again …`);
      await pause(Math.max(PAUSE_MS, failure.retryAfterS * 1000), signal);
    }
  }
}

/** Follows a task to its end; `changed` is told of each change of its status, and of its place in
 *  the queue. */
export async function follow(id, signal, changed, say) {
  let last = "";
  const ended = async () => {
    await seen(signal);
    await inPlace(async () => (last = await changes(id, last, signal, changed)));
    const record = await task(id, signal);
    if (!isFinal(record)) changed(record); // it is heard of again, if it was not for a while
    return record;
  };
  for (;;) {
    const record = await insist(ended, "task", signal, say);
    if (isFinal(record)) return record;
    await pause(PAUSE_MS, signal);
  }
}

/** Reads the stream of a task's events; while the task waits, also asks for its place. */
async function changes(id, last, signal, changed) {
  let status = "queued";
  const tell = (change) => changed(change, (status = change.status));
  const begun = (open) => places(id, open, () => status === "queued", tell).catch(() => {}); // closed
  return await streamed(`/v1/tasks/${id}/events`, last, signal, tell, begun);
}

/** Reads a stream of events to its end, or until the page is hidden: a browser has but six
 *  connections to a host. `changed` is told of each event and its id; `begun`, once the stream is
 *  open, gets a signal of its end. Returns the id of the last event. */
export async function streamed(path, last, signal, changed, begun = () => {}) {
  const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) };
  const closing = new AbortController();
  const close = () => document.hidden && closing.abort();
  signal.addEventListener("abort", () => closing.abort(), { signal: closing.signal });
  document.addEventListener("visibilitychange", close);
  try {
    const response = await fetched(path, { headers, signal: closing.signal });
    if (response.status === 204) return last;
    begun(closing.signal);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return last;
      const events = (text + value).split("\n\n");
      text = events.pop();
      for (const event of events) {
        last = /^id: ?(.*)$/m.exec(event)?.[1] ?? last;
        const data = /^data: ?(.*)$/m.exec(event)?.[1];
        if (data) changed(JSON.parse(data), last);
      }
    }
  } catch (error) {
    if (signal.aborted || error instanceof Failure) throw error;
    if (document.hidden) return last;
    throw new Failure("The connection to the service broke off.", { passes: true });
  } finally {
    document.removeEventListener("visibilitychange", close);
    closing.abort();
  }
}

/** Asks for the place of a task in the queue, again and again while it waits there. */
async function places(id, signal, waits, changed) {
  for (let far = 0; ; ) {
    await pause(PLACE_MS[far], signal);
    if (!waits()) continue;
    const record = await task(id, signal).catch(() => null);
    if (record && waits()) changed(record);
    far = record?.queue?.position > 20 || record?.request.qc.length > MANY ? 1 : 0;
  }
}

/** A whole number that JavaScript would change stays as it is written, where the browser can. */
const asWritten = (_, value, context) =>
  Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source)
    ? (JSON.rawJSON?.(context.source) ?? value)
    : value;

export const task = (id, signal) =>
  ask(`/v1/tasks/${encodeURIComponent(id)}`, { signal }, asWritten);

/** The same, however long it takes. */
export const knownTask = (id, signal, say) => insist(() => task(id, signal), "task", signal, say);

export const cancel = (id) =>
  ask(`/v1/tasks/${encodeURIComponent(id)}/cancel`, { method: "POST" });

/** What a task brought: its most frequent outcomes, and the values of its observables. */
export const result = (record, most, signal, say) =>
  insist(() => brought(record, most, signal), "result", signal, say);

/** The view of a result that has everything, and can be compared. */
export const wholeView = (record) => {
  if (record.request.shots > 0) return "";
  return hasObservables(record) ? "?view=expectation_values" : "?view=probabilities&top=65536";
};

async function brought(record, most, signal) {
  const path = `/v1/tasks/${encodeURIComponent(record.id)}/result`;
  const wanted = [];
  if (record.request.shots > 0 || !hasObservables(record)) {
    wanted.push(ask(`${path}?view=probabilities&top=${most}`, { signal }).catch(noOutcomes));
  }
  if (hasObservables(record)) wanted.push(ask(`${path}?view=expectation_values`, { signal }));
  const [first, second] = await Promise.all(wanted);
  if (!second) return first;
  const items = second.items?.map((item, n) => ({ ...item, ...first?.items?.[n] }));
  return { ...second, ...first, ...(items && { items }) };
}

const hasObservables = (record) => Boolean(record.request.observables?.length);

function noOutcomes(failure) {
  if (failure.code === "view_unavailable") return {}; // a program without bits has none
  throw failure;
}
