// The page of the API: its document, to be read, searched, linked to and tried.

import { byId, Failure, fetched } from "../answers.js";
import { html, nothing, render } from "../vendor/editor/lit-html.js";
import { kind, know, resolved, values, whole } from "./schemas.js";
import { indented, inline, markdown } from "./text.js";
import { Trial } from "./trying.js";

const MARK = "\u2060"; // before keys that JavaScript would put into another order
const ERROR = /^`(\w+)`: (.*)$/s;

/** Something that opens. Its content is made when it opens for the first time. */
function item(id, words, summary, fill, content = nothing) {
  const opened = ({ currentTarget: { open, lastElementChild: host } }) =>
    open && !host.childElementCount && fill(host);
  // The address that the browser shows leads to what was opened last.
  const named = () => byId(id).open || history.replaceState(null, "", `#${id}`);
  return html`<details class="item" id=${id} .words=${words.join(" ").toLowerCase()} @toggle=${opened}>
    <summary @click=${named}>${summary}</summary>
    <div class="content column">${content}</div>
  </details>`;
}

function operation(path, method, about) {
  const { operationId: id, summary, description, parameters = [], requestBody, responses } = about;
  const bodies = schemasOf(requestBody).map(resolved);
  const words = [method, path, id, description, ...parameters.map(({ name }) => name)];
  words.push(...bodies.flatMap(({ properties = {} }) => Object.keys(properties)));
  words.push(...Object.values(responses).map((response) => response.description));
  const title = html`<h3><span class="method">${method.toUpperCase()}</span> <code>${path}</code></h3>
    <span class="quiet">${summary}</span>`;
  return item(id, words, title, (host) => {
    const trial = html`<div class="try"><h4>Try it</h4>
      <p class="quiet">This sends a real request to this service.</p><div></div></div>`;
    render(html`<div>${markdown(description)}</div>${trial}<div class="column">${[...described(about)]}</div>`, host);
    new Trial(host.querySelector(".try").lastElementChild, path, method, about);
  });
}

const contentsOf = (part) => Object.entries(part?.content ?? {});
const schemasOf = (part) => contentsOf(part).flatMap(([, { schema }]) => schema.anyOf ?? [schema]);

function* described({ parameters, requestBody, responses }) {
  if (parameters) {
    const rows = parameters.map(({ in: place, required, ...each }) => {
      return { ...each, note: required ? "required" : place };
    });
    yield values("Parameters", rows);
  }
  for (const schema of schemasOf(requestBody)) {
    yield html`<h4>Body: ${kind(schema)}</h4>${whole(schema)}`;
  }
  const answers = [];
  const errors = [];
  const examples = [];
  for (const [status, response] of Object.entries(responses)) {
    const texts = (response.description ?? "").split("\n\n");
    errors.push(...texts.map((text) => ERROR.exec(text)).filter(Boolean).map(([, ...error]) => [status, ...error]));
    const kinds = contentsOf(response).filter(([type]) => type !== "application/problem+json");
    const said = texts.filter((text) => text && !ERROR.test(text));
    if (said.length) answers.push([status, said, kinds, response.headers]);
    examples.push(...kinds.flatMap(([, content]) => Object.values(content.examples ?? {})));
  }
  yield table("Answers", ["Status", "What it says"], answers.map(answer));
  yield examples.map(({ summary, value }) => example(summary, value));
  if (errors.length) {
    const rows = errors.map(([status, code, text]) => [
      html`<a href="#${code}"><code>${code}</code></a> <span class="quiet">${status}</span>`,
      inline(text),
    ]);
    yield html`<details><summary>${rows.length} errors</summary>
      ${table("Errors", ["Code", "Meaning"], rows)}</details>`;
  }
}

const table = (caption, head, rows) => html`<table class="codes">
  <caption class="hidden">${caption}</caption>
  <thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
  <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table>`;

/** A schema that has a name says by itself what it is. */
const answer = ([status, said, kinds, headers = {}]) => [
  status,
  html`${kinds.length ? nothing : said.map((text) => html`<p>${inline(text)}</p>`)}
    ${kinds.map(([type, { schema }]) => html`<p><code>${type}</code>: ${
      schema.description ? inline(schema.description) : kind(schema)}</p>`)}
    ${Object.entries(headers).map(([name, { description }]) => html`<p><code>${name}</code>: ${description}</p>`)}`,
];

