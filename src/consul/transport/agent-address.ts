import { defaults, invalid } from '../../model/index.js';

/** Where an agent is. */
export interface AgentAddress {
  /** `http://127.0.0.1:8500`, or `http://localhost` with `socketPath`. */
  readonly origin: string;
  readonly socketPath?: string;
  /** As shown to people, and what an address is known by: never holds credentials. */
  readonly shown: string;
}

/**
 * `HOST:PORT`, `HOST`, `http://…`, `https://…` or `unix:///PATH`, the forms that Consul's tools take. Without a scheme it
 * is https when `tls` says so. Throws INVALID_ARGUMENT.
 */
export function parseAgentAddress(text: string, tls = false): AgentAddress {
  if (text.startsWith('unix://')) return socketAddress(text);
  const url = /^https?:\/\//i.test(text) ? text : `${tls ? 'https' : 'http'}://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || parsed.hostname === '' || /[\s/]/.test(parsed.hostname)) throw wrong(text);
  if (parsed.username !== '' || parsed.password !== '') {
    throw invalid('the address of an agent must not hold credentials; give them as auth (CONSUL_HTTP_AUTH)');
  }
  if (!/^\/?$/.test(parsed.pathname) || parsed.search !== '' || parsed.hash !== '') throw wrong(text);
  const port = hasPort(text) ? parsed.port : String(defaults.httpPort);
  const origin = `${parsed.protocol}//${parsed.hostname}${port === '' ? '' : `:${port}`}`;
  return { origin, shown: origin };
}

function socketAddress(text: string): AgentAddress {
  const socketPath = text.slice('unix://'.length);
  if (socketPath === '') throw wrong(text);
  return { origin: 'http://localhost', socketPath, shown: text };
}

/** URL drops a port that is its scheme's own, so the text is what tells whether one was given. */
function hasPort(text: string): boolean {
  return /:\d+(?:\/|$)/.test(text.replace(/^https?:\/\//i, '').replace(/^\[[^\]]*\]/, ''));
}

function wrong(text: string): Error {
  const shown = text.replace(/\/\/[^/]*@/, '//…@');
  return invalid(`"${shown}" is not the address of an agent; write HOST:PORT, https://HOST:PORT or unix:///PATH`);
}
