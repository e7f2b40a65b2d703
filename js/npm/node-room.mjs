// A room in WebAssembly memory by Node's Buffer, the quickest there: three to ten times as quick as the
// same by TextEncoder or character by character.

export function openRoom(memory, at, bytes) {
  let room = Buffer.from(memory.buffer, at, bytes);
  /** A memory that has grown leaves what looked at it empty. */
  const current = () => {
    if (room.length === 0) room = Buffer.from(memory.buffer, at, bytes);
    return room;
  };
  return {
    write: (text) => current().write(text),
    read: (length) => current().toString("utf8", 0, length),
    bytes: (from, to) => current().subarray(from, to),
  };
}