const example = (summary, value) => html`<details>
  <summary>Example: ${summary}</summary>
  <pre tabindex="0" role="group" aria-label="Example: ${summary}">${
    indented(JSON.stringify(value)).replaceAll(MARK, "")}</pre>
</details>`;

/** All of the page. What the document says of the whole API has its tables at the end. */
function page({ info, tags, paths, components: { schemas } }) {
  const [intro, ...chapters] = info.description.split(/^## /m);
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => [path, method, about]),
  );
  const group = (name, text, items) => html`<section class="group stack" aria-label=${name}>
    <h2>${name}</h2>
    <p class="quiet">${inline(text)}</p>
    <div class="items">${items}</div>
  </section>`;
  return html`${markdown(intro)}
    ${tags.map(({ name, description }) => {
      const own = all.filter(([, , { tags: [tag] }]) => tag === name);
      return group(name, description, own.map((each) => operation(...each)));
    })}
    ${group("schemas", "What is sent and answered, by name.", Object.entries(schemas).map(([name, schema]) => {
      const words = [name, schema.description ?? "", ...Object.keys(schema.properties ?? {})];
      const [first] = (schema.description ?? "").split(/[.:]\s|\.$/);
      const title = html`<h3><code>${name}</code></h3> <span class="quiet">${inline(first)}</span>`;
      return item(name, words, title, (host) => render(whole(schema), host));
    }))}
    ${group("errors", "Each code, for ever with the same meaning.", chapters.map((chapter, place) => {
      const [title, ...text] = chapter.split("\n");
      return item(`errors-${place}`, [], html`<h3>${title}</h3>`, nothing, markdown(text.join("\n"), place ? "task." : ""));
    }))}`;
}

/** Shows what has all the words that are searched, and of the tables of codes only such rows. */
function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (text) => words.every((word) => text.includes(word));
  for (const each of items()) {
    const rows = [...each.querySelectorAll("tr[id]")];
    for (const row of rows) row.hidden = !has(row.textContent.toLowerCase());
    each.hidden = !(rows.length ? rows.some((row) => !row.hidden) : has(each.words));
    if (rows.length) each.open = words.length > 0;
  }
  for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector(".item:not([hidden])");
  const found = items().filter((each) => !each.hidden).length;
  byId("found").textContent = words.length ? `${found} of ${items().length} have it` : "";
}

/** Opens and shows what the address names. */
function follow() {
  const target = byId(location.hash.slice(1));
  if (!target?.closest(".item")) return;
  if (target.closest("[hidden]")) {
    field.value = "";
    search();
  }
  target.closest(".item").open = true;
  target.scrollIntoView();
  (target.querySelector("summary") ?? target).focus({ preventScroll: true });
}

const field = byId("search");
const items = () => [...document.querySelectorAll(".item")];
field.addEventListener("input", search);
addEventListener("hashchange", follow);
addEventListener("keydown", (event) => {
  const { key, target } = event;
  const shown = items().filter((each) => !each.hidden).map((each) => each.firstElementChild);
  const step = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (key === "k" && (event.ctrlKey || event.metaKey)) field.focus();
  else if (step && shown.includes(target)) (shown[shown.indexOf(target) + step] ?? field).focus();
  else if (target === field && (key === "ArrowDown" || key === "Enter")) {
    shown[0]?.focus();
    if (key === "Enter") shown[0]?.click();
  } else return;
  event.preventDefault();
});

try {
  const text = await (await fetched("/openapi.json")).text();
  const found = JSON.parse(text.replace(/"([01]+)":/g, `"${MARK}$1":`));
  know(found.components.schemas);
  byId("version").textContent = found.info.version;
  render(page(found), byId("reference"));
  follow();
} catch (failure) {
  if (!(failure instanceof Failure)) throw failure;
  render(html`<p class="failure" role="alert">${failure.message}</p>`, byId("reference"));
}
