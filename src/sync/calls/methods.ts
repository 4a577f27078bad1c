import { z } from 'zod';
import {
  catalogDeregistration,
  catalogRegistration,
  decode,
  queryRequest,
  sessionRequest,
  txnRequest,
  type Caller,
  type EventRow,
  type Json,
  type RegistryCommands,
  type SessionRow,
  type TxnOutcome,
} from '../../model/index.js';

/**
 * The commands that one agent may ask of another, and nothing else: what each takes, what it gives back. `catalog`: on
 * rows that the asked agent owns. `state`: on what the home of the datacenter alone decides. `both`: at the home, with
 * rows of its own.
 */
export interface Method<B, R> {
  readonly family: 'catalog' | 'state' | 'both';
  /** Throws for anything that is no body of this method. */
  body(value: unknown): B;
  result(value: unknown): R;
  run(commands: RegistryCommands, body: B, caller: Caller): Promise<R>;
}

const text = z.string();
const flags = z.union([z.bigint(), z.int().min(0)]).transform(BigInt);
const index = z.number().min(0);

const kvWrite = z.object({
  key: text,
  value: text,
  flags,
  mode: z.discriminatedUnion('type', [
    z.object({ type: z.literal('set') }),
    z.object({ type: z.literal('cas'), index }),
    z.object({ type: z.literal('acquire'), session: text }),
    z.object({ type: z.literal('release'), session: text }),
  ]),
});
const kvDelete = z.object({
  key: text,
  mode: z.discriminatedUnion('type', [
    z.object({ type: z.literal('key') }),
    z.object({ type: z.literal('prefix') }),
    z.object({ type: z.literal('cas'), index }),
  ]),
});
const event = z.object({ name: text, payload: text, node: text, service: text, tag: text });
const document = z.object({ kind: text, name: text, body: z.unknown(), cas: index.optional() });

/** Rows are another agent's facts, told apart by their kind; deeper they are believed, as those of its stream are. */
const sessionRow = z.looseObject({ kind: z.literal('session'), id: text, node: text });
const eventRow = z.looseObject({ kind: z.literal('event'), id: text, name: text });
const txnResult = z.discriminatedUnion('type', [
  z.object({ type: z.literal('kv'), withValue: z.boolean(), row: z.looseObject({ kind: z.literal('kv'), flags }) }),
  z.object({ type: z.literal('node'), row: z.looseObject({ kind: z.literal('node') }) }),
  z.object({ type: z.literal('service'), row: z.looseObject({ kind: z.literal('service') }) }),
  z.object({ type: z.literal('check'), row: z.looseObject({ kind: z.literal('check') }) }),
]);
const txnOutcome = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), results: z.array(txnResult), index }),
  z.object({ ok: z.literal(false), errors: z.array(z.object({ opIndex: index, what: text })) }),
]);

const nothing = (): void => {};
const by =
  <S extends z.ZodType>(schema: S) =>
  (value: unknown): z.infer<S> =>
    schema.parse(value);
/** HTTP bodies, by their own rules; a newer agent may know more fields. */
const asBody =
  <S extends z.ZodType>(schema: S) =>
  (value: unknown): z.infer<S> =>
    decode(schema, value, { unknown: 'drop' });

function method<B, R>(
  family: Method<B, R>['family'],
  body: Method<B, R>['body'],
  result: Method<B, R>['result'],
  run: Method<B, R>['run'],
): Method<B, R> {
  return { family, body, result, run };
}

export const methods = {
  registerCatalog: method('catalog', asBody(catalogRegistration), nothing, (commands, body, caller) =>
    commands.registerCatalog(body, caller),
  ),
  deregisterCatalog: method('catalog', asBody(catalogDeregistration), nothing, (commands, body, caller) =>
    commands.deregisterCatalog(body, caller),
  ),
  catalogTransaction: method('catalog', asBody(txnRequest), asOutcome, (commands, body, caller) =>
    commands.transaction(body, caller),
  ),
  kvPut: method('state', by(kvWrite), by(z.boolean()), (commands, body, caller) => commands.kvPut(body, caller)),
  kvDelete: method('state', by(kvDelete), by(z.boolean()), (commands, body, caller) => commands.kvDelete(body, caller)),
  createSession: method('state', asBody(sessionRequest), by(text), (commands, body, caller) =>
    commands.createSession(body, caller),
  ),
  destroySession: method('state', by(text), nothing, (commands, id, caller) => commands.destroySession(id, caller)),
  renewSession: method(
    'state',
    by(text),
    (value) => sessionRow.parse(value) as unknown as SessionRow,
    (commands, id, caller) => commands.renewSession(id, caller),
  ),
  transaction: method('both', asBody(txnRequest), asOutcome, (commands, body, caller) =>
    commands.transaction(body, caller),
  ),
  fireEvent: method(
    'state',
    by(event),
    (value) => eventRow.parse(value) as unknown as EventRow,
    (commands, body, caller) => commands.fireEvent(body, caller),
  ),
  createQuery: method('state', asBody(queryRequest), by(text), (commands, body, caller) =>
    commands.createQuery(body, caller),
  ),
  updateQuery: method(
    'state',
    (value) => {
      const { id, body } = z.object({ id: text, body: z.unknown() }).parse(value);
      return { id, body: decode(queryRequest, body, { unknown: 'drop' }) };
    },
    nothing,
    (commands, { id, body }, caller) => commands.updateQuery(id, body, caller),
  ),
  deleteQuery: method('state', by(text), nothing, (commands, id, caller) => commands.deleteQuery(id, caller)),
  putConfig: method('state', by(document), by(z.boolean()), (commands, { kind, name, body, cas }) =>
    commands.putConfig(kind, name, body as Json, cas),
  ),
  /** Nothing but the question how far the asked agent's catalog stream is. */
  catalogFresh: method('catalog', nothing, nothing, async () => {}),
  /** The same of the home's state. */
  fresh: method('state', nothing, nothing, async () => {}),
} as const;

function asOutcome(value: unknown): TxnOutcome {
  return txnOutcome.parse(value) as unknown as TxnOutcome;
}

type Methods = typeof methods;
export type MethodName = keyof Methods;
export type BodyOf<M extends MethodName> = ReturnType<Methods[M]['body']>;
export type ResultOf<M extends MethodName> = ReturnType<Methods[M]['result']>;

/** The method of that name, if it is one that may be asked for. */
export function methodOf(name: string): Method<unknown, unknown> | undefined {
  return Object.hasOwn(methods, name) ? methods[name as MethodName] : undefined;
}
