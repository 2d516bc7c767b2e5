import type { Dispatcher } from 'undici';
import type { ConnectionWork } from '../../connector/contract.ts';
import { createAgents, createDispatcher } from '../../egress/http.ts';
import { explainFailure, explainRefusal, explainStrangeAnswer } from './explain.ts';
import type { DataWorldCredentials, DataWorldDetails } from './data-world-fields.ts';
import type { DatasetKey } from './dataset-key.ts';
import { type PutAnswer, putBody } from './put-body.ts';

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

type Work = ConnectionWork<DataWorldCredentials, DataWorldDetails>;
type Answer = Omit<PutAnswer, 'whole'>;

/** Asks for what `what` names and reads the answer; every error is told here. */
async function told<T>({ signal }: Work, what: string, ask: () => Promise<Answer>): Promise<T> {
  try {
    const { status, retryAfter, text } = await ask();
    if (status >= 200 && status < 300) return parse(text, what) as T;
    throw explainRefusal({ status, retryAfter, message: messageOf(text) }, what);
  } catch (error) {
    signal.throwIfAborted();
    throw explainFailure(error, what);
  }
}

function addressOf({ credentials }: Work, path: string): string {
  return credentials.apiUrl.replace(/\/+$/, '') + path;
}

function headersOf({ credentials }: Work): Record<string, string> {
  return {
    authorization: `Bearer ${credentials.apiToken}`,
    accept: 'application/json',
    'user-agent': 'writeback',
  };
}

type Get = <T>(what: string, path: string) => Promise<T>;

function getter(work: Work, dispatcher: Dispatcher): Get {
  return (what, path) =>
    told(work, what, async () => {
      const { origin, pathname, search } = new URL(addressOf(work, path));
      const { statusCode, headers, body } = await dispatcher.request({
        origin,
        path: pathname + search,
        method: 'GET',
        headers: headersOf(work),
        headersTimeout: patience,
        bodyTimeout: patience,
        signal: work.signal,
      });
      return {
        status: statusCode,
        retryAfter: headers['retry-after']?.toString(),
        text: await body.text(),
      };
    });
}

function uploader(work: Work): DataWorldApi['upload'] {
  return ({ owner, id }, name, body) => {
    const path = `/uploads/${owner}/${id}/files/${encodeURIComponent(name)}?expandArchive=false`;
    const what = `Uploading ${name}`;
    const agents = createAgents(work.egress);
    const put = {
      url: new URL(addressOf(work, path)),
      headers: { ...headersOf(work), 'content-type': 'application/octet-stream' },
      agents,
      signal: work.signal,
      patience: uploadPatience,
    };
    return told(work, what, async () => {
      try {
        const { whole, ...answer } = await putBody(put, body);
        // Not for us to believe: what it confirms has not been sent.
        if (!whole && answer.status < 300) throw explainStrangeAnswer(what, undefined);
        return answer;
      } finally {
        agents.close();
      }
    });
  };
}

function createApi(get: Get, upload: DataWorldApi['upload']): DataWorldApi {
  return {
    user: () => get('Signing in', '/user'),
    dataset: ({ owner, id }) => get(`Looking at ${owner}/${id}`, `/datasets/${owner}/${id}`),
    async *datasets(kind) {
      let next: string | undefined;
      do {
        const query = new URLSearchParams({
          limit: String(pageSize),
          ...(next === undefined ? {} : { next }),
        });
        const page = await get<Page>('Listing DataSets', `/user/datasets/${kind}?${query.toString()}`);
        yield* page.records ?? [];
        next = page.nextPageToken === '' ? undefined : page.nextPageToken;
      } while (next !== undefined);
    },
    upload,
  };
}

/** Lends the API for the time of `use`; every connection is closed afterwards. */
export async function withApi<T>(work: Work, use: (api: DataWorldApi) => Promise<T>): Promise<T> {
  const dispatcher = await createDispatcher(work.egress);
  try {
    return await use(createApi(getter(work, dispatcher), uploader(work)));
  } finally {
    // Nothing is under way any more but what failed.
    await dispatcher.destroy();
  }
}
