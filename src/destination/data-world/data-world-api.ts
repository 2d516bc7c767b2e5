import { type Dispatcher, request } from 'undici';
import type { ConnectionWork } from '../../connector/contract.ts';
import { createDispatcher } from '../../egress/http.ts';
import { explainFailure, explainRefusal, explainStrangeAnswer } from './explain.ts';
import type { DataWorldCredentials, DataWorldDetails } from './data-world-fields.ts';
import type { DatasetKey } from './dataset-key.ts';

/** A file as a data.world DataSet lists it. */
export interface DataWorldFile {
  readonly name: string;
  readonly sizeInBytes?: number;
  readonly updated?: string;
}

/** A data.world DataSet, as far as we look at it. */
export interface DataWorldDataset {
  readonly owner: string;
  readonly id: string;
  readonly title?: string;
  readonly status?: 'NEW' | 'INPROGRESS' | 'LOADED' | 'SYSTEMERROR';
  readonly accessLevel?: 'NONE' | 'DISCOVER' | 'READ' | 'WRITE' | 'ADMIN';
  readonly files?: readonly DataWorldFile[];
}

interface Page {
  readonly records?: readonly DataWorldDataset[];
  readonly nextPageToken?: string;
}

/** The calls of data.world's API that we need. All throw told errors, and the signal's reason. */
export interface DataWorldApi {
  user(): Promise<{ readonly id?: string; readonly displayName?: string }>;
  dataset(key: DatasetKey): Promise<DataWorldDataset>;
  /** Those of the user's own or those they contribute to, page by page. */
  datasets(kind: 'own' | 'contributing'): AsyncIterable<DataWorldDataset>;
  /** Creates or overwrites a file; if the body throws, the request is broken off and its error thrown. */
  upload(key: DatasetKey, name: string, body: AsyncIterable<Uint8Array>): Promise<void>;
}

/** An answer may take long after the last byte of a large upload, but a dead server must be noticed. */
const uploadPatience = 600_000;
const patience = 60_000;
const pageSize = 50;

/** Of an error answer only the first sentence's worth is shown: it may be a whole HTML page. */
function messageOf(text: string): string {
  try {
    const { message = '', details = '' } = JSON.parse(text) as { message?: string; details?: string };
    return [message, details]
      .filter((part) => part !== '')
      .join(' ')
      .slice(0, 300);
  } catch {
    return text
      .replace(/<[^>]*>|\s+/g, ' ')
      .trim()
      .slice(0, 200);
  }
}

function parse(text: string, work: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw explainStrangeAnswer(work, cause);
  }
}

type Send = <T>(work: string, path: string, options?: Partial<Dispatcher.RequestOptions>) => Promise<T>;

function sender(work: ConnectionWork<DataWorldCredentials, DataWorldDetails>, dispatcher: Dispatcher): Send {
  const { apiToken, apiUrl } = work.credentials;
  const base = apiUrl.replace(/\/+$/, '');
  return async <T>(what: string, path: string, options: Partial<Dispatcher.RequestOptions> = {}) => {
    try {
      const headers = {
        authorization: `Bearer ${apiToken}`,
        accept: 'application/json',
        'user-agent': 'writeback',
      };
      const {
        statusCode,
        headers: answer,
        body,
      } = await request(base + path, {
        headersTimeout: patience,
        bodyTimeout: patience,
        ...options,
        headers: { ...headers, ...(options.headers as object) },
        dispatcher,
        signal: work.signal,
      });
      const text = await body.text();
      if (statusCode >= 200 && statusCode < 300) return parse(text, what) as T;
      const retryAfter = answer['retry-after']?.toString();
      throw explainRefusal({ status: statusCode, retryAfter, message: messageOf(text) }, what);
    } catch (error) {
      work.signal.throwIfAborted();
      throw explainFailure(error, what);
    }
  };
}

function createApi(send: Send): DataWorldApi {
  return {
    user: () => send('Signing in', '/user'),
    dataset: ({ owner, id }) => send(`Looking at ${owner}/${id}`, `/datasets/${owner}/${id}`),
    async *datasets(kind) {
      let next: string | undefined;
      do {
        const query = new URLSearchParams({
          limit: String(pageSize),
          ...(next === undefined ? {} : { next }),
        });
        const page = await send<Page>('Listing DataSets', `/user/datasets/${kind}?${query.toString()}`);
        yield* page.records ?? [];
        next = page.nextPageToken === '' ? undefined : page.nextPageToken;
      } while (next !== undefined);
    },
    async upload({ owner, id }, name, body) {
      const path = `/uploads/${owner}/${id}/files/${encodeURIComponent(name)}?expandArchive=false`;
      await send(`Uploading ${name}`, path, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream' },
        // undici takes any async iterable; its types name only Node's streams.
        body: body as never,
        headersTimeout: uploadPatience,
      });
    },
  };
}

/** Lends the API for the time of `use`; every connection is closed afterwards. */
export async function withApi<T>(
  work: ConnectionWork<DataWorldCredentials, DataWorldDetails>,
  use: (api: DataWorldApi) => Promise<T>,
): Promise<T> {
  const dispatcher = createDispatcher(work.egress);
  try {
    return await use(createApi(sender(work, dispatcher)));
  } finally {
    // Nothing is under way any more but what failed.
    await dispatcher.destroy();
  }
}
