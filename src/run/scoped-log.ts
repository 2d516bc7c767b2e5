import { type Log, createRedactor } from '../log.ts';

/**
 * A log whose lines go to another, without the secrets that are hidden here. The other does not learn them: a process that lives
 * for months would gather every token that it ever used, and look for all of them in each line.
 */
export function scopedLog(log: Log): Log {
  const redactor = createRedactor();
  const hidden = (_: string, value: unknown) => (typeof value === 'string' ? redactor.redact(value) : value);
  const line =
    (kind: 'info' | 'warn'): Log['info'] =>
    (text, fields) =>
      log[kind](
        redactor.redact(text),
        fields && (JSON.parse(JSON.stringify(fields, hidden)) as typeof fields),
      );
  return { info: line('info'), warn: line('warn'), hide: redactor.hide };
}
