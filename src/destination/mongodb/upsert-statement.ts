/** `0x03 "q" …`, `0x03 "u" …`, `0x03 "$set" …`, `0x08 "upsert" true`: elements of BSON (https://bsonspec.org/spec.html). */
const q = Buffer.from('\x03q\0', 'latin1');
const u = Buffer.from('\x03u\0', 'latin1');
const set = Buffer.from('\x03$set\0', 'latin1');
const upsert = Buffer.from('\x08upsert\0\x01', 'latin1');

/** One statement of an `update` command, `{ q: key, u: { $set: document }, upsert: true }`, put together of ready bytes. */
export function upsertStatement(key: Uint8Array, document: Uint8Array): Buffer {
  const inner = 4 + set.length + document.length + 1;
  const total = 4 + q.length + key.length + u.length + inner + upsert.length + 1;
  const bytes = Buffer.allocUnsafe(total);
  let at = bytes.writeInt32LE(total, 0);
  for (const part of [q, key, u]) {
    bytes.set(part, at);
    at += part.length;
  }
  at = bytes.writeInt32LE(inner, at);
  for (const part of [set, document]) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes[at] = 0;
  bytes.set(upsert, at + 1);
  bytes[total - 1] = 0;
  return bytes;
}

/** The document of a statement: what stands before it is the key and the operator, what is after it has a fixed length. */
export function documentIn(statement: Uint8Array): Uint8Array {
  const view = new DataView(statement.buffer, statement.byteOffset, statement.byteLength);
  const key = 4 + q.length;
  const from = key + view.getInt32(key, true) + u.length + 4 + set.length;
  return statement.subarray(from, from + view.getInt32(from, true));
}
