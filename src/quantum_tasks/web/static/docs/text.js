// The texts of the API's document: Markdown as parts of a page, and JSON laid out for reading.
// Whatever a text says, it becomes text, never HTML.

import { html } from "../vendor/editor/lit-html.js";

const PIECE = /"(?:[^"\\]|\\.)*"|\[[^[\]{}"]{0,60}\]|\{\s*\}|[{}[\],:]|[^\s"{}[\],:]+|"/g;
const DEEPEST = 20; // levels that are indented
const PYTHON = { true: "True", false: "False", null: "None" };

/** A line of Markdown: text, and `code`. */
export const inline = (text = "") =>
  text.split("`").map((part, place) => (place % 2 ? html`<code>${part}</code>` : part));

/** Paragraphs, and tables. A row can be linked to by the code that it begins with, after a prefix. */
export const markdown = (text = "", prefix = "") =>
  text
    .trim()
    .split(/\n\s*\n/)
    .map((block) => (block.startsWith("|") ? table(block, prefix) : html`<p>${inline(block)}</p>`));

function table(block, prefix) {
  const cells = (line) => line.split("|").slice(1, -1).map((cell) => cell.trim());
  const [head, , ...rows] = block.split("\n").map(cells);
  return html`<table class="codes">
    <thead><tr>${head.map((cell) => html`<th scope="col">${inline(cell)}</th>`)}</tr></thead>
    <tbody>${rows.map(
      (row) => html`<tr id=${prefix + row[0].replaceAll("`", "")} tabindex="-1">
        ${row.map((cell) => html`<td>${inline(cell)}</td>`)}
      </tr>`,
    )}</tbody>
  </table>`;
}

/** JSON with a line for each value. It is not parsed: that would put the key "10" before "00", and
 *  round long whole numbers. */
export function indented(json) {
  let depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(Math.max(depth, 0), DEEPEST))}`;
  const laid = (piece) => {
    if (piece === "{" || piece === "[") return depth++, piece + line();
    if (piece === "}" || piece === "]") return depth--, line() + piece;
    if (piece === ",") return piece + line();
    return piece === ":" ? ": " : piece;
  };
  return (json.match(PIECE) ?? []).map(laid).join("");
}

/** What JSON says, as Python writes it; null for what is no JSON. */
export function python(json) {
  try {
    JSON.parse(json);
  } catch {
    return null;
  }
  return json.replace(/"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b/g, (found) =>
    found.startsWith('"') ? JSON.stringify(JSON.parse(found)) : PYTHON[found],
  );
}
