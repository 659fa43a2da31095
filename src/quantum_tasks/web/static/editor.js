// The editor of programs. PlainEditor makes do with a text area; upgrade() puts CodeMirror in its
// place. Both have the same members. Lines and columns count from 1, columns in code points.

const none = () => {};

/** The index in a line's UTF-16 text of a column in code points. */
export function indexOf(line, column) {
  let index = 0;
  for (let left = column - 1; left > 0 && index < line.length; left -= 1) {
    index += line.codePointAt(index) > 0xffff ? 2 : 1;
  }
  return index;
}

/** What to replace to make one text of another: where they are the same, nothing moves. */
export function difference(old, text) {
  const shorter = Math.min(old.length, text.length);
  let from = 0;
  while (from < shorter && old[from] === text[from]) from += 1;
  let same = 0;
  while (same < shorter - from && old.at(-1 - same) === text.at(-1 - same)) same += 1;
  return { from, to: old.length - same, insert: text.slice(from, text.length - same) };
}

/** What insert() replaces. A statement gets a line of its own below the cursor's line. While the
 * cursor is where it is at first, that is before the first measurement. */
export function insertion(text, from, to, piece) {
  if (!/[;}]\s*$/.test(piece)) return { from, to, insert: piece, cursor: from + piece.length };
  const statement = piece.trim();
  const measurement = to === 0 ? /^(?!\s*\/\/).*\bmeasure\b/m.exec(text) : null;
  if (measurement) {
    const { index } = measurement;
    return { from: index, to: index, insert: `${statement}\n`, cursor: index + statement.length };
  }
  const at = to === 0 ? text.length : to;
  const begin = text.lastIndexOf("\n", at - 1) + 1;
  const end = (text.indexOf("\n", at) + 1 || text.length + 1) - 1;
  const line = text.slice(begin, end);
  const indent = /^[ \t]*/.exec(line)[0] + (/\{\s*$/.test(line) ? "  " : "");
  const insert = indent + statement.replaceAll("\n", `\n${indent}`);
  if (!line.trim()) return { from: begin, to: end, insert, cursor: begin + insert.length };
  return { from: end, to: end, insert: `\n${insert}`, cursor: end + 1 + insert.length };
}

/** Where a problem is in a text: to the end of its word, and at least one character. */
function spanOf(line, column) {
  const index = Math.min(indexOf(line, column), Math.max(0, line.length - 1));
  const word = /^(?:[\p{L}\p{N}_]+|.)/u.exec(line.slice(index));
  return [index, index + (word ? word[0].length : 0)];
}

export class PlainEditor {
  #textarea;
  #problems = [];

