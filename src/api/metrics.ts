import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import type { Figures } from '../store/figures.ts';

/** Calls of one route with one status. */
interface Served {
  count: number;
  seconds: number;
}

/** What this process has served. */
export interface Counters {
  /** Lines of Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats). */
  lines(): string[];
}

const label = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** Counts the calls of a server by route, never by address: what people type must not become labels. */
export function countCalls(server: FastifyInstance): Counters {
  const served = new Map<string, Served>();
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  server.addHook('onClose', async () => void delay.disable());
  server.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    const route = label(routeOptions.url ?? 'none');
    const key = `method="${method}",route="${route}",status="${statusCode}"`;
    const sum = served.get(key) ?? { count: 0, seconds: 0 };
    served.set(key, { count: sum.count + 1, seconds: sum.seconds + elapsedTime / 1000 });
  });
  return {
    lines() {
      const entries = [...served];
      const p99 = delay.percentile(99) / 1e9;
      delay.reset();
      return [
        '# TYPE writeback_http_requests_total counter',
        ...entries.map(([key, { count }]) => `writeback_http_requests_total{${key}} ${count}`),
        '# TYPE writeback_http_request_seconds_total counter',
        ...entries.map(([key, { seconds }]) => `writeback_http_request_seconds_total{${key}} ${seconds}`),
        ...gauge('writeback_event_loop_delay_p99_seconds', Number.isFinite(p99) ? p99 : 0),
        ...gauge('process_resident_memory_bytes', process.memoryUsage.rss()),
      ];
    },
  };
}

const gauge = (name: string, value: number) => [`# TYPE ${name} gauge`, `${name} ${value}`];

/** The figures of the installation in the same format. */
export function figureLines(figures: Figures): string[] {
  return [
    '# TYPE writeback_runs gauge',
    `writeback_runs{state="queued"} ${figures.queuedRuns}`,
    `writeback_runs{state="running"} ${figures.runningRuns}`,
    '# TYPE writeback_writebacks gauge',
    `writeback_writebacks{state="active"} ${figures.activeWritebacks}`,
    `writeback_writebacks{state="paused"} ${figures.pausedWritebacks}`,
    ...gauge('writeback_queue_longest_wait_seconds', figures.longestWait),
    ...gauge('writeback_schedule_lag_seconds', figures.scheduleLag),
  ];
}
