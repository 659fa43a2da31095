// The same task elsewhere: as a command, as a program; and what it brought, as a file.

import { element, fetched } from "./answers.js";
import { wholeView } from "./service.js";

/** What submits the task again, from a record; `changes` may replace or, by null, leave out fields. */
export function body({ request, name, tags }, changes = {}) {
  const { callback_url: _, ttl_s: __, ...options } = request; // these belong to whoever submitted it
  const usual = { method: "automatic", precision: "automatic", memory: false, priority: 0 };
  const fields = Object.entries({ ...options, name, tags, ...changes });
  return Object.fromEntries(
    fields.filter(([key, value]) => value != null && value !== usual[key] && !isEmpty(value)),
  );
}

const isEmpty = (value) => typeof value === "object" && !("rawJSON" in value) && !Object.keys(value).length;

/** JSON in a quoted here-document: the shell changes nothing in it, whatever the program says. */
export const command = (request, id = "TASK_ID", view = "") =>
  `curl -s '${location.origin}/v1/tasks' -H 'Content-Type: application/json' ` +
  `-H 'Prefer: wait=20' --data @- <<'END'\n${JSON.stringify(request)}\nEND\n` +
  `curl -s '${location.origin}/v1/tasks/${id}/result${view}'\n`;

export const curl = (record) => command(body(record), record.id, wholeView(record));

/** A literal of Python. */
function literal(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || "rawJSON" in value) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${literal(one)}`).join(", ")}}`;
}

/** The text of a program as Python, over several lines if that is the same text. */
const text = (qc) =>
  /\\|"""|"$|\r|[^\n\P{Cc}]/u.test(qc) ? JSON.stringify(qc) : `"""\\\n${qc}"""`;

export function python(record) {
  const { qc, ...options } = body(record);
  const fields = Object.entries(options).map(([key, value]) => `    ${JSON.stringify(key)}: ${literal(value)},\n`);
  return `import json, urllib.request

SERVICE = ${JSON.stringify(location.origin)}


def call(path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(SERVICE + path, data, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


qc = ${text(qc)}
task = call("/v1/tasks", {
    "qc": qc,
${fields.join("")}}, Prefer="wait=20")
while task["status"] in ("queued", "running"):
    task = call(task["links"]["self"] + "?wait=30")
print(call(task["links"]["result"] + ${JSON.stringify(wholeView(record))}))
`;
}

/** The program in Qiskit and Aer, on this machine. What Qiskit has in another way is left out, and
 *  the program says so. */
export function qiskit(record) {
  const { qc, shots, seed = record.seed, parameters, ...others } = body(record);
  const isOld = /^\s*(\/\/[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*OPENQASM\s+2/.test(qc);
  const loader = isOld ? "qasm2" : "qasm3";
  const left = ["noise", "observables", "method", "precision", "memory"].filter((name) => name in others);
  const set = Array.isArray(parameters) ? parameters[0] : parameters;
  return [
    `# pip install qiskit qiskit-aer${isOld ? "" : " qiskit-qasm3-import"}`,
    `# Another program draws other counts from the same seed.`,
    ...(left.length ? [`# Left out: ${left.join(", ")}.`] : []),
    ...(Array.isArray(parameters) ? [`# The first of ${parameters.length} runs.`] : []),
    `from qiskit import ${loader}, transpile`,
    `from qiskit_aer import AerSimulator`,
    ``,
    `qc = ${text(qc)}`,
    `circuit = ${loader}.loads(qc)`,
    ...(set ? [`circuit = circuit.assign_parameters(${literal(set)})`] : []),
    `simulator = AerSimulator(seed_simulator=${literal(seed ?? null)})`,
    `result = simulator.run(transpile(circuit, simulator), shots=${literal(shots || 1024)}).result()`,
    `print(result.get_counts())`,
    ``,
  ].join("\n");
}

/** Puts a text into the clipboard, if there is one: over plain HTTP from elsewhere, browsers have none. */
export const copied = async (text) =>
  (await navigator.clipboard?.writeText(text).then(() => true, () => false)) ?? false;

/** Copies all of an element, by hand if need be; the button says so for a moment. */
export async function copyAll(host, button) {
  getSelection().selectAllChildren(host);
  if (!(await copied(host.textContent))) document.execCommand("copy");
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

/** Lets the browser save something under a name. */
function save(blob, name) {
  const link = element("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Saves what a task brought. Not by a link: a page may go nowhere else. */
export async function download(record, kind, place) {
  const path = `/v1/tasks/${record.id}`;
  const [address, accept] = {
    json: [`${path}/result${wholeView(record)}`, "application/json"],
    csv: [`${path}/result${wholeView(record)}`, "text/csv"],
    svg: [`${path}/counts.svg?item=${place}`, "image/svg+xml"],
    drawing: [`${path}/circuit.svg`, "image/svg+xml"],
  }[kind];
  const response = await fetched(address, { headers: { Accept: accept } });
  save(await response.blob(), kind === "drawing" ? `${record.id}.svg` : `${record.id}-result.${kind}`);
}