  constructor(textarea, { onchange = none, oncursor = none } = {}) {
    this.#textarea = textarea;
    let line = 1;
    textarea.addEventListener("input", () => onchange());
    textarea.addEventListener("keydown", (event) => {
      if (event.key !== "F8") return;
      event.preventDefault();
      this.nextProblem(event.shiftKey);
    });
    document.addEventListener("selectionchange", () => {
      if (document.activeElement !== textarea || line === this.#line) return;
      oncursor((line = this.#line));
    });
  }

  get text() {
    return this.#textarea.value;
  }

  set text(text) {
    const { selectionStart: cursor } = this.#textarea;
    const { from, to, insert } = difference(this.text, text.replace(/\r\n?/g, "\n"));
    if (from === to && !insert) return;
    this.#replace(from, to, insert);
    const end = cursor <= from ? cursor : Math.max(from, cursor + insert.length - (to - from));
    this.#textarea.setSelectionRange(end, end);
  }

  get #line() {
    return this.text.slice(0, this.#textarea.selectionStart).split("\n").length;
  }

  #replace(from, to, text) {
    const before = document.activeElement;
    this.focus(); // without it, nothing is inserted
    this.#textarea.setSelectionRange(from, to);
    document.execCommand(text ? "insertText" : "delete", false, text); // nothing else keeps undo
    if (before === this.#textarea) return;
    if (before && before !== document.body) before.focus({ preventScroll: true });
    else this.#textarea.blur();
  }

  focus() {
    this.#textarea.focus({ preventScroll: true });
  }

  insert(piece) {
    const { selectionStart, selectionEnd } = this.#textarea;
    const { from, to, insert, cursor } = insertion(this.text, selectionStart, selectionEnd, piece);
    this.#replace(from, to, insert);
    this.#textarea.setSelectionRange(cursor, cursor);
  }

  show(problems) {
    this.#problems = problems.filter(({ line }) => line);
    const wrong = problems.some(({ severity }) => severity === "error");
    this.#textarea.setAttribute("aria-invalid", String(wrong));
  }

  markLines() {} // a text area has no lines to colour

  goTo(line, column = 1, focus = true) {
    const lines = this.text.split("\n");
    const begin = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const at = begin + indexOf(lines[line - 1] ?? "", column);
    const height = parseFloat(getComputedStyle(this.#textarea).lineHeight);
    if (focus) this.focus();
    this.#textarea.setSelectionRange(at, at);
    this.#textarea.scrollTop = (line - 0.5) * height - this.#textarea.clientHeight / 2;
  }

  nextProblem(back = false) {
    const here = this.#line;
    const lines = this.#problems.map(({ line }) => line).sort((a, b) => (back ? b - a : a - b));
    const line = lines.find((line) => (back ? line < here : line > here)) ?? lines[0];
    const { column } = this.#problems.find((problem) => problem.line === line) ?? {};
    if (line) this.goTo(line, column);
  }
}

/** Puts CodeMirror in the place of a text area. It needs a nonce for its styles. */
export async function upgrade(textarea, { nonce = "", onchange = none, oncursor = none } = {}) {
  let composing = null; // an input method must not lose what it works on
  textarea.addEventListener("compositionstart", () => {
    composing = new Promise((ends) => {
      textarea.addEventListener("compositionend", () => setTimeout(ends), { once: true });
    });
  });
  const [cm, language] = await Promise.all([
    import("./vendor/editor/codemirror.js"),
    import("./language.js"),
  ]);
  await composing;
  return new CodeEditor(cm, language, textarea, { nonce, onchange, oncursor });
}

/** The same with CodeMirror, which takes the place, the look and the state of a text area. */
class CodeEditor {
  #cm;
  #language;
  #view;
  #wrong = false;

  constructor(cm, language, textarea, { nonce, onchange, oncursor }) {
    this.#cm = cm;
    this.#language = language;
    const { selectionStart, selectionEnd, selectionDirection, scrollTop, scrollLeft } = textarea;
    const ends = [selectionStart, selectionEnd];
    if (selectionDirection === "backward") ends.reverse();
    const focused = document.activeElement === textarea;
    const height = textarea.offsetHeight;
    const labels = [...textarea.labels];
    const view = new cm.EditorView({
      doc: textarea.value,
      selection: cm.EditorSelection.single(...ends),
      extensions: [
        language.extensions(textarea, nonce, () => this.#wrong),
        cm.keymap.of(keys(cm, (back) => this.nextProblem(back))),
        cm.EditorView.domEventObservers(tabRule),
        cm.EditorView.domEventHandlers({ beforeinput: (...event) => typeOver(cm, ...event) }),
        cm.EditorView.updateListener.of((update) => {
          if (update.docChanged) onchange();
          const line = lineOf(update.state);
          if (line !== lineOf(update.startState)) oncursor(line);
        }),
      ],
    });
    this.#view = view;
    textarea.replaceWith(view.dom);
    if (Math.abs(view.dom.offsetHeight - height) >= 1) view.dom.style.height = `${height}px`;
    view.coordsAtPos(0); // measures, so that there is something to scroll
    view.scrollDOM.scrollTop = scrollTop;
    view.scrollDOM.scrollLeft = scrollLeft;
    for (const label of labels) label.addEventListener("click", () => this.focus());
    if (focused) view.focus();
  }

  get text() {
    return this.#view.state.doc.toString();
  }

  set text(text) {
    const changes = difference(this.text, text.replace(/\r\n?/g, "\n"));
    if (changes.from === changes.to && !changes.insert) return;
    const annotations = this.#cm.isolateHistory.of("full"); // one step back in the history
    this.#view.dispatch({ changes, annotations });
  }

  focus() {
    this.#view.focus();
  }

  insert(piece) {
    const { main } = this.#view.state.selection;
    const { cursor, ...changes } = insertion(this.text, main.from, main.to, piece);
    this.#view.dispatch({
      changes,
      selection: { anchor: cursor },
      annotations: this.#cm.isolateHistory.of("full"),
      userEvent: "input",
      scrollIntoView: true,
    });
  }

  show(problems) {
    const { doc } = this.#view.state;
    const placed = problems.filter(({ line }) => line >= 1 && line <= doc.lines);
    this.#wrong = problems.some(({ severity }) => severity === "error");
    const diagnostics = placed.map((problem) => {
      const { from, text } = doc.line(problem.line);
      const [begin, end] = spanOf(text, problem.column ?? 1);
      const { severity, message } = problem;
      const renderMessage = () => this.#language.explanation(problem);
      return { from: from + begin, to: from + end, severity, message, renderMessage };
    });
    this.#view.dispatch(this.#cm.setDiagnostics(this.#view.state, diagnostics));
  }

  markLines(lines) {
    this.#view.dispatch({ effects: this.#language.mark.of(lines) });
  }

  goTo(line, column = 1, focus = true) {
    const { doc } = this.#view.state;
    const { from, text } = doc.line(Math.min(Math.max(line, 1), doc.lines));
    const anchor = from + indexOf(text, column);
    const effects = this.#cm.EditorView.scrollIntoView(anchor, { y: "center" });
    this.#view.dispatch({ selection: { anchor }, effects });
    if (focus) this.focus();
  }

  nextProblem(back = false) {
    this.focus();
    (back ? this.#cm.previousDiagnostic : this.#cm.nextDiagnostic)(this.#view);
    const { from, to } = this.#view.state.selection.main;
    this.#cm.forEachDiagnostic(this.#view.state, ({ message }, ...span) => {
      if (span[0] !== from || span[1] !== to) return;
      this.#view.dispatch({ effects: this.#cm.EditorView.announce.of(message) });
    });
  }
}

const lineOf = (state) => state.doc.lineAt(state.selection.main.head).number;

function keys(cm, nextProblem) {
  const indent = (view) => {
    if (!view.state.selection.main.empty) return cm.indentMore(view);
    view.dispatch(view.state.replaceSelection("  "), { userEvent: "input", scrollIntoView: true });
    return true;
  };
  return [
    { key: "F8", run: () => (nextProblem(), true), shift: () => (nextProblem(true), true) },
    { key: "Tab", run: cm.acceptCompletion },
    { key: "Tab", run: indent, shift: cm.indentLess },
    ...cm.closeBracketsKeymap,
    ...cm.defaultKeymap.filter(({ key }) => key !== "Mod-Enter"), // runs the program
    ...cm.historyKeymap,
  ];
}

/** Tab indents once something was typed or clicked, and not after Esc: who walks through the page
 * by keyboard is never caught. */
const tabRule = {
  focus: (_, view) => view.setTabFocusMode(true),
  pointerdown: (_, view) => view.setTabFocusMode(false),
  beforeinput: (_, view) => view.setTabFocusMode(false),
  keydown: ({ key }, view) => key === "Escape" && view.setTabFocusMode(true),
};

/** Types over a selection. Chromium would join its lines by style attributes, which the page's
 * policy forbids. */
function typeOver(cm, { inputType, isComposing, data }, view) {
  const { from, to, empty } = view.state.selection.main;
  if (empty || isComposing || inputType !== "insertText" || !data) return false;
  const how = { userEvent: "input.type", scrollIntoView: true };
  const typing = () => view.state.update(view.state.replaceSelection(data), how);
  const handlers = view.state.facet(cm.EditorView.inputHandler); // such as those of brackets
  if (!handlers.some((handle) => handle(view, from, to, data, typing))) view.dispatch(typing());
  return true;
}
