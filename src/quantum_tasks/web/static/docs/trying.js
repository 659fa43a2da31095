// "Try it": a form for each operation that sends real requests to this service.

import { html, nothing, render } from "../vendor/editor/lit-html.js";
import { samples } from "./samples.js";
import { resolved } from "./schemas.js";
import { indented } from "./text.js";

const MOST = 65_536; // characters of an answer; the rest is not fetched
const LISTEN_MS = 10_000; // to a stream
const FRAME_MS = 250; // between two looks at what arrives
const STREAM = "text/event-stream";
const PICTURE = "image/svg+xml";
const HEADERS = "content-type location etag retry-after allow preference-applied x-request-id".split(" ");
const ID = /"(?:task_)?id":"([0-9a-f-]{36})"/;

const trials = [];
let lastId = ""; // of the task that was answered last
let going = null; // the request: one at a time
let listening = null; // ends the stream: none is open while nobody looks
addEventListener("pagehide", () => going?.abort());
document.addEventListener("visibilitychange", () => document.hidden && listening?.("while the page was hidden"));

const choice = (name, options, changed) => html`<label>${name}
  <select @change=${(event) => changed(event.target.value)}>
    ${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}
  </select></label>`;

/** The form of one operation. */
export class Trial {
  constructor(host, path, method, operation) {
    Object.assign(this, { host, path, method: method.toUpperCase(), operation });
    const body = operation.requestBody?.content["application/json"];
    const good = Object.entries(operation.responses).filter(([status]) => status < 300);
    this.parameters = operation.parameters ?? [];
    this.kinds = [...new Set(good.flatMap(([, { content = {} }]) => Object.keys(content)))];
    this.values = { id: lastId, Accept: this.kinds[0] };
    this.examples = Object.values(body?.examples ?? {});
    this.body = body && this.example(0);
    trials.push(this);
    this.show();
  }

  example = (place) => indented(JSON.stringify(this.examples[place]?.value ?? {}));

