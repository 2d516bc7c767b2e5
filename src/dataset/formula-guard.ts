const DOT = 0x2e;

/** = + - @ TAB CR: what a spreadsheet may take for the beginning of a formula (OWASP, "CSV Injection"). */
const BEGINS_FORMULA = new Uint8Array(256);
for (const byte of Buffer.from('=+-@\t\r')) BEGINS_FORMULA[byte] = 1;

const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39;
const isSign = (byte: number | undefined) => byte === 0x2b || byte === 0x2d;

function afterDigits(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to && isDigit(bytes[i])) i++;
  return i;
}

/** `-1`, `+1.5`, `-.5`, `-1e-9`: a sign, digits with at most one dot, an exponent. */
function isPlainNumber(bytes: Uint8Array, from: number, to: number): boolean {
  const start = isSign(bytes[from]) ? from + 1 : from;
  let i = afterDigits(bytes, start, to);
  let digits = i - start;
  if (i < to && bytes[i] === DOT) {
    const fraction = i + 1;
    i = afterDigits(bytes, fraction, to);
    digits += i - fraction;
  }
  if (digits === 0) return false;
  if (i === to) return true;
  if ((bytes[i]! | 0x20) !== 0x65) return false;
  const exponent = i + 1 < to && isSign(bytes[i + 1]) ? i + 2 : i + 1;
  return exponent < to && afterDigits(bytes, exponent, to) === to;
}

/** True when the cell `bytes[from, to)` would be run as a formula by a spreadsheet. A plain number never is. */
export function isFormula(bytes: Uint8Array, from: number, to: number): boolean {
  return from < to && BEGINS_FORMULA[bytes[from]!] === 1 && !isPlainNumber(bytes, from, to);
}
