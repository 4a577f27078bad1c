import type { CatalogDeregistration, CatalogRegistration, CatalogView } from '../../model/index.js';
import type { Origin } from '../messages.js';

/**
 * Whose rows a catalog command touches. A row that is there is its origin's; a new one is of whoever owns what it hangs
 * on: a check on an instance, an instance on a node; a new node is of the agent that is asked first.
 */
export interface RegistrationPart {
  readonly origin: Origin;
  readonly body: CatalogRegistration;
}

type Check = NonNullable<CatalogRegistration['Check']>;

/** Usually one. When rows of one body belong to several, each is told of its own, the node's owner first. */
export function registrationParts(catalog: CatalogView, self: Origin, body: CatalogRegistration): RegistrationPart[] {
  const node = body.Node ?? '';
  const ofNode = catalog.node(node)?.origin ?? self;
  const ofService = originOfService(catalog, node, idOf(body.Service), ofNode);
  const checks = [...(body.Check ? [body.Check] : []), ...(body.Checks ?? [])].map((check) => ({
    check,
    origin: originOfCheck(catalog, node, check, body, ofNode, ofService),
  }));
  const touched = [ofNode, ...(body.Service ? [ofService] : []), ...checks.map(({ origin }) => origin)];
  const touchesNode = body.SkipNodeUpdate !== true || touched.length === 1;
  const origins = new Set(touchesNode ? touched : touched.slice(1));
  if (origins.size === 1) return [{ origin: [...origins][0] as Origin, body }];
  return Array.from(origins, (origin) => ({
    origin,
    body: {
      ...body,
      SkipNodeUpdate: body.SkipNodeUpdate === true || origin !== ofNode,
      Service: origin === ofService ? body.Service : undefined,
      Check: undefined,
      Checks: checks.filter((one) => one.origin === origin).map(({ check }) => check),
    },
  }));
}

/**
 * Every origin with a row that the deregistration would take away, that of the node last; none when there is nothing left
 * to take.
 */
export function deregistrationOrigins(catalog: CatalogView, body: CatalogDeregistration): ReadonlySet<Origin> {
  const { Node: node = '', ServiceID: serviceId = '', CheckID: checkId = '' } = body;
  if (serviceId !== '') return new Set(serviceRows(catalog, node, serviceId));
  if (checkId !== '') return new Set(checkRows(catalog, node, checkId));
  const row = catalog.node(node);
  const others = [...catalog.servicesOf(node), ...catalog.checksOf(node)].filter(
    ({ origin }) => origin !== row?.origin,
  );
  return new Set([...others, ...(row ? [row] : [])].map(({ origin }) => origin));
}

/** The registry finds ids whatever their case, an exact match first. */
function serviceRows(catalog: CatalogView, node: string, id: string): Origin[] {
  const row = catalog.service(node, id) ?? Array.from(catalog.servicesOf(node)).find((one) => sameText(one.id, id));
  if (!row) return [];
  return [row.origin, ...Array.from(catalog.checksOfService(node, row.id), ({ origin }) => origin)];
}

function checkRows(catalog: CatalogView, node: string, id: string): Origin[] {
  const row = catalog.check(node, id) ?? Array.from(catalog.checksOf(node)).find((one) => sameText(one.checkId, id));
  return row ? [row.origin] : [];
}

function originOfService(catalog: CatalogView, node: string, id: string, ofNode: Origin): Origin {
  return catalog.service(node, id)?.origin ?? ofNode;
}

function originOfCheck(
  catalog: CatalogView,
  node: string,
  check: Check,
  body: CatalogRegistration,
  ofNode: Origin,
  ofService: Origin,
): Origin {
  const row = catalog.check(node, check.CheckID || check.Name || '');
  if (row) return row.origin;
  const serviceId = check.ServiceID ?? '';
  if (serviceId === '') return ofNode;
  return serviceId === idOf(body.Service) ? ofService : originOfService(catalog, node, serviceId, ofNode);
}

function idOf(service: CatalogRegistration['Service']): string {
  return service?.ID || service?.Service || '';
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
