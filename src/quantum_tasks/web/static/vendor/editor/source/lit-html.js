export { html, nothing, render, svg } from "lit-html";
export { repeat } from "lit-html/directives/repeat.js";
