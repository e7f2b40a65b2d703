// A room in WebAssembly memory by what every runtime has.

const encoder = new TextEncoder();
// What comes out is what was signed: a byte order mark is part of it.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function openRoom(memory, at, bytes) {
  let room = new Uint8Array(memory.buffer, at, bytes);
  /** A memory that has grown leaves what looked at it empty. */
  const current = () => {
    if (room.length === 0) room = new Uint8Array(memory.buffer, at, bytes);
    return room;
  };
  return {
    write: (text) => encoder.encodeInto(text, current()).written,
    read: (length) => decoder.decode(current().subarray(0, length)),
    bytes: (from, to) => current().subarray(from, to),
  };
}
