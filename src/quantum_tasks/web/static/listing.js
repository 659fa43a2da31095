// The program of a task, with its problems marked in it.

import { element, listed } from "./answers.js";

export class Listing {
  constructor(pre, problems) {
    Object.assign(this, { pre, problems });
    this.lines = [];
  }

  /** Shows a program; `found` are errors and warnings, with a line and a column if they have one. */
  show(qc, found = []) {
    this.lines = qc.split("\n");
    const placed = found.filter(({ line }) => line >= 1 && line <= this.lines.length);
    const marked = new Map(placed.map((one) => [one.line, one]).reverse()); // the first of a line
    let plain = "";
    const parts = [];
    this.lines.forEach((text, at) => {
      const one = marked.get(at + 1);
      const end = at < this.lines.length - 1 ? "\n" : "";
      if (!one) return (plain += text + end);
      const letters = [...text]; // columns count code points
      const column = Math.min(one.column ?? 1, letters.length || 1) - 1;
      const [before, after] = [letters.slice(0, column).join(""), letters.slice(column).join("")];
      const word = /^[\p{L}\p{N}_]+|^./u.exec(after)?.[0] ?? "";
      const place = element("mark", { className: one.severity }, word || " ");
      const line = element("span", { className: `line ${one.severity}` }, before, place, after.slice(word.length));
      parts.push(plain, line, end);
      plain = "";
    });
    this.pre.replaceChildren(...parts, plain);
    this.problems.replaceChildren(...found.map((one) => listed(one, (line) => this.go(line))));
  }

  /** Selects a line, and brings it into view. */
  go(line) {
    const begin = this.lines.slice(0, line - 1).join("\n").length + (line > 1);
    const [from, to] = [begin, begin + (this.lines[line - 1] ?? "").length].map((at) => this.place(at));
    getSelection().setBaseAndExtent(...from, ...to);
    this.pre.focus({ preventScroll: true });
    const box = getSelection().getRangeAt(0).getBoundingClientRect();
    const pane = this.pre.getBoundingClientRect();
    this.pre.scrollTop += box.top - pane.top - pane.height / 3;
    this.pre.scrollIntoView({ block: "nearest" });
  }

  /** The text node at a place of the program, and the offset in it. */
  place(at) {
    const nodes = document.createTreeWalker(this.pre, NodeFilter.SHOW_TEXT);
    let node;
    while (nodes.nextNode()) {
      node = nodes.currentNode;
      if (at <= node.length) return [node, at];
      at -= node.length;
    }
    return node ? [node, node.length] : [this.pre, 0];
  }
}
