import type { FastifyInstance, FastifyRequest } from 'fastify';
import { openApi } from '../contract/openapi.ts';
import type { Db } from '../store/database.ts';
import { readFigures } from '../store/figures.ts';
import { requireFittingSchema } from '../store/migrate.ts';
import { type Caller, callerMay } from './caller.ts';
import { countCalls, figureLines } from './metrics.ts';
import { Refusal } from './problem.ts';

/** What an operator's tools are answered with. */
export interface OperatorParts {
  readonly db: Db;
  /** Asked whether the database answers, and is of a schema that this process may work on. */
  readonly pool: Parameters<typeof requireFittingSchema>[0];
  readonly identify: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly version: string;
}

/**
 * Adds what tools ask for: `/healthz` (the process lives), `/readyz` (it can work; else a problem of 503), `/metrics`
 * (Prometheus, for whoever may read: as an API key in `Authorization: Bearer`) and `/api/openapi.json`.
 */
export function addOperatorRoutes(
  server: FastifyInstance,
  { db, pool, identify, version }: OperatorParts,
): void {
  const counters = countCalls(server);
  const document = openApi(version);
  server.get('/api/openapi.json', async () => document);
  server.get('/healthz', async () => ({ ok: true }));
  server.get('/readyz', async () => {
    await requireFittingSchema(pool).catch(() => {
      throw new Refusal(503, 'api-not-ready', 'The database cannot be worked on now.');
    });
    return { ok: true };
  });
  server.get('/metrics', async (request, reply) => {
    const caller = await identify(request);
    if (!callerMay(caller, 'read'))
      throw new Refusal(401, 'api-not-signed-in', 'Send an API key that may read.');
    const lines = [...figureLines(await readFigures(db)), ...counters.lines()];
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(`${lines.join('\n')}\n`);
  });
}
