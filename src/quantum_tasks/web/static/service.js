// What pages ask the service for. A failure is always a Failure, with a sentence for people.

const PAUSE_MS = 1000;
const WAIT_S = 2; // for the end of a task, before it is followed
const TRIES = 5;
const FINAL = new Set(["completed", "failed", "cancelled"]);

/** What went wrong; `errors` as in problem+json. It `passes` if trying again may help. */
export class Failure extends Error {
  constructor(message, { code = "", errors = [], passes = false, retryAfterS = 0 } = {}) {
    super(message);
    Object.assign(this, { code, errors, passes, retryAfterS });
  }
}

export const isFinal = (record) => FINAL.has(record.status);

/** Waits, unless the signal ends the wait. */
const pause = async (ms, signal) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  signal.throwIfAborted();
};

/** A good response; throws a Failure for any other. */
export async function fetched(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new Failure("The service cannot be reached. Is it running?", { passes: true });
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  const retryAfterS = Number(response.headers.get("Retry-After")) || 0;
  const sentence =
    body?.detail ?? body?.message ?? `The service answered with HTTP status ${response.status}.`;
  throw new Failure(retryAfterS ? `${sentence} Try again in ${retryAfterS} s.` : sentence, {
    code: body?.code,
    errors: body?.errors,
    passes: response.status >= 500 || response.status === 429,
    retryAfterS,
  });
}

/** The body of a good answer. */
export async function ask(path, options) {
  const response = await fetched(path, options);
  try {
    return await response.json();
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new Failure("The answer of the service broke off.", { passes: true });
  }
}

export const posted = (body, signal, headers = {}) => ({
  method: "POST",
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body),
  signal,
});

/** Whether a task would be accepted, and its circuit. */
export const validate = (request, signal) =>
  ask("/v1/validate?circuit=1", posted(request, signal));

/** Submits a task, and waits for its end for a moment. The key makes that one task, however often
 *  the request has to be sent again. */
export async function submit(request, signal, say) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const key = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const headers = { "Idempotency-Key": key, Prefer: `wait=${WAIT_S}` };
  for (let tries = 1; ; tries++) {
    try {
      return await ask("/v1/tasks", posted(request, signal, headers));
    } catch (failure) {
      if (!failure.passes || failure.code === "queue_full" || tries === TRIES) throw failure;
      say(`${failure.message} Trying again …`);
      await pause(Math.max(PAUSE_MS, failure.retryAfterS * 1000), signal);
    }
  }
}

/** Follows a task to its end; `changed` is told of each change of its status. The task is stored:
 *  a service that is away for a while does not end the wait. */
export async function follow(id, signal, changed, say) {
  for (let last = ""; ; ) {
    try {
      last = await streamed(`/v1/tasks/${id}/events`, last, signal, changed);
      const record = await task(id, signal);
      if (isFinal(record)) return record;
      changed(record); // it is heard of again, if it was not for a while
      await pause(PAUSE_MS, signal);
    } catch (failure) {
      if (signal.aborted || !failure.passes) throw failure;
      say(`${failure.message} The task is not lost; still asking …`);
      await pause(Math.max(PAUSE_MS, failure.retryAfterS * 1000), signal);
    }
  }
}

/** Reads a stream of events to its end, and returns the id of the last one; `changed` is told of each,
 *  with its id. */
export async function streamed(path, last, signal, changed) {
  const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) };
  const response = await fetched(path, { headers, signal });
  if (response.status === 204) return last;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
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
    if (signal.aborted) throw error;
    throw new Failure("The connection to the service broke off.", { passes: true });
  }
}

export const task = (id, signal) => ask(`/v1/tasks/${encodeURIComponent(id)}`, { signal });

export const cancel = (id) =>
  ask(`/v1/tasks/${encodeURIComponent(id)}/cancel`, { method: "POST" });

/** What a task brought: its most frequent outcomes, and the values of its observables. It is
 *  stored: a service that is away for a while does not end the wait. */
export async function result(record, most, signal, say) {
  for (;;) {
    try {
      return await brought(record, most, signal);
    } catch (failure) {
      if (signal.aborted || !failure.passes) throw failure;
      say(`${failure.message} The result is not lost; still asking …`);
      await pause(Math.max(PAUSE_MS, failure.retryAfterS * 1000), signal);
    }
  }
}

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
