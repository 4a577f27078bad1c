/**
 * Answers kept as bytes, for questions about services of ours (A, AAAA, SRV; plain, tagged and RFC 2782 names). They are made
 * by the same code that answers every other question and dropped when the catalog shows another view of the service.
 * From question to question only the id, the RD and CD bits, the question as spelt, the buffer size and the zone's
 * serial differ; those are written into a copy.
 *
 * Valid only while everybody may read everything and the options stand: whoever builds one sees to that.
 */
import { limits } from '../../model/index.js';
import type { ServiceView } from '../../model/index.js';
import type { Random } from '../../runtime/index.js';
import type { AnswerContext } from '../answer/answer-context.js';
import { answer, hasTag } from '../answer/answer.js';
import { fit } from '../answer/fit.js';
import { inZone, locate } from '../answer/zone.js';
import { foldName, headerBytes, maxMessageBytes, nameBytes, readName } from '../wire/index.js';
import type { Message } from '../wire/index.js';
import type { Transport } from './dns-stats.js';
import { plainUdpBytes, responseFrame, roomFor, udpRoom } from './response-frame.js';
import { Rotation } from './rotation.js';
import type { Order, Variant } from './rotation.js';
import { optBytes, readSimpleQuery } from './simple-query.js';
import type { SimpleQuery } from './simple-query.js';
import { TwoGenerations } from './two-generations.js';

/** An answer ready to be sent; the object is reused by the next call. */
export interface ReadyAnswer {
  bytes: Buffer;
  type: number;
  rcode: number;
  cut: boolean;
  /** Equal for equal questions. */
  kind: string;
}

/** What of a client matters here. */
export interface Asker {
  readonly transport: Transport;
  /** Whether nobody will need the bytes of any answer given so far, nor of this one once the next question is answered. */
  readonly isDoneAtOnce: boolean;
}

/** A question whose answers are kept, by the room the asker has and whether it speaks EDNS. */
interface Entry {
  readonly service: string;
  readonly name: string;
  readonly type: number;
  /** The domain as configured, in wire form: names in answers are spelt so. */
  readonly domain: Buffer;
  view: ServiceView;
  /** The catalog's index when `view` was last found to be current. */
  seenAt: number;
  /** By `slotOf`: the commonest rooms. */
  rotations: (Rotation | undefined)[];
  /** By room, negative with EDNS: answers that are cut to it. */
  cut: Map<number, Rotation>;
  bytes: number;
}

/** Five 32-bit numbers end an SOA record. */
const soaTailBytes = 20;

export class PreparedAnswers {
  private readonly entries = new TwoGenerations<Entry>(limits.dnsPreparedQuestions, limits.dnsPreparedBytes);
  private readonly query: SimpleQuery = { key: '', type: 0, hasCapitals: false, end: 0, hasOpt: false, udpSize: 0 };
  private readonly ready: ReadyAnswer = { bytes: Buffer.alloc(0), type: 0, rcode: 0, cut: false, kind: '' };

  constructor(
    private readonly context: AnswerContext,
    private readonly parts: { readonly random: Random; readonly recursion: boolean },
  ) {}

  /** Undefined: the question must be answered the long way. */
  take(bytes: Buffer, client: Asker): ReadyAnswer | undefined {
    const { query } = this;
    if (!readSimpleQuery(bytes, query)) return undefined;
    const entry = this.entryFor(bytes);
    if (!entry || (query.hasCapitals && !isSpeltAs(bytes, query.end, entry.domain))) return undefined;
    const overStream = client.transport !== 'udp';
    const room = overStream ? maxMessageBytes : udpRoom(query.udpSize);
    const variant = this.variantFor(entry, room, overStream);
    return variant && this.fill(bytes, variant, entry, client.isDoneAtOnce);
  }

  private entryFor(bytes: Buffer): Entry | undefined {
    const { catalog, datacenters } = this.context;
    if (!catalog.ready || datacenters.isStale(datacenters.own)) return undefined;
    const entry = this.entries.get(this.query.key) ?? this.admit(bytes);
    if (!entry) return undefined;
    if (entry.seenAt !== catalog.index) this.refresh(entry);
    return entry.view.instances.length === 0 ? undefined : entry;
  }

  private refresh(entry: Entry): void {
    const { catalog } = this.context;
    const view = catalog.serviceView(entry.service);
    entry.seenAt = catalog.index;
    if (view === entry.view) return;
    this.entries.grew(-entry.bytes);
    entry.view = view;
    entry.rotations = [];
    entry.cut = new Map();
    entry.bytes = 0;
  }

