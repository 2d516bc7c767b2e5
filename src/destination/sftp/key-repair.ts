/** Hexadecimal digits of the initial value, by cipher of an encrypted PEM key: a paste may glue it to the body. */
const ivDigits = (cipher: string) => (cipher.startsWith('DES') ? 16 : 32);

const headers =
  /^\s*Proc-Type:\s*4,\s*ENCRYPTED\s*DEK-Info:\s*((?:DES-CBC|DES-EDE3-CBC|AES-(?:128|192|256)-CBC)),\s*/i;

function splitHeaders(inner: string): { head: string; body: string } {
  const match = headers.exec(inner);
  if (!match) return { head: '', body: inner };
  const cipher = (match[1] ?? '').toUpperCase();
  const rest = inner.slice(match[0].length);
  const digits = ivDigits(cipher);
  const head = `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${cipher},${rest.slice(0, digits).toUpperCase()}\n\n`;
  return { head, body: rest.slice(digits) };
}

/**
 * Puts a pasted key back into lines: forms and YAML turn line ends into blanks, into the two characters `\n`, or drop
 * them, and indent. Text that is no PEM block (PuTTY, public keys) only gets plain line ends.
 */
export function repairKey(text: string): string {
  const plain = text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\\r\\n|\\n/g, '\n')
    .replaceAll(/\r\n?/g, '\n')
    .trim()
    .replaceAll(/^[ \t]+|[ \t]+$/gm, '');
  const block = /-----BEGIN ([A-Z0-9 ]+?)-----([\s\S]*?)-----END \1-----/.exec(plain);
  if (!block) return plain;
  const { head, body } = splitHeaders(block[2] ?? '');
  const lines = body.replaceAll(/\s+/g, '').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${block[1]}-----\n${head}${lines.join('\n')}\n-----END ${block[1]}-----\n`;
}