  /** What is sent. */
  get request() {
    const { values, method, body } = this;
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    if (this.kinds.length > 1 || values.Accept === STREAM) headers.Accept = values.Accept;
    const query = [];
    let path = this.path;
    for (const { name, in: place, schema, explode } of this.parameters) {
      const value = values[name] ?? "";
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value || "TASK_ID"));
      else if (value && place === "header") headers[name] = value;
      else if (value) {
        const each = schema.type === "array" && explode !== false ? value.split("\n") : [value];
        query.push(...each.filter(Boolean).map((one) => `${name}=${encodeURIComponent(one)}`));
      }
    }
    return { method, address: `${location.origin}${path}${query.length ? "?" : ""}${query.join("&")}`, headers, body };
  }

  set(name, value) {
    this.values[name] = value;
    this.show();
  }

  show() {
    const { operation, body, kinds, values, answer } = this;
    const send = (event) => (event.preventDefault(), this.send());
    const keyed = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && send(event);
    const accept = kinds.length > 1 && choice("Accept", kinds.map((kind) => [kind, kind]), (kind) => this.set("Accept", kind));
    render(
      html`<form aria-label="Try ${operation.operationId}" @submit=${send} @keydown=${keyed}>
        <div class="fields" ?hidden=${!this.parameters.length && !accept}>
          ${this.parameters.map((each) => this.field(each))}${accept || nothing}
        </div>
        ${body === undefined ? nothing : this.editor()}
        <div class="bar">
          <button>Send</button>
          <button type="button" class="plain" ?hidden=${!this.stop} @click=${() => this.stop()}>Stop</button>
          <p role="status">${this.said}</p>
        </div>
        ${answer ? answered(answer) : nothing} ${samples(this.request, values.Accept === STREAM)}
      </form>`,
      this.host,
    );
  }

  field({ name, in: place, required = false, schema, explode, example }) {
    const changed = (value) => this.set(name, value);
    const value = this.values[name] ?? "";
    const typed = (event) => changed(event.target.value);
    const { enum: choices } = resolved(schema);
    if (choices) return choice(name, [["", "not sent"], ...choices.map((each) => [each, each])], changed);
    if (schema.type === "array" && explode !== false) {
      return html`<label>${name} <textarea rows="1" placeholder="one in each line" .value=${value}
        @input=${typed}></textarea></label>`;
    }
    const hint = place === "path" ? "of a task of yours" : example === undefined ? "not sent" : `such as ${example}`;
    return html`<label>${name} <input placeholder=${hint} .value=${value} ?required=${required}
      autocomplete="off" autocapitalize="off" spellcheck="false" @input=${typed}></label>`;
  }

  editor() {
    const write = (text) => {
      this.body = text;
      this.show();
    };
    const options = this.examples.map(({ summary }, place) => [place, summary]);
    return html`${choice("Example", options, (place) => write(this.example(place)))}
      <label>Body <textarea class="body" rows=${Math.min(20, this.body.split("\n").length + 1)}
        autocapitalize="off" spellcheck="false" .value=${this.body}
        @input=${(event) => write(event.target.value)}></textarea></label>`;
  }

  async send() {
    going?.abort();
    const mine = (going = new AbortController());
    let why = "Ended: another request was sent.";
    const { address, ...options } = this.request;
    const begun = performance.now();
    this.stop = () => {
      why = "Stopped.";
      mine.abort();
    };
    this.answer = null;
    this.said = "Sent …";
    this.show();
    try {
      const response = await fetch(address, { ...options, signal: mine.signal });
      const { status, statusText, headers } = response;
      const kind = (headers.get("Content-Type") ?? "").split(";")[0];
      this.said = `${status} ${statusText} after ${Math.round(performance.now() - begun)} ms`;
      this.answer = { headers, kind, text: "", note: "" };
      if (response.body) await this.read(response.body, this.answer);
    } catch (error) {
      if (!mine.signal.aborted) why = `There is no answer, or it broke off: ${error.message}.`;
      if (this.answer) this.answer.note = why;
      else this.said = why;
    }
    if (going === mine) listening = null;
    this.stop = null;
    this.learn(this.answer?.text);
    this.show();
  }

  /** Reads what is shown of a body; of a stream, what comes within a while. */
  async read(body, answer) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    const end = (when) => {
      answer.note = `The rest is not shown: the page ended the ${answer.kind === STREAM ? "stream" : "answer"} ${when}.`;
      reader.cancel();
    };
    if (answer.kind === STREAM) listening = end;
    const tired = answer.kind === STREAM && setTimeout(end, LISTEN_MS, `after ${LISTEN_MS / 1000} s`);
    let later = 0; // not of the loop, each turn of which would have its own
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        answer.text += value;
        if (answer.text.length > MOST) {
          answer.text = answer.text.slice(0, MOST);
          end(`after ${MOST.toLocaleString("en")} characters`);
        }
        later ||= setTimeout(() => {
          later = 0;
          this.show();
        }, FRAME_MS);
      }
    } finally {
      clearTimeout(tired);
    }
  }

  /** The id of a task that was answered goes into all forms that have none of their own. */
  learn(text) {
    const [, id] = ID.exec(text) ?? [];
    if (!id) return;
    for (const trial of trials) if (!trial.values.id || trial.values.id === lastId) trial.values.id = id;
    lastId = id;
    for (const trial of trials) if (trial !== this) trial.show();
  }
}

function answered({ headers, kind, text, note }) {
  const given = HEADERS.filter((name) => headers.has(name));
  const shown = kind.endsWith("json") && !note ? indented(text) : text;
  return html`<dl>${given.map((name) => html`<dt>${name}</dt><dd><code>${headers.get(name)}</code></dd>`)}</dl>
    ${kind === PICTURE && text && !note
      ? html`<img alt="What was answered" src="data:${PICTURE},${encodeURIComponent(text)}">`
      : text
        ? html`<pre class="answer" tabindex="0" role="group" aria-label="Answer">${shown}</pre>`
        : html`<p class="quiet">It has no body.</p>`}
    <p class="quiet">${note}</p>`;
}
