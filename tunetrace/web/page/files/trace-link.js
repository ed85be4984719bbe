// A tune in the fragment of an address: compressed, and in letters that need no quoting. The service never sees it.
const MARK = "#tune=";

// Bytes of a tune in a link. The service takes no more, and a few compressed bytes can hold gigabytes.
const MOST = 1_000_000;

async function through(bytes, stream, most = Infinity) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const pieces = [];
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > most) {
      reader.cancel().catch(() => {});
      throw new RangeError("this is longer than a tune");
    }
    pieces.push(read.value);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/* The fragment that holds a text. */
export async function fragmentOf(text) {
  const packed = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  let letters = "";
  for (const byte of packed) letters += String.fromCharCode(byte);
  return MARK + btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/* The text in a fragment; null if it holds none. Throws if it is damaged. */
export async function textOf(fragment) {
  if (!fragment.startsWith(MARK)) return null;
  const letters = atob(fragment.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
  const packed = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const bytes = await through(packed, new DecompressionStream("deflate-raw"), MOST);
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
