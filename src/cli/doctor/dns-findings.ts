import { lookup } from 'node:dns/promises';
import type { ConsulClient } from '../../consul/index.js';
import { mapAtOnce } from '../../runtime/index.js';
import type { DnsPlace } from '../dns-address.js';
import { askTcp, askUdp, type DnsReply } from '../dns-client.js';
import { hostPort, plural } from '../output/words.js';
import { ok, problem, warning, why, type Finding } from './finding.js';

/** How many services are looked at for cut answers. */
const SERVICES = 50;

/** The way from a program's question to the agent's answer, piece by piece. */
export async function lookAtDns(agent: ConsulClient, place: DnsPlace): Promise<Finding[]> {
  const at = hostPort(place.server.host, place.server.port);
  const udp = await transport('UDP', at, () => askUdp(place.server, { name: place.domain, type: 'SOA' }));
  const tcp = await transport('TCP', at, () => askTcp(place.server, { name: place.domain, type: 'SOA' }));
  const answering = udp.level === 'ok' && tcp.level === 'ok';
  return [udp, tcp, ...(answering ? [await cutAnswers(agent, place)] : []), await systemResolver(place)];
}

async function transport(name: 'UDP' | 'TCP', at: string, ask: () => Promise<DnsReply>): Promise<Finding> {
  const subject = `DNS over ${name}`;
  try {
    const { message, tookMs } = await ask();
    if (message.rcode === 0) return ok(subject, `${at} answers in ${tookMs.toFixed(1)} ms`);
    return problem(
      subject,
      `${at} answers, but not for this domain`,
      'Something else listens there; name the agent’s DNS with --dns-addr.',
    );
  } catch (error) {
    return problem(subject, why(error), `Is DNS on (ports.dns), and does a firewall let ${name} through to ${at}?`);
  }
}

/**
 * Answers that do not fit are cut, and by Consul's default the TC bit that would make a client ask again over TCP is not
 * set: clients see a part of the instances and cannot know it.
 */
async function cutAnswers(agent: ConsulClient, { server, domain }: DnsPlace): Promise<Finding> {
  const names = Object.keys((await agent.catalog.services()).value).slice(0, SERVICES);
  const cut = await mapAtOnce(names, 8, async (service) => {
    const question = { name: `${service}.service.${domain}`, type: 'SRV' };
    const [udp, tcp] = await Promise.all([askUdp(server, question), askTcp(server, question)]);
    const [got, all] = [udp.message.answers.length, tcp.message.answers.length];
    return got < all && !udp.message.truncated ? [`${service} (${got} of ${all})`] : [];
  }).catch(() => []);
  const found = cut.flat();
  if (found.length === 0) return ok('DNS answers', 'none is cut without saying so');
  return warning(
    'DNS answers',
    `over plain UDP ${plural(found.length, 'service is', 'services are')} cut silently: ${found.slice(0, 5).join(', ')}`,
    'Set dns_config.enable_truncate so that clients ask again over TCP, or let them use EDNS.',
  );
}

async function systemResolver({ domain }: DnsPlace): Promise<Finding> {
  const name = `consul.service.${domain}`;
  try {
    const { address } = await lookup(name);
    return ok('system resolver', `knows ${name} (${address})`);
  } catch {
    const advice = `Forward ${domain} to the agent (systemd-resolved, dnsmasq, unbound), or let programs ask it directly.`;
    return warning(
      'system resolver',
      `does not know ${name}: programs of this machine cannot use the names yet`,
      advice,
    );
  }
}
