/**
 * A service, looked up: SRV, else SVCB or HTTPS when configured, else addresses with the configured port; then the
 * addresses of targets that did not come along, and metadata beside.
 */
import { orderByPriorityAndWeight, orderServiceBindings } from '../../dns/client/index.js';
import { foldName } from '../../dns/wire/index.js';
import type { ResourceRecord } from '../../dns/wire/index.js';
import { isDiscoveryError, limits } from '../../model/index.js';
import type { ServiceDiscoveryError, StringMap } from '../../model/index.js';
import { mapAtOnce, shuffled } from '../../runtime/index.js';
import type { Random } from '../../runtime/index.js';
import { recordsBeside } from './additionals.js';
import { addressTypes } from './address-order.js';
import type { AddressPreference, AddressType } from './address-order.js';
import type { DnsEndpointSet, DnsServiceEndpoint, UnresolvedTarget } from './dns-endpoint.js';
import { assembleEndpoints } from './endpoint-assembly.js';
import type { Place, TargetAddresses } from './endpoint-assembly.js';
import { Evidence } from './evidence.js';
import { hostAddresses } from './host-addresses.js';
import type { HostAddresses } from './host-addresses.js';
import { instanceText, metadataOf } from './instance-text.js';
import type { InstanceText } from './instance-text.js';
import { placesOfBindings, placesOfSrv } from './places.js';
import type { BindingPlace } from './places.js';
import type { KnownAnswer, LookupOptions, RecordCache } from './record-cache.js';
import { serviceNames } from './service-name.js';
import type { ServiceNames, ServiceWords, ServiceZone } from './service-name.js';

export interface LookupRules {
  readonly zone: ServiceZone;
  readonly datacenter: string;
  readonly preference: AddressPreference;
  readonly metadata: 'instance' | 'target' | 'none';
  readonly svcb: 'SVCB' | 'HTTPS' | undefined;
  readonly port: number | undefined;
}

/** Places, and the answer that named them. */
interface Placed {
  readonly places: readonly (Place | BindingPlace)[];
  readonly from: KnownAnswer;
}

interface Resolved {
  readonly target: string;
  readonly addresses: TargetAddresses;
  readonly metadata: StringMap;
  readonly error?: ServiceDiscoveryError;
}

/** Of an HTTPS record without a port, unless one is configured (RFC 9460 section 9.1). */
const httpsPort = 443;

/** One lookup under way. */
export class ServiceLookup {
  private readonly evidence = new Evidence();
  private readonly unresolved: UnresolvedTarget[] = [];
  private readonly names: ServiceNames;
  private told = false;

  /** Throws INVALID_ARGUMENT, UNSUPPORTED for words that no name can be made of. */
  constructor(
    private readonly records: RecordCache,
    private readonly rules: LookupRules,
    private readonly words: ServiceWords,
    private readonly options: LookupOptions & { readonly isFiltered: boolean },
    private readonly random: Random,
  ) {
    this.names = serviceNames(rules.zone, words);
  }

  /** Whether anybody said something about the metadata of the endpoints found, if only that there is none. */
  get knowsMetadata(): boolean {
    return this.told;
  }

  /** Endpoints in RFC 2782's order. Rejects when nobody could be asked and nothing is known. */
  async run(): Promise<DnsEndpointSet> {
    const { rules, words } = this;
    const [placed, texts] = await Promise.all([this.places(), this.texts()]);
    const targets = [...new Map(placed.places.map((one) => [foldName(one.target), one])).values()];
    const resolved = await mapAtOnce(targets, limits.dnsNamesAtOnce, (place) => this.target(place, placed.from));
    this.refuseWhenNothingIsKnown(resolved);
    this.told = texts.length > 0 || resolved.some(({ metadata }) => Object.keys(metadata).length > 0);
    const endpoints = assembleEndpoints({
      service: words.service,
      zone: rules.zone,
      datacenter: words.datacenter ?? rules.datacenter,
      tags: words.tag === undefined ? [] : [words.tag],
      places: this.ordered(placed.places),
      preference: rules.preference,
      addresses: new Map(resolved.map((one) => [foldName(one.target), mixed(one.addresses, this.random)])),
      nodeMetadata: new Map(resolved.map((one) => [foldName(one.target), one.metadata])),
      texts,
    });
    return this.setOf(endpoints, placed.from.answer.outcome);
  }

  private ordered(places: readonly Place[]): Place[] {
    return orderByPriorityAndWeight(
      places.map((place) => ({ place, priority: place.priority, weight: place.weight ?? 0 })),
      this.random,
    ).map(({ place }) => place);
  }

  private setOf(endpoints: readonly DnsServiceEndpoint[], outcome: DnsEndpointSet['outcome']): DnsEndpointSet {
    const { ageMs, stale, ttlMs, error } = this.evidence;
    return {
      endpoints,
      index: 0,
      indexSpace: `dns:${this.rules.zone.suffix}`,
      ageMs,
      stale,
      ...(error && { error }),
      outcome,
      ttlMs: stale || !Number.isFinite(ttlMs) ? 0 : ttlMs,
      unresolved: this.unresolved,
    };
  }

  private async ask(name: string, type: string): Promise<KnownAnswer> {
    const known = await this.records.query(name, type, this.options);
    this.evidence.note(known);
    return known;
  }

  private async places(): Promise<Placed> {
    const { rules, names } = this;
    const srv = await this.ask(names.service, 'SRV');
    if (srv.answer.outcome === 'records') return { places: placesOfSrv(srv.answer.records), from: srv };
    // Below a name that does not exist there is nothing of any type (RFC 8020).
    const isUnknown = srv.answer.outcome === 'nxdomain';
    const bound = rules.svcb === undefined || isUnknown ? undefined : await this.bindings(rules.svcb, names.service);
    if (bound && bound.places.length > 0) return bound;
    if (rules.port === undefined || (isUnknown && names.host === names.service))
      return { places: [], from: bound?.from ?? srv };
    return this.host(names.host, rules.port, srv);
  }

