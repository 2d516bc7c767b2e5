/** Fields of a log line: plain data. */
type LogFields = Readonly<Record<string, unknown>>;

/** Structured log: constant text, variable fields, one JSON object a line. Secrets are replaced wherever their value occurs. */
export interface Log {
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  /** From now on this value is written as `***`. Values under 4 characters are ignored: they would blacken ordinary text. */
  readonly hide: (secret: string) => void;
}

/** All spellings in which a secret may turn up: as it is, in a URL, in base64, inside JSON. */
function spellings(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret),
      base64,
      base64.replaceAll('=', ''),
      JSON.stringify(secret).slice(1, -1),
    ]),
  ];
}

/** Replaces every known secret in a text. The longest first, so that one secret inside another leaves no rest. */
export function createRedactor(): { readonly hide: (secret: string) => void; redact(text: string): string } {
  let hidden: string[] = [];
  return {
    hide(secret) {
      if (secret.length < 4) return;
      hidden = [...new Set([...hidden, ...spellings(secret)])].toSorted((a, b) => b.length - a.length);
    },
    redact: (text) => hidden.reduce((result, secret) => result.replaceAll(secret, '***'), text),
  };
}

/** A log that writes lines to `write` (a line without its line end). */
export function createLog(write: (line: string) => void, redactor = createRedactor()): Log {
  // Values are redacted before they become JSON, whose escapes would hide a secret inside quoted JSON.
  const hideIn = (_: string, value: unknown) => (typeof value === 'string' ? redactor.redact(value) : value);
  const line =
    (level: string) =>
    (text: string, fields: LogFields = {}) =>
      write(JSON.stringify({ time: new Date().toISOString(), level, text, ...fields }, hideIn));
  return { info: line('info'), warn: line('warn'), hide: redactor.hide };
}
