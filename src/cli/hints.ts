import type { ServiceDiscoveryError } from '../model/index.js';

/** What can be done about an agent that does not answer. What it answers says itself what to do. */
export function hintOf({ code, details }: ServiceDiscoveryError): string | undefined {
  if (details.hint !== undefined) return details.hint;
  const isOfTheWay = details['address'] !== undefined && details['httpStatus'] === undefined;
  if (!isOfTheWay || details['untrusted'] === true) return undefined;
  if (code === 'UNAVAILABLE') {
    return 'Start one with "datapunk agent --dev", or name its address with --http-addr or CONSUL_HTTP_ADDR.';
  }
  return code === 'TIMEOUT' ? 'Look at the log of the agent, or try "datapunk doctor".' : undefined;
}
