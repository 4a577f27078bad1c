import type { ConsulClient } from '../../consul/index.js';
import { plural } from '../output/words.js';
import { ok, problem, warning, why, type Finding } from './finding.js';

/** What of `agent/self` is looked at beyond what every agent tells. An agent of Consul tells less. */
export interface AgentFacts {
  readonly DiscoveryVersion?: string;
  readonly DevMode?: boolean;
  readonly DataDir?: string;
  readonly SnapshotIntervalMs?: number;
  readonly HTTPAddrs?: readonly string[] | null;
  readonly EnableRemoteScriptChecks?: boolean;
}

const SKEW_MS = 2_000;
const LOOPBACK = /^(tcp:\/\/)?(127\.|\[::1\]|unix:)/;

/** What the agent tells of itself, undefined when it does not answer, and what was found on the way. */
export async function lookAtAgent(
  agent: ConsulClient,
): Promise<{ readonly facts: AgentFacts | undefined; readonly findings: readonly Finding[] }> {
  try {
    const answer = await agent.agent.self({ timeoutMs: 3_000 });
    const self = answer.value;
    const facts = (self.DebugConfig ?? {}) as AgentFacts;
    const ours = facts.DiscoveryVersion;
    const kind = ours === undefined ? `Consul ${self.Config.Version}` : `datapunk ${ours}`;
    const findings = [
      ok('agent', `${kind} answers at ${answer.address}: node ${self.Config.NodeName} in ${self.Config.Datacenter}`),
      clock(answer.header('date')),
      ...(await readiness(agent)),
      ...(await checks(agent)),
      ...exposure(facts),
    ];
    return { facts, findings };
  } catch (error) {
    const advice = 'Start one with "datapunk agent", or name its address with --http-addr or CONSUL_HTTP_ADDR.';
    return { facts: undefined, findings: [problem('agent', why(error), advice)] };
  }
}

function clock(date: string | undefined): Finding {
  const theirs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return ok('clock', 'the agent does not tell its time');
  // The header has whole seconds, so up to one of the difference is rounding.
  const skewMs = Math.abs(Date.now() - theirs - 500);
  if (skewMs <= SKEW_MS) return ok('clock', 'the agent’s and this machine’s agree');
  const says = `the agent’s clock and this machine’s differ by ${Math.round(skewMs / 1000)} s`;
  return warning(
    'clock',
    says,
    'Let both follow a time server (chrony, systemd-timesyncd): times in logs and histories mislead otherwise.',
  );
}

async function readiness(agent: ConsulClient): Promise<Finding[]> {
  const answer = await agent.call('GET', '/readyz', { accept: [404, 503] });
  if (answer.status === 404) return [];
  if (answer.status === 200) return [ok('readiness', 'the agent is ready')];
  return [
    problem('readiness', answer.value.toString('utf8').trim(), 'Wait a moment; if it stays so, its log says why.'),
  ];
}

async function checks(agent: ConsulClient): Promise<Finding[]> {
  const { value: critical } = await agent.health.state('critical');
  if (critical.length === 0) return [ok('checks', 'none is critical')];
  const names = critical.slice(0, 3).map((check) => check.Name || check.CheckID);
  const says = `${plural(critical.length, 'check is', 'checks are')} critical: ${names.join(', ')}${critical.length > 3 ? '…' : ''}`;
  return [warning('checks', says, '"datapunk health" shows them all, with their output.')];
}

function exposure({ HTTPAddrs, EnableRemoteScriptChecks }: AgentFacts): Finding[] {
  const open = (HTTPAddrs ?? []).filter((address) => !LOOPBACK.test(address));
  if (open.length === 0) return [];
  const scripts = EnableRemoteScriptChecks === true;
  const advice = 'Listen on 127.0.0.1, or let a firewall or a proxy decide who may connect.';
  const says = `everybody who reaches ${open.join(', ')} may change everything`;
  return scripts
    ? [
        problem(
          'exposure',
          `${says} and run programs here (enable_script_checks)`,
          `${advice} Use enable_local_script_checks.`,
        ),
      ]
    : [warning('exposure', says, advice)];
}
