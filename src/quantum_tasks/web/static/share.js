// Programs from elsewhere: from a file, or from the part of an address that no server sees.

const MOST_BYTES = 1_000_000; // a few characters may unpack to gigabytes

/** The text of a file, or null. */
export async function read(file) {
  const text = file.size > MOST_BYTES ? "\0" : await file.text().catch(() => "\0");
  return text.includes("\0") ? null : text;
}

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
    const found = JSON.parse(new TextDecoder().decode(text));
    return typeof found?.qc === "string" ? found : null;
  } catch {
    return null;
  }
}
