// A program with its options, as this browser keeps it, and in the part of an address that no server
// sees.

const DRAFT = "quantum-tasks draft";

/** Keeps a draft, and the one before if this is another; unless this is a browser that keeps
 *  nothing. */
export function keep(found, isAnother) {
  try {
    const before = localStorage.getItem(DRAFT);
    if (isAnother && before) localStorage.setItem(`${DRAFT} before`, before);
    localStorage.setItem(DRAFT, JSON.stringify(found));
  } catch {
    // then it is gone with the page
  }
}

/** The draft, or the one before, or null. */
export function kept(before = false) {
  try {
    return asProgram(JSON.parse(localStorage.getItem(before ? `${DRAFT} before` : DRAFT)));
  } catch {
    return null;
  }
}

const asProgram = (found) => (typeof found?.qc === "string" ? found : null);

const MOST_BYTES = 1_000_000; // a few characters may unpack to gigabytes

async function through(bytes, stream) {
  const parts = [];
  let size = 0;
  for await (const part of new Blob([bytes]).stream().pipeThrough(stream)) {
    parts.push(part);
    if ((size += part.length) > MOST_BYTES) throw new RangeError("too large");
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The fragment of an address. */
export async function packed(found) {
  const text = new TextEncoder().encode(JSON.stringify(found));
  const bytes = await through(text, new CompressionStream("deflate-raw"));
  const encoded = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `#1.${encoded.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** What a fragment has, or null. */
export async function unpacked(fragment) {
  const [, packed] = /^#1\.([\w-]+)$/.exec(fragment) ?? [];
  try {
    const encoded = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(encoded, (letter) => letter.charCodeAt(0));
    const text = await through(bytes, new DecompressionStream("deflate-raw"));
    return asProgram(JSON.parse(new TextDecoder().decode(text)));
  } catch {
    return null;
  }
}
