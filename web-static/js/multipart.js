// multipart/x-mixed-replace, read part by part, because an <img> would hide which frame it shows.

const BREAK = [13, 10, 13, 10];

function indexOfBreak(bytes) {
  for (let at = bytes.indexOf(13); at >= 0 && at + 3 < bytes.length; at = bytes.indexOf(13, at + 1)) {
    if (BREAK.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

function join(a, b) {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function headersOf(text) {
  const pairs = text.split("\r\n").filter((line) => line.includes(":"));
  return new Map(pairs.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
}

/** { headers: Map, body: Uint8Array } of every part; each part says its Content-Length. */
export async function* parts(stream) {
  const reader = stream.getReader();
  let bytes = new Uint8Array();
  const more = async () => {
    const { done, value } = await reader.read();
    if (!done) bytes = join(bytes, value);
    return !done;
  };
  try {
    for (;;) {
      let end;
      while ((end = indexOfBreak(bytes)) < 0) if (!(await more())) return;
      const headers = headersOf(new TextDecoder().decode(bytes.subarray(0, end)));
      const length = Number(headers.get("content-length"));
      if (!length) throw new Error("a part without Content-Length");
      const start = end + BREAK.length;
      while (bytes.length < start + length) if (!(await more())) return;
      yield { headers, body: bytes.slice(start, start + length) };
      bytes = bytes.slice(start + length);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
