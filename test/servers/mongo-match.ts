import { Decimal128, Double, EJSON, Int32, Long, ObjectId, type Document } from 'bson';
import { CommandError } from './mongo-error.ts';

function decimalKey(text: string): string {
  const match = /^(-?)(\d*)\.?(\d*)(?:E([+-]?\d+))?$/i.exec(text);
  if (!match) return `n:${text}`;
  const digits = `${match[2]}${match[3]}`.replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  const exponent = Number(match[4] ?? 0) - match[3]!.length + (digits.length - kept.length);
  return kept === '' ? 'n:0' : `n:${match[1]}${kept}E${exponent}`;
}

/** A text that is the same for values that MongoDB holds equal: 1, 1.0, NumberLong(1) and NumberDecimal("1.00") are one key. */
export function keyOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return `s:${value}`;
  if (typeof value === 'number' || value instanceof Double || value instanceof Int32) {
    return decimalKey(String(Number(value)).toUpperCase());
  }
  if (value instanceof Long || value instanceof Decimal128) return decimalKey(value.toString());
  if (value instanceof Date) return `t:${value.getTime()}`;
  if (value instanceof ObjectId) return `o:${value.toHexString()}`;
  return `j:${EJSON.stringify(value)}`;
}

/** The value at a dotted path, through nested documents. */
export function valueAt(document: Document, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? (value as Document)[name] : undefined;
  }, document);
}

/** Less than, equal, greater: numbers by value, everything else by its key within its type. */
export function compare(a: unknown, b: unknown): number {
  const [x, y] = [keyOf(a), keyOf(b)];
  if (x.startsWith('n:') && y.startsWith('n:')) return Number(String(a)) - Number(String(b));
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  return x < y ? -1 : x > y ? 1 : 0;
}

const keysOfLists = new WeakMap<object, ReadonlySet<string>>();

/** The keys of a list in a condition, made once: each document is compared with all of them. */
function keysOf(list: unknown): ReadonlySet<string> {
  const known = keysOfLists.get(list as object);
  if (known) return known;
  const keys = new Set((list as unknown[]).map(keyOf));
  keysOfLists.set(list as object, keys);
  return keys;
}

const operators: Record<string, (value: unknown, wanted: unknown) => boolean> = {
  $eq: (value, wanted) => keyOf(value) === keyOf(wanted),
  $ne: (value, wanted) => keyOf(value) !== keyOf(wanted),
  $in: (value, wanted) => keysOf(wanted).has(keyOf(value)),
  $nin: (value, wanted) => !keysOf(wanted).has(keyOf(value)),
  $exists: (value, wanted) => (value !== undefined) === Boolean(wanted),
  $gt: (value, wanted) => value !== undefined && compare(value, wanted) > 0,
  $gte: (value, wanted) => value !== undefined && compare(value, wanted) >= 0,
  $lt: (value, wanted) => value !== undefined && compare(value, wanted) < 0,
  $lte: (value, wanted) => value !== undefined && compare(value, wanted) <= 0,
  $not: (value, wanted) => !matchesField(value, wanted),
};

function isOperators(condition: unknown): condition is Document {
  if (typeof condition !== 'object' || condition === null) return false;
  return Object.keys(condition).some((key) => key.startsWith('$'));
}

function matchesField(value: unknown, condition: unknown): boolean {
  if (!isOperators(condition)) return keyOf(value) === keyOf(condition);
  return Object.entries(condition).every(([name, wanted]) => {
    const operator = operators[name];
    if (!operator) throw new CommandError(2, 'BadValue', `unknown operator: ${name}`);
    return operator(value, wanted);
  });
}

/** The value of an equality condition, wrapped, or undefined when the condition is something else. */
export function equalityOf(condition: unknown): { value: unknown } | undefined {
  if (!isOperators(condition)) return { value: condition };
  return Object.keys(condition).join() === '$eq' ? { value: condition['$eq'] } : undefined;
}

function hasRequired(document: Document, schema: Document): boolean {
  return ((schema['required'] ?? []) as string[]).every((name) => document[name] !== undefined);
}

/** Whether a document meets a query. Throws code 2 for operators that are not known. */
export function matches(document: Document, query: Document): boolean {
  return Object.entries(query).every(([name, condition]) => {
    if (name === '$and') return (condition as Document[]).every((one) => matches(document, one));
    if (name === '$or') return (condition as Document[]).some((one) => matches(document, one));
    if (name === '$nor') return !(condition as Document[]).some((one) => matches(document, one));
    if (name === '$jsonSchema') return hasRequired(document, condition as Document);
    if (name === '$comment') return true;
    if (name.startsWith('$')) throw new CommandError(2, 'BadValue', `unknown top level operator: ${name}`);
    return matchesField(valueAt(document, name), condition);
  });
}
