import { type Measured, median } from './measure.ts';
import type { Line, Path } from './path.ts';

/** The medians of one contender. */
export interface Contender {
  readonly name: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly rowsPerSecond: number;
  readonly mbPerSecond: number;
  /** How many times faster we are, median of the pairs; and the same of processor time. */
  readonly ratio?: number;
  readonly cpuRatio?: number;
}

/** A line with what was reached. */
export interface Judged {
  readonly line: string;
  readonly reached: string;
  readonly met: boolean;
  /** Reached divided by the line, such that 1 is met: half of it fails `--quick`. */
  readonly share: number;
}

/** Everything that was measured of one path. */
export interface Figures {
  readonly title: string;
  readonly rows: number;
  readonly bytes: number;
  /** Ours first. */
  readonly contenders: readonly Contender[];
  readonly lines: readonly Judged[];
  readonly missing: readonly string[];
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));

/** Medians of a contender's runs; ratios beside ours, run by run, so that a machine that drifts does no harm. */
export function contender(
  name: string,
  runs: readonly Measured[],
  { rows, bytes }: { rows: number; bytes: number },
  ours?: readonly Measured[],
): Contender {
  const of = (pick: (run: Measured) => number) => median(runs.map(pick));
  const seconds = of((run) => run.seconds);
  const beside = (pick: (run: Measured) => number) =>
    ours && { value: round(median(runs.map((run, index) => pick(run) / pick(ours[index] ?? run))), 2) };
  const [ratio, cpuRatio] = [beside((run) => run.seconds), beside((run) => run.cpuSeconds)];
  return {
    name,
    seconds: round(seconds, 2),
    cpuSeconds: round(
      of((run) => run.cpuSeconds),
      2,
    ),
    peakMb: Math.round(of((run) => run.peakMb)),
    rowsPerSecond: Math.round(rows / seconds),
    mbPerSecond: Math.round(bytes / seconds / 1e6),
    ...(ratio && cpuRatio && { ratio: ratio.value, cpuRatio: cpuRatio.value }),
  };
}

const million = (rows: number) => `${(rows / 1e6).toFixed(2)} M`;

/** A line that is met from `wanted` on. */
export function atLeast(
  line: string,
  reached: number,
  wanted: number,
  show: (value: number) => string,
): Judged {
  return { line, reached: show(reached), met: reached >= wanted, share: round(reached / wanted, 2) };
}

/** A line that is met up to `wanted`. */
export function atMost(
  line: string,
  reached: number,
  wanted: number,
  show: (value: number) => string,
): Judged {
  return { line, reached: show(reached), met: reached <= wanted, share: round(wanted / reached, 2) };
}

/** Undefined where the rival is missing, or the line says nothing about a quick bench. */
function judge(line: Line, contenders: readonly Contender[], quick: boolean): Judged | undefined {
  const [ours] = contenders;
  if (!ours) return undefined;
  if (line.kind === 'speed') {
    const wanted = quick ? line.quick : line.atLeast;
    const ratios = contenders.flatMap(({ name, ratio }) => (line.beside.includes(name) ? [ratio ?? 0] : []));
    const names = line.beside.join(', ');
    if (wanted === undefined || ratios.length === 0) return undefined;
    return atLeast(`≥ ${wanted} × ${names}`, Math.min(...ratios), wanted, (value) => `${value.toFixed(2)} ×`);
  }
  if (quick) return undefined;
  if (line.kind === 'peak MB')
    return atMost(`≤ ${line.atMost} MB`, ours.peakMb, line.atMost, (value) => `${value} MB`);
  if (line.kind === 'rows/s')
    return atLeast(`≥ ${million(line.atLeast)} rows/s`, ours.rowsPerSecond, line.atLeast, million);
  const rows = ours.rowsPerSecond * ours.seconds;
  if (line.kind === 'CPU s/100 k rows') {
    const seconds = (ours.cpuSeconds / rows) * 100_000;
    return atMost(
      `≤ ${line.atMost} CPU seconds per 100,000 rows`,
      seconds,
      line.atMost,
      (value) => `${value.toFixed(3)} s`,
    );
  }
  const perCpu = Math.round(rows / ours.cpuSeconds);
  return atLeast(`≥ ${million(line.atLeast)} rows per client CPU second`, perCpu, line.atLeast, million);
}

/** What the lines of a path say of its medians. */
export function judgeAll({ lines }: Path, contenders: readonly Contender[], quick: boolean): Judged[] {
  return lines.flatMap((line) => judge(line, contenders, quick) ?? []);
}

/** Memory must not grow with the rows: within a tenth. */
export function judgeGrowth(fewRowsMb: number, manyRowsMb: number): Judged {
  const growth = manyRowsMb / fewRowsMb;
  const show = (value: number) =>
    `${value.toFixed(2)} × (${Math.round(fewRowsMb)} → ${Math.round(manyRowsMb)} MB)`;
  return atMost('peak memory, 10 M rows ≤ 1.1 × that of 1 M rows', growth, 1.1, show);
}
