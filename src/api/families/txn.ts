import { limits, txnRequest, txnResultToWire } from '../../model/index.js';
import type { TxnOperation } from '../../model/index.js';
import { badRequest, refusal } from '../core/errors.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';

/** txn (docs/contract.md section 3.7). */
export const txnRoutes = family(500, {
  '/v1/txn': { PUT: { handler: transaction, summary: 'Several operations, all or none', body: txnRequest } },
});

const PREFIX = 'Failed to parse body: ';
const READS = new Set(['get', 'get-tree', 'get-or-empty', 'check-session', 'check-index', 'check-not-exists']);

async function transaction(request: ApiRequest): Promise<Reply> {
  request.refuseNamespaces();
  const operations = await request.decode(txnRequest, {
    prefix: PREFIX,
    bigints: true,
    maxBytes: request.api.settings.txnMaxBytes,
    limitOption: 'txn_max_req_len',
  });
  request.requireLocalDatacenter();
  refuseTooMany(operations);
  operations.forEach(checkValues);
  const outcome = await request.api.handle.registry.transaction(operations, request.caller);
  if (!outcome.ok) return request.json({ Results: null, Errors: outcome.errors.map(errorToWire) }, [], 409);
  const answer = { Results: outcome.results.map(txnResultToWire), Errors: null };
  if (!operations.every(isRead)) return request.json(answer);
  const meta = { Index: outcome.index, LastContact: 0, KnownLeader: true, ConsistencyLevel: 'leader' };
  return request.json({ ...answer, ...meta }, ['X-Consul-Knownleader', 'true', 'X-Consul-Lastcontact', '0']);
}

function refuseTooMany(operations: readonly TxnOperation[]): void {
  const count = operations.length;
  if (count <= limits.txnOperations) return;
  throw refusal(413, `Transaction contains too many operations (${count} > ${limits.txnOperations})`, 'TOO_LARGE');
}

/** What a Go decoder would have refused: base64 that is none, flags that are no uint64. */
function checkValues({ KV }: TxnOperation): void {
  const bad = KV?.Value ? badBase64At(KV.Value) : -1;
  if (bad >= 0) throw badRequest(`${PREFIX}illegal base64 data at input byte ${bad}`);
  const flags = BigInt(KV?.Flags ?? 0);
  if (flags < 0n || flags > 0xffff_ffff_ffff_ffffn) {
    throw badRequest(`${PREFIX}json: cannot unmarshal number ${flags} into Go struct field .KV.Flags of type uint64`);
  }
}

/** -1 when it is standard, padded base64. */
function badBase64At(text: string): number {
  const body = /^[A-Za-z0-9+/]*/.exec(text)?.[0] ?? '';
  const padding = text.slice(body.length);
  const wanted = [0, -1, 2, 1][body.length % 4] as number;
  const whole = wanted >= 0 && padding === '='.repeat(wanted);
  return whole ? -1 : body.length;
}

function isRead(operation: TxnOperation): boolean {
  const verb = operation.KV?.Verb ?? operation.Node?.Verb ?? operation.Service?.Verb ?? operation.Check?.Verb;
  return verb === undefined || READS.has(verb);
}

function errorToWire(error: { readonly opIndex: number; readonly what: string }): object {
  return { OpIndex: error.opIndex, What: error.what };
}
