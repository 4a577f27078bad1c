/** Plain HTTP questions to an agent, in the words of `curl -X`. */
import { request, type Dispatcher } from 'undici';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly dispatcher?: Dispatcher;
  readonly signal?: AbortSignal;
}

/** `http(origin, 'PUT /v1/kv/a', 'value')`; a body that is no text is sent as JSON. */
export async function http(
  origin: string,
  line: string,
  body?: unknown,
  options: HttpOptions = {},
): Promise<HttpAnswer> {
  const space = line.indexOf(' ');
  const answer = await request(origin + line.slice(space + 1), {
    method: line.slice(0, space),
    body: body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    ...options,
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

/** The JSON of an answer that must be 200. */
export async function httpJson<T>(origin: string, line: string, body?: unknown, options: HttpOptions = {}): Promise<T> {
  const answer = await http(origin, line, body, options);
  if (answer.status !== 200) throw new Error(`${line}: ${answer.status} ${answer.text}`);
  return (answer.text === '' ? undefined : JSON.parse(answer.text)) as T;
}
