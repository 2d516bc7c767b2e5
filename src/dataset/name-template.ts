import { UserError } from '../errors.ts';
import { calendarOf } from './calendar.ts';

/** What names are rendered of. All of it belongs to the run, never to an attempt, so that a replay has the same names. */
export interface NameContext {
  readonly dataset: { readonly id: string; readonly name: string };
  readonly run: { readonly id: string; readonly number: number; readonly startedAt: Date };
  /** From 1; taken as 1 when there is only one. */
  readonly part?: number | undefined;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
}

type Render = (context: NameContext, days: number) => string;

function pad(value: number, digits = 2): string {
  return String(value).padStart(digits, '0');
}

function calendar(context: NameContext, days: number) {
  return calendarOf(context.run.startedAt, context.timeZone, days);
}

/** These may carry an offset in days: `{dd-1}` is yesterday's day of the month. Each shifts only itself. */
const dates: Readonly<Record<string, Render>> = {
  yyyy: (context, days) => pad(calendar(context, days).year, 4),
  MM: (context, days) => pad(calendar(context, days).month),
  dd: (context, days) => pad(calendar(context, days).day),
};

const others: Readonly<Record<string, Render>> = {
  'dataset.id': ({ dataset }) => dataset.id,
  'dataset.name': ({ dataset }) => dataset.name,
  'run.id': ({ run }) => run.id,
  'run.number': ({ run }) => String(run.number),
  part: ({ part = 1 }) => pad(part, 5),
  HH: (context) => pad(calendar(context, 0).hour),
  mm: (context) => pad(calendar(context, 0).minute),
  ss: (context) => pad(calendar(context, 0).second),
};

const renders: ReadonlyMap<string, Render> = new Map(Object.entries({ ...others, ...dates }));

/** `{name}`, `{name-1}`, `{name+2}`, and Domo's `<current_date>`, `<current_date-1>`. */
const placeholders = /\{([A-Za-z.]+)([+-]\d{1,5})?\}|<current_date(-\d{1,5})?>/g;

function currentDate(context: NameContext, days: number): string {
  const { year, month, day } = calendar(context, days);
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}`;
}

/** What stands behind one match of `placeholders`; undefined when there is no such placeholder. */
function renderOf(name: string | undefined, offset: string | undefined): Render | undefined {
  if (name === undefined) return currentDate;
  return offset === undefined || Object.hasOwn(dates, name) ? renders.get(name) : undefined;
}

function replacePlaceholders(template: string, replace: (render: Render, days: number) => string): string {
  return template.replace(
    placeholders,
    (whole: string, name: string | undefined, offset: string | undefined, back: string | undefined) => {
      const render = renderOf(name, offset);
      return render ? replace(render, Number(offset ?? back ?? 0)) : whole;
    },
  );
}

/**
 * Refuses a template that holds anything but known placeholders between braces, a brace alone, or a `<current_…>` that is not
 * `<current_date>` or `<current_date-N>`. Throws UserError `name-unknown-placeholder`.
 */
export function checkTemplate(template: string, field?: string): void {
  // A newline in place of each known placeholder, so that what stands left and right of it cannot grow together.
  const rest = replacePlaceholders(template, () => '\n');
  const [unknown] = /\{[^{}\n]*\}?|\}|<current_[^>\n]*>?/.exec(rest) ?? [];
  if (unknown === undefined) return;
  const known = [...renders.keys()].map((name) => `{${name}}`).join(' ');
  throw new UserError(
    'name-unknown-placeholder',
    `The name "${template}" holds ${unknown}, which is not known.`,
    {
      field,
      remedy: `Known are ${known} <current_date>; a date may be shifted by days: {dd-1}, <current_date-1>.`,
    },
  );
}

/** True when the template holds this placeholder (`part`, `dd`, `dataset.id`…), shifted or not. */
export function hasPlaceholder(template: string, name: string): boolean {
  return [...template.matchAll(placeholders)].some(([, found]) => found === name);
}

/**
 * Renders a name whose characters the caller judges (a collection). Throws UserError `name-unknown-placeholder`, and
 * `name-unknown-time-zone` when a date is asked for in a zone that does not exist.
 */
export function renderName(template: string, context: NameContext): string {
  checkTemplate(template);
  return replacePlaceholders(template, (render, days) => render(context, days));
}

/**
 * Renders a relative path with parts between `/`. Values can neither add a part nor climb: separators, control characters and
 * leading dots in them become `_`. Nothing is ever cut. Throws what `renderName` throws, UserError `name-unsafe-path` for what
 * the template itself spells, and UserError `name-too-long`.
 */
export function renderPath(template: string, context: NameContext): string {
  checkTemplate(template);
  const rendered = replacePlaceholders(template, (render, days) => safeValue(render(context, days)));
  const parts = rendered.split('/').filter((part) => part !== '');
  checkParts(parts, template);
  return parts.join('/');
}

function safeValue(value: string): string {
  return value
    .toWellFormed()
    .replace(/[/\\\p{Cc}\u2028\u2029]/gu, '_')
    .replace(/^\.+/, (dots) => '_'.repeat(dots.length));
}

/** A part is at most 255 bytes on all common file systems; an S3 key at most 1,024. */
function checkParts(parts: readonly string[], template: string): void {
  if (parts.length === 0) throw unsafe(template, 'is empty');
  if (parts.some((part) => part === '.' || part === '..'))
    throw unsafe(template, 'holds a part that is "." or ".."');
  if (parts.some((part) => /[\\\p{Cc}]/u.test(part)))
    throw unsafe(template, 'holds a backslash or a control character');
  const longest = Math.max(...parts.map((part) => Buffer.byteLength(part)));
  if (longest > 255) throw tooLong(template, `has a part of ${longest} bytes; at most 255 are possible`);
  const whole = Buffer.byteLength(parts.join('/'));
  if (whole > 1024) throw tooLong(template, `has ${whole} bytes; at most 1,024 are possible`);
}

function unsafe(template: string, why: string): UserError {
  return new UserError('name-unsafe-path', `The name made of "${template}" ${why}.`, {
    remedy: 'Write folders and a file name, parted by "/", that lead downwards only.',
  });
}

function tooLong(template: string, why: string): UserError {
  return new UserError('name-too-long', `The name made of "${template}" ${why}.`, {
    remedy: 'Shorten the name, or use {dataset.id} in place of {dataset.name}.',
  });
}
