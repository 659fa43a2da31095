// The filters of the list: in the address by the names that the API has for them, and as fields.

const FILTERS = ["status", "error", "tag", "name", "q", "created_after", "created_before", "ended_after", "ended_before"];
const TYPED_MS = 300;
const form = document.getElementById("filters");
const more = document.getElementById("more-filters");

/** Those of the address, as pairs of name and value. */
export function filters() {
  const given = new URLSearchParams(location.search);
  return [...given].filter(([name, value]) => FILTERS.includes(name) && value);
}
const local = (date) =>
  new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);

/** Puts them into the fields. */
export function showFilters() {
  for (const field of form.elements) {
    const values = filters().filter(([name]) => name === field.name).map(([, value]) => value);
    let text = values.join(", ");
    if (field.type === "datetime-local" && text) {
      text = isNaN(new Date(text)) ? "" : local(new Date(text));
    }
    if (field.localName === "select" && ![...field.options].some(({ value }) => value === text)) {
      field.add(new Option(text.replaceAll(",", ", "), text)); // from an address
    }
    field.value = text;
    if (field.closest("details") && values.length) more.open = true;
  }
}

function fromFields() {
  const given = new URLSearchParams();
  for (const { name, value, type } of form.elements) {
    // A comma separates tags only where a key follows: it may be part of a value.
    const tags = name === "tag" && value.split(/,\s*(?=[^\s:=,]+[:=])/);
    const values = type === "datetime-local" && value ? [new Date(value).toISOString()] : tags || [value];
    for (const one of values) {
      const text = tags ? one.trim().replace(/^([^:=]+)=/, "$1:") : one;
      if (name && text.trim()) given.append(name, text);
    }
  }
  return given;
}

/** Puts fields into the address as they change, and tells. */
export function onFilters(changed) {
  let typed;
  let before = ""; // the field that was changed last: to type is one step back, not one for each key
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    clearTimeout(typed);
    typed = setTimeout(() => {
      const address = `?${fromFields()}`;
      if (address === (location.search || "?")) return;
      history[before === target.name ? "replaceState" : "pushState"](null, "", address);
      before = target.name;
      changed();
    }, TYPED_MS);
  });
}
