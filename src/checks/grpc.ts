import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import type { CheckRunner } from '../model/index.js';
import { limits } from '../model/index.js';
import { onAbort } from '../runtime/index.js';
import type { Dialer } from './dialer.js';
import { dialFailure, exchangeFailure, timedOut } from './failure.js';
import { decodeHealthStatus, encodeHealthRequest } from './grpc-health-messages.js';
import { openHttp2 } from './http2-session.js';
import { hostPort, parseGrpcTarget } from './target.js';

/**
 * gRPC's health protocol (grpc.health.v1, method Check): SERVING is passing, all else critical. Spoken over node:http2
 * directly, because a gRPC library costs more to load and to run than these two messages.
 */
export function grpcRunner(dialer: Dialer): CheckRunner {
  return {
    async run(check, signal) {
      let session: ClientHttp2Session | undefined;
      try {
        const target = parseGrpcTarget(check.target);
        session = await openHttp2(target, check, dialer, signal);
        const status = await askHealth(session, hostPort(target), target.service, signal);
        if (status === 'SERVING') return { status: 'passing', output: `gRPC check ${check.target}: success` };
        return { status: 'critical', output: `gRPC check ${check.target}: gRPC status is ${status}` };
      } catch (error) {
        const reason = session ? callFailure(error, signal) : dialFailure('tcp', check.target, error, signal);
        return { status: 'critical', output: `gRPC check ${check.target}: ${reason}` };
      } finally {
        session?.destroy();
      }
    },
  };
}

function callFailure(error: unknown, signal: AbortSignal): string {
  if (timedOut(signal)) return 'rpc error: code = DeadlineExceeded desc = context deadline exceeded';
  return `rpc error: ${exchangeFailure(error)}`;
}

interface Call {
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  trailers: IncomingHttpHeaders;
  body: Buffer;
}

async function askHealth(
  session: ClientHttp2Session,
  authority: string,
  service: string,
  signal: AbortSignal,
): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    ':authority': authority,
    'content-type': 'application/grpc',
    'user-agent': 'Consul Health Check',
    te: 'trailers',
  });
  const { headers, trailers, body } = await complete(stream, encodeHealthRequest(service), signal);
  if (headers[':status'] !== 200) throw new Error(`unexpected HTTP status ${headers[':status'] ?? 'missing'}`);
  // An error without a message puts its status into the only header block there is.
  const code = trailers['grpc-status'] ?? headers['grpc-status'];
  if (code !== '0') throw new Error(`code = ${statusName(code)} desc = ${statusMessage({ ...headers, ...trailers })}`);
  const status = decodeHealthStatus(body);
  if (status === undefined) throw new Error('the answer is no HealthCheckResponse');
  return status;
}

function complete(stream: ClientHttp2Stream, request: Buffer, signal: AbortSignal): Promise<Call> {
  return new Promise((resolve, reject) => {
    const call: Call = { headers: {}, trailers: {}, body: Buffer.alloc(0) };
    const ignore = onAbort(signal, () => stream.destroy(signal.reason as Error));
    stream.on('error', reject);
    stream.on('response', (headers) => (call.headers = headers));
    stream.on('trailers', (trailers) => (call.trailers = trailers));
    stream.on('data', (chunk: Buffer) => {
      call.body = Buffer.concat([call.body, chunk]);
      if (call.body.length > limits.checkOutputBytes) stream.destroy(new Error('the answer is too long'));
    });
    stream.once('close', () => {
      ignore();
      if (call.headers[':status'] === undefined) reject(new Error('EOF'));
      else resolve(call);
    });
    stream.end(request);
  });
}

const STATUS_NAMES = new Map([
  ['1', 'Canceled'],
  ['2', 'Unknown'],
  ['4', 'DeadlineExceeded'],
  ['5', 'NotFound'],
  ['7', 'PermissionDenied'],
  ['8', 'ResourceExhausted'],
  ['12', 'Unimplemented'],
  ['13', 'Internal'],
  ['14', 'Unavailable'],
  ['16', 'Unauthenticated'],
]);

function statusName(code: string | string[] | undefined): string {
  return STATUS_NAMES.get(String(code)) ?? String(code);
}

/** grpc-message is percent-encoded; a bad encoding is shown as it came. */
function statusMessage(headers: IncomingHttpHeaders): string {
  const message = String(headers['grpc-message'] ?? '');
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
