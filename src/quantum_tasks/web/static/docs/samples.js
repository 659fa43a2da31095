// A request as curl and Python would send it, with nothing else installed.

import { html } from "../vendor/editor/lit-html.js";
import { python } from "./text.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const inPython = (value) => python(JSON.stringify(value));

function asCurl({ method, address, headers, body }, stream) {
  const parts = [`curl -sS${stream ? "N" : ""} --fail-with-body ${quoted(address)}`];
  if (method !== (body === undefined ? "GET" : "POST")) parts.push(`-X ${method}`);
  parts.push(...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`));
  if (body !== undefined) parts.push(`--data-binary ${quoted(body)}`);
  return parts.join(" \\\n  ");
}

function asPython({ method, address, headers, body }, stream) {
  const given = [inPython(address), `method=${inPython(method)}`];
  if (Object.keys(headers).length) given.push(`headers=${inPython(headers)}`);
  const value = body === undefined ? null : python(body);
  if (value) given.push(`data=json.dumps(${value.replaceAll("\n", "\n    ")}).encode()`);
  else if (body !== undefined) given.push(`data=${inPython(body)}.encode()`);
  const shown = stream
    ? 'for line in answer:\n        print(line.decode(), end="")'
    : "print(answer.read().decode())";
  return `${value ? "import json\n" : ""}import urllib.request

request = urllib.request.Request(
    ${given.join(",\n    ")},
)
with urllib.request.urlopen(request) as answer:
    ${shown}`;
}

/** Both, each to be opened and copied. */
export const samples = (request, stream) =>
  Object.entries({ curl: asCurl, Python: asPython }).map(([language, write]) => {
    const text = write(request, stream);
    const copy = async ({ target }) => {
      const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
      target.textContent = done ? "Copied" : "Select it, and copy it by hand";
      setTimeout(() => (target.textContent = "Copy"), 2000);
    };
    return html`<details>
      <summary>The same with ${language}</summary>
      <pre tabindex="0" role="group" aria-label=${`The same with ${language}`}>${text}</pre>
      <button type="button" class="plain" @click=${copy}>Copy</button>
    </details>`;
  });
