// A program of the composer is run, and its result shown beside it.

import { Failure } from "./answers.js";
import { ResultView } from "./result.js";
import { cancel as ended, isFinal, submit } from "./service.js";

const [region, button] = ["result", "cancel"].map((id) => document.getElementById(id));
const result = new ResultView(region);
let running = new AbortController();
let submitting = false; // a task of which nobody knows the id yet
let current = null; // the id of the task that is awaited

/** Runs it. `onsubmitted` gets the record of its task, `onplace` an error that has a line. */
export async function run(body, { onsubmitted, onplace }) {
  if (submitting) return;
  running.abort();
  running = new AbortController();
  const { signal } = running;
  current = null;
  button.hidden = true;
  region.querySelector(".placeholder")?.remove();
  result.clear("Submitting …");
  result.busy = true;
  region.scrollIntoView({ block: "nearest" });
  try {
    submitting = true;
    const told = (sentence) => result.say("queued", sentence);
    const record = await submit(body, signal, told).finally(() => (submitting = false));
    current = record.id;
    button.hidden = isFinal(record);
    onsubmitted(record);
    await result.show(record, signal);
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    result.fail(failure, current ? "Failed" : "Not accepted");
    const place = failure.errors.find(({ line }) => line);
    if (place) onplace(place);
  } finally {
    if (!signal.aborted) {
      current = null;
      result.busy = false;
      button.hidden = true;
    }
  }
}

/** Cancels the task that is awaited. */
export const cancel = async () => current && (await ended(current));
