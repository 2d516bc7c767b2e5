const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/** True when the cell is the word, in any case of letters. */
function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) if ((bytes[start + i]! | 0x20) !== word[i]) return false;
  return true;
}

/** 1 for `true`, 0 for `false`, -1 for a cell that is neither. */
export function readBoolean(bytes: Uint8Array, start: number, end: number): number {
  if (isWord(bytes, start, end, TRUE)) return 1;
  return isWord(bytes, start, end, FALSE) ? 0 : -1;
}
