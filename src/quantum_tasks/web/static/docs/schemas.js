// What values look like: the schemas of the API's document, in words and in tables.

import { html, nothing } from "../vendor/editor/lit-html.js";
import { inline, markdown } from "./text.js";

const REF = "#/components/schemas/";
const MOST_CHOICES = 12; // of an enumeration, in a row
const MOST_KINDS = 4; // above, as for inputs, it is said in words what they are
const WORDS = { string: "text", integer: "whole number", boolean: "true or false", null: "null" };
const AMOUNTS = [
  ["minimum", "maximum", ""],
  ["minLength", "maxLength", " characters"],
  ["minItems", "maxItems", " items"],
  ["minProperties", "maxProperties", " of them"],
];

let named = {};
/** All schemas by name: to be known before anything else is asked. */
export const know = (schemas) => (named = schemas);
export const resolved = (schema) => named[nameOf(schema)] ?? schema;
const nameOf = (schema) => schema.$ref?.slice(REF.length);
const code = (value) => html`<code>${typeof value === "string" ? value : JSON.stringify(value)}</code>`;
const link = (name) => html`<a href="#${name}">${name}</a>`;
const joined = (parts, by) => parts.map((part, place) => [place ? by : "", part]);

/** Which values a schema takes, as parts of a sentence. */
export function kind(schema) {
  const name = nameOf(schema);
  const { anyOf, enum: choices, items, prefixItems, additionalProperties, propertyNames, type } =
    resolved(schema);
  if (choices) {
    const all = choices.length <= MOST_CHOICES;
    const shown = joined(choices.slice(0, MOST_CHOICES).map(code), " ");
    return [name ? [link(name), ": "] : "one of ", shown, all ? "" : " …"];
  }
  if (name) return link(name);
  if (anyOf?.length > MOST_KINDS) return "values";
  if (anyOf) return joined(anyOf.map(kind), " or ");
  if (prefixItems) return ["list: ", joined(prefixItems.map(kind), ", ")];
  if (type === "array") return ["list of ", kind(items ?? {}), limits(schema)];
  if (type === "object" && additionalProperties) {
    return ["object of ", kind(additionalProperties), " by name", propertyNames ? limits(propertyNames) : ""];
  }
  return [WORDS[type] ?? type ?? "any value", limits(schema)];
}

/** A number; the largest ones are one too large, because JavaScript rounds them. */
function figure(value) {
  if (Math.abs(value) < 2 ** 53) return value.toLocaleString("en");
  return Number.isInteger(Math.log2(value)) ? `2^${Math.log2(value)} − 1` : String(value);
}

/** What is asked of the values besides, in parentheses. */
function limits(schema) {
  const found = [];
  for (const [low, high, what] of AMOUNTS) {
    const [least, most] = [schema[low], schema[high]].map((value) => value !== undefined && figure(value));
    if (least === most) found.push(least && `${least}${what}`);
    else if (least && most) found.push(`${least} to ${most}${what}`);
    else found.push(least ? `at least ${least}${what}` : `at most ${most}${what}`);
  }
  const { exclusiveMinimum: over, format, pattern } = schema;
  found.push(over === undefined ? "" : `more than ${figure(over)}`, format, pattern && ["pattern ", code(pattern)]);
  const said = found.filter(Boolean);
  return said.length ? [" (", joined(said, ", "), ")"] : "";
}

const saidOf = ({ description, anyOf = [] }) =>
  description ?? anyOf.find((each) => each.description)?.description;

/** A row for each field or parameter: { name, note, schema, description, example }. */
export const values = (caption, rows) => html`<table class="values-of">
  <caption>${caption}</caption>
  <thead><tr><th scope="col">Name</th><th scope="col">Value</th></tr></thead>
  <tbody>${rows.map(value)}</tbody>
</table>`;

function value({ name, note, schema, description = saidOf(schema), example }) {
  const examples = example === undefined ? (schema.examples ?? []) : [example];
  const usual = (schema.default ?? null) === null ? "" : [" · default ", code(schema.default)];
  return html`<tr>
    <th scope="row"><code>${name}</code> <span class="quiet">${note}</span></th>
    <td>
      <p class="quiet">${kind(schema)}${usual}</p>
      ${description ? html`<p>${inline(description)}</p>` : nothing}
      ${examples.map((each) => html`<p class="quiet">for example ${code(each)}</p>`)}
    </td>
  </tr>`;
}

/** What a schema says, and its fields. */
export function whole(schema, caption = "Fields") {
  const { description = "", properties, required = [] } = resolved(schema);
  const rows = Object.entries(properties ?? {}).map(([name, field]) => {
    return { name, note: required.includes(name) ? "required" : "", schema: field };
  });
  return html`${markdown(description)}
    ${rows.length ? values(caption, rows) : html`<p class="quiet">${kind({ ...resolved(schema) })}</p>`}`;
}
