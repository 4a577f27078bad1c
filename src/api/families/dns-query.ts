import { dohContentType, maxMessageBytes } from '../../dns/index.js';
import { Body, text } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';

/** DNS over HTTPS (RFC 8484), mounted when it is served: the DNS room answers, here it is only carried. */
export const dnsQueryRoutes = family(400, {
  '/dns-query': {
    GET: { handler: (request) => ask(request, request.query.get('dns')), summary: 'DNS over HTTPS', query: ['dns'] },
    POST: { handler: post, summary: 'DNS over HTTPS' },
  },
});

async function post(request: ApiRequest): Promise<Reply> {
  return ask(request, await request.bytes(maxMessageBytes));
}

async function ask(request: ApiRequest, given: string | Buffer): Promise<Reply> {
  const { method = '', socket } = request.message;
  const asked = request.api.dnsQuery?.(method, request.header('content-type'), given, socket.remoteAddress ?? '');
  const answer = await asked;
  if (!answer) return text(404, 'DNS over HTTPS is not served');
  if (answer.status !== 200) return text(answer.status, answer.body.toString('utf8').trimEnd());
  const headers = ['Content-Type', dohContentType, 'Cache-Control', `max-age=${answer.maxAge}`];
  return { status: 200, headers, body: new Body(answer.body) };
}