  /** Only names of services and tags that are there: questions about others cannot crowd them out. */
  private admit(bytes: Buffer): Entry | undefined {
    const { catalog, datacenters, options, records } = this.context;
    const name = foldName(readName(bytes, headerBytes));
    const zone = inZone(name, options);
    const { type, key } = this.query;
    if (!zone || records.at(name)) return undefined;
    const found = locate(zone.labels, type, datacenters);
    if (found?.datacenter !== datacenters.own) return undefined;
    const { place } = found;
    if (place.kind !== 'service' || !catalog.hasService(place.service)) return undefined;
    const view = catalog.serviceView(place.service);
    if (!view.instances.some((one) => place.tag === '' || hasTag(one, place.tag))) return undefined;
    const nameEnd = this.query.end - 4;
    const domain = Buffer.from(key, 'latin1').subarray(0, nameEnd - headerBytes);
    const entry: Entry = {
      service: place.service,
      name,
      type,
      domain: domain.subarray(-(nameBytes(zone.domain) as number)),
      view,
      seenAt: catalog.index,
      rotations: [],
      cut: new Map(),
      bytes: 0,
    };
    this.entries.add(key, entry);
    return entry;
  }

  /** An answer that is not cut serves every room it fits in; a cut one serves its own. */
  private variantFor(entry: Entry, room: number, overStream: boolean): Variant | undefined {
    const isPlain = room === plainUdpBytes && !overStream;
    const slot = (isPlain ? 0 : 2) + (this.query.hasOpt ? 1 : 0);
    const rotation = (entry.rotations[slot] ??= isPlain
      ? this.rotationFor(entry, plainUdpBytes, 'udp')
      : this.rotationFor(entry, maxMessageBytes, 'tcp'));
    const variant = this.pick(entry, rotation);
    return !variant || variant.bytes.length <= room ? variant : this.cutVariant(entry, room);
  }

  private cutVariant(entry: Entry, room: number): Variant | undefined {
    const key = this.query.hasOpt ? -room : room;
    let rotation = entry.cut.get(key);
    if (!rotation) {
      if (entry.cut.size >= limits.dnsPreparedSizes) return undefined;
      rotation = this.rotationFor(entry, room, 'udp');
      entry.cut.set(key, rotation);
    }
    return this.pick(entry, rotation);
  }

  private rotationFor(entry: Entry, room: number, transport: Transport): Rotation {
    const { hasOpt } = this.query;
    return new Rotation((order) => this.make(entry, room, hasOpt, transport, order), this.parts.random);
  }

  private pick(entry: Entry, rotation: Rotation): Variant | undefined {
    const before = rotation.bytes;
    const variant = rotation.pick();
    if (rotation.bytes !== before) {
      entry.bytes += rotation.bytes - before;
      this.entries.grew(rotation.bytes - before);
    }
    return variant;
  }

  private make(entry: Entry, room: number, hasOpt: boolean, transport: Transport, order: Order): Variant | undefined {
    const { options } = this.context;
    const query = plainQuery(entry.name, entry.type, hasOpt ? room : undefined);
    const outcome = answer(query.questions[0] as (typeof query.questions)[0], { ...this.context, order });
    if (outcome.kind === 'foreign') return undefined;
    const { reply } = outcome;
    // What recursors say is asked for every time.
    if (reply.wanted.length > 0 && this.parts.recursion) return undefined;
    const frame = responseFrame(query, reply, { options: [], recursion: this.parts.recursion });
    const { bytes, cut } = fit(frame, reply, roomFor(query, transport, options));
    const hasSerial = reply.authority.length > 0;
    const serialAt = bytes.length - (hasOpt ? optBytes : 0) - soaTailBytes;
    return { bytes, cut, rcode: reply.rcode, serialAt: hasSerial ? serialAt : 0, usesLeft: limits.dnsPreparedUses };
  }

  private fill(question: Buffer, variant: Variant, entry: Entry, inPlace: boolean): ReadyAnswer {
    const { query, ready } = this;
    const bytes = inPlace ? variant.bytes : Buffer.from(variant.bytes);
    const { length } = bytes;
    bytes[0] = question[0] as number;
    bytes[1] = question[1] as number;
    bytes[2] = ((bytes[2] as number) & 0xfe) | ((question[2] as number) & 0x01);
    bytes[3] = ((bytes[3] as number) & 0xef) | ((question[3] as number) & 0x10);
    // A loop beats a call for so few bytes.
    for (let i = headerBytes; i < query.end; i++) bytes[i] = question[i] as number;
    if (query.hasOpt) bytes.writeUInt16BE(query.udpSize, length - optBytes + 3);
    if (variant.serialAt > 0) bytes.writeUInt32BE(this.context.serial(), variant.serialAt);
    ready.bytes = bytes;
    ready.type = entry.type;
    ready.rcode = variant.rcode;
    ready.cut = variant.cut;
    ready.kind = query.key;
    return ready;
  }
}

function plainQuery(name: string, type: number, udpSize: number | undefined): Message {
  return {
    id: 0,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: 0,
    questions: [{ name, type, class: 1 }],
    answers: [],
    authorities: [],
    additionals: [],
    ...(udpSize !== undefined && { edns: { udpSize, version: 0, dnssecOk: false, options: [] } }),
  };
}

/** Whether the question ends in the domain as configured, letter for letter: answers spell names as the question does. */
function isSpeltAs(question: Buffer, end: number, domain: Buffer): boolean {
  const start = end - 4 - domain.length;
  for (let i = 0; i < domain.length; i++) if (question[start + i] !== domain[i]) return false;
  return true;
}