  private async bindings(type: 'SVCB' | 'HTTPS', name: string): Promise<Placed> {
    let owner = name;
    for (let followed = 0; ; followed++) {
      const from = await this.ask(owner, type);
      const port = this.rules.port ?? (type === 'HTTPS' ? httpsPort : 0);
      const bindings = orderServiceBindings(from.answer.records, this.random);
      if (bindings.mode === 'service') return { places: placesOfBindings(bindings.bindings, port), from };
      if (bindings.mode === 'unavailable' || followed === limits.dnsAliasesBeside) return { places: [], from };
      owner = bindings.target;
    }
  }

  /** A host name and the configured port: every address is an instance. */
  private async host(target: string, port: number, srv: KnownAnswer): Promise<Placed> {
    const { answers, A, AAAA } = await this.askAddresses(target);
    const from = answers.find(({ answer }) => answer.outcome === 'records') ?? answers[0];
    if (!from || A.length + AAAA.length === 0) return { places: [], from: from ?? srv };
    return { places: [{ target, port, priority: 0, weight: undefined, alpn: [] }], from };
  }

  private async target(place: Place | BindingPlace, from: KnownAnswer): Promise<Resolved> {
    const { target } = place;
    const beside = recordsBeside(from, target);
    const metadata = await this.targetMetadata(target, beside.texts);
    const [preferred = 'A'] = addressTypes(this.rules.preference);
    if (beside.A.length + beside.AAAA.length > 0) this.evidence.noteTtl(beside.ttlMs);
    if (beside[preferred].length > 0) return { target, addresses: beside, metadata };
    try {
      return { target, addresses: await this.addresses(target, beside), metadata };
    } catch (error) {
      if (!isWorlds(error)) throw error;
      const hints = 'hints' in place ? place.hints : { A: [], AAAA: [] };
      const known = { A: [...beside.A, ...hints.A], AAAA: [...beside.AAAA, ...hints.AAAA] };
      const allowed = addressTypes(this.rules.preference).some((type) => known[type].length > 0);
      if (allowed) return { target, addresses: known, metadata };
      this.unresolved.push({ target, error });
      return { target, addresses: known, metadata, error };
    }
  }

  /** Asks for the preferred family, and for the other unless it came along. */
  private async addresses(target: string, beside: TargetAddresses): Promise<TargetAddresses> {
    const [preferred = 'A', other] = addressTypes(this.rules.preference);
    if (other === undefined || beside[other].length === 0) return this.askAddresses(target);
    const found = addressesIn((await this.ask(target, preferred)).answer.records, preferred);
    return { ...beside, [preferred]: found };
  }

  private askAddresses(target: string): Promise<HostAddresses> {
    return hostAddresses(addressTypes(this.rules.preference), (type) => this.ask(target, type));
  }

  private async targetMetadata(target: string, beside: readonly ResourceRecord[]): Promise<StringMap> {
    const { metadata } = this.rules;
    if (metadata === 'none') return {};
    if (metadata === 'instance') return withoutReserved(metadataOf(beside));
    return metadataOf(beside.length > 0 ? beside : await this.optional(target));
  }

  private async texts(): Promise<readonly InstanceText[]> {
    const { texts } = this.names;
    if (this.rules.metadata !== 'instance' || texts === undefined) return [];
    return (await this.optional(texts)).flatMap((record) => {
      const text = record.type === 'TXT' ? instanceText(record) : undefined;
      return text ? [text] : [];
    });
  }

  /**
   * TXT records. Where the service is does not hang on them: when they cannot be had, or only as they were, the set is as
   * good as without them, and says that they are missing. A filter judges by them, so for one they count like the rest.
   */
  private async optional(name: string): Promise<readonly ResourceRecord[]> {
    try {
      const known = await this.records.query(name, 'TXT', this.options);
      if (this.options.isFiltered || !known.stale) this.evidence.note(known);
      else if (known.error) this.unresolved.push({ target: name, error: known.error });
      return known.answer.records;
    } catch (error) {
      if (!isWorlds(error)) throw error;
      this.unresolved.push({ target: name, error });
      return [];
    }
  }

  /** No address at all, and not for lack of them: nobody could say. */
  private refuseWhenNothingIsKnown(resolved: readonly Resolved[]): void {
    const [first] = resolved;
    if (first?.error && resolved.every((one) => one.error !== undefined)) throw first.error;
  }
}

/** Servers rotate addresses, caches do not: whoever takes the first should not all take the same. */
function mixed({ A, AAAA }: TargetAddresses, random: Random): TargetAddresses {
  return { A: shuffled(A, random), AAAA: shuffled(AAAA, random) };
}

/** Consul's own notes about its node: `consul-version`, `consul-network-segment`. */
function withoutReserved(metadata: StringMap): StringMap {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith('consul-')));
}

function addressesIn(records: readonly ResourceRecord[], type: AddressType): string[] {
  return records.flatMap((record) => (record.type === type ? [record.address] : []));
}

const worldsCodes: readonly string[] = ['UNAVAILABLE', 'TIMEOUT', 'NOT_READY', 'RATE_LIMITED'];

/** Failures of servers and networks, as opposed to a caller that gave up or a mistake. */
function isWorlds(error: unknown): error is ServiceDiscoveryError {
  return isDiscoveryError(error) && worldsCodes.includes(error.code);
}
