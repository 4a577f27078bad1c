import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { compareDns } from './compare-dns.js';
import { compareHttp } from './compare-http.js';
import { compareJson } from './compare-json.js';
import { factsOf, operand, type Outcome, settled } from './conditions.js';
import { ask, type DnsServer } from './dns-ask.js';
import { dnsText } from './dns-text.js';
import type { Json, Recorded, Recording, Scenario, Step } from './format.js';
import { call, type HttpAnswer } from './http-call.js';
import { Listeners } from './listeners.js';
import { Placeholders } from './placeholders.js';
import { Variables } from './variables.js';

/** The agent under test. */
export interface Subject {
  readonly origin: URL;
  readonly dns: DnsServer;
  readonly node: string;
}

const SETTLE_WITHIN_MS = 10_000;
const SETTLE_EVERY_MS = 100;
const PENDING_AFTER_MS = 200;

/** Plays a scenario and compares every answer with its recording; gives a line for each difference. */
export async function play(scenario: Scenario, recording: Recording, subject: Subject): Promise<readonly string[]> {
  const stage = new Stage(scenario, recording, subject);
  try {
    return await stage.playAll();
  } finally {
    await stage.leave();
  }
}

class Stage {
  private readonly variables = new Variables();
  private readonly placeholders = new Placeholders();
  private readonly listeners = new Listeners();
  private readonly background = new Map<
    string,
    { readonly answer: Promise<HttpAnswer>; done: boolean; readonly step: Step }
  >();

  constructor(
    private readonly scenario: Scenario,
    private readonly recording: Recording,
    private readonly subject: Subject,
  ) {
    const run = randomBytes(4).toString('hex');
    this.variables.set('run', run);
    this.variables.set('node', subject.node);
    this.placeholders.name('run', run);
    this.placeholders.name('node', subject.node);
  }

  async playAll(): Promise<readonly string[]> {
    const all: string[] = [];
    for (const [place, raw] of this.scenario.steps.entries()) {
      const id = raw.id ?? `step ${place + 1}`;
      const differences = await this.playStep(raw).catch((error: unknown) => [String(error)]);
      all.push(...differences.map((difference) => `${id}: ${difference}`));
    }
    return all;
  }

  async leave(): Promise<void> {
    for (const step of this.scenario.cleanup) await this.cleanUp(step).catch(() => {});
    for (const { answer } of this.background.values()) answer.catch(() => {});
    await this.listeners.closeAll();
  }

  /** Fails where the scenario did not come as far as what is cleaned up here. */
  private async cleanUp(step: Step): Promise<void> {
    await call(this.subject.origin, this.variables.substitute(step));
  }

  private async playStep(raw: Step): Promise<readonly string[]> {
    const step = this.variables.substitute(raw.plain ? raw : { ...this.scenario.defaults, ...raw });
    const recorded = this.recording.get(raw.id ?? '');
    if (step.http !== undefined && step.bg) return this.begin(step);
    if (step.http !== undefined || step.dns !== undefined || step.batch || step.rawHex !== undefined) {
      return this.judge(await this.outcomeOf(step), recorded, step);
    }
    if (step.collect !== undefined)
      return this.judge({ http: await this.collected(step.collect, step) }, recorded, this.likeBackground(step));
    if (step.pending !== undefined) return this.stillPending(step.pending, step.after);
    if (step.seen !== undefined) return this.seen(step.seen, recorded, step);
    await this.arrange(step);
    return [];
  }

  /** Steps that change the surroundings and have nothing to compare. */
  private async arrange(step: Step): Promise<void> {
    if (step.listen) {
      const { port, address } = await this.listeners.start(step.listen);
      this.variables.set(`${step.listen.name}.port`, port);
      this.placeholders.name(step.listen.name, address);
    }
    if (step.listenSet) this.listeners.change(step.listenSet);
    if (step.listenClose !== undefined) await this.listeners.stop(step.listenClose);
    if (step.sleep !== undefined) await delay(step.sleep);
  }

  private begin(step: Step): readonly string[] {
    const entry = { answer: call(this.subject.origin, step), done: false, step };
    entry.answer.then(
      () => (entry.done = true),
      () => (entry.done = true),
    );
    this.background.set(step.id ?? '', entry);
    return [];
  }

  private async stillPending(id: string, afterMs = PENDING_AFTER_MS): Promise<readonly string[]> {
    await delay(afterMs);
    return this.background.get(id)?.done ? [`${id} is answered already`] : [];
  }

  private async collected(id: string, { within = SETTLE_WITHIN_MS }: Step): Promise<HttpAnswer> {
    const entry = this.background.get(id);
    if (!entry) throw new Error(`there is no background call ${id}`);
    const late = new AbortController();
    const timeout = delay(within, undefined, { signal: late.signal }).then(() => {
      throw new Error(`${id} was not answered within ${within} ms`);
    });
    timeout.catch(() => {});
    return Promise.race([entry.answer, timeout]).finally(() => late.abort());
  }

  /** Which maps are exact depends on the path that was asked. */
  private likeBackground(step: Step): Step {
    const http = this.background.get(step.collect ?? '')?.step.http;
    return http === undefined ? step : { ...step, http };
  }

  private async outcomeOf(step: Step): Promise<Outcome> {
    const until = performance.now() + (step.within ?? SETTLE_WITHIN_MS);
    for (;;) {
      const outcome = await this.once(step);
      if (!step.until || settled(step.until, outcome)) return outcome;
      if (performance.now() > until) return outcome;
      await delay(step.every ?? SETTLE_EVERY_MS);
    }
  }

  private async once(step: Step): Promise<Outcome> {
    if (step.http !== undefined) return { http: await call(this.subject.origin, step) };
    return { dns: await ask(this.subject.dns, step) };
  }

  private async judge(outcome: Outcome, recorded: Recorded | undefined, step: Step): Promise<readonly string[]> {
    if (step.until && !settled(step.until, outcome)) {
      return [
        `did not settle: ${JSON.stringify(step.until)}; last: ${outcome.http?.body.toString().slice(0, 300) ?? 'DNS'}`,
      ];
    }
    this.capture(outcome, step);
    if (!recorded) return [];
    const differences = [
      ...this.compareOrForget(outcome, recorded, step),
      ...(await this.compareFacts(outcome, recorded, step)),
    ];
    if (differences.length === 0) return [];
    const passes = ({ textRule, ...also }: NonNullable<Step['also']>[number]): boolean =>
      this.compareOrForget(outcome, also, { ...step, textRule }).length === 0;
    return step.also?.some(passes) ? [] : differences;
  }

  /** Identities met in an answer that does not match are not taken for known. */
  private compareOrForget(outcome: Outcome, recorded: Recorded, step: Step): readonly string[] {
    let differences: readonly string[] = [];
    this.placeholders.attempt(() => {
      differences = this.compare(outcome, recorded, step);
      return differences.length === 0;
    });
    return differences;
  }

  private compare({ http, dns }: Outcome, recorded: Recorded, step: Step): readonly string[] {
    if (http) return compareHttp(recorded, http, step, this.placeholders);
    const wanted = recorded.batch ?? (recorded.dns ? [recorded.dns] : []);
    return wanted.flatMap((one, place) => {
      const answer = dns?.[place];
      return answer ? compareDns(one, answer, step, this.placeholders) : ['an answer is missing'];
    });
  }

  private async compareFacts({ http, dns }: Outcome, { facts = {} }: Recorded, step: Step): Promise<readonly string[]> {
    const given = http ? factsOf(step, http) : await this.dnsFacts(dns?.[0] && answersOf(dns[0]), step);
    return Object.entries(facts)
      .filter(([name, wanted]) => given[name] !== wanted)
      .map(([name, wanted]) => `${name} is ${given[name]}, wanted ${wanted}`);
  }

  private async dnsFacts(answers: readonly string[] = [], step: Step): Promise<Record<string, boolean | string>> {
    const facts: Record<string, boolean> = {};
    if (step.subsetOf !== undefined) {
      const all = this.variables.get(step.subsetOf) as readonly string[];
      facts['subset'] = answers.every((answer) => all.includes(answer));
      facts['distinct'] = new Set(answers).size === answers.length;
    }
    if (step.varies !== undefined) facts['varies'] = await this.varies(answers, step, step.varies);
    return facts;
  }

  private async varies(answers: readonly string[], step: Step, times: number): Promise<boolean> {
    for (let turn = 0; turn < times; turn++) {
      const [again] = await ask(this.subject.dns, step);
      if (again && answersOf(again).join() !== answers.join()) return true;
    }
    return false;
  }

  private capture({ http, dns }: Outcome, { capture = {} }: Step): void {
    for (const [name, from] of Object.entries(capture)) {
      const value = http ? operand(from, http) : dns?.[0] && answersOf(dns[0]);
      if (value === undefined) throw new Error(`there is nothing to capture at ${from}`);
      this.variables.set(name, value);
    }
  }

  private seen(name: string, recorded: Recorded | undefined, step: Step): readonly string[] {
    if (step.requests) {
      const [least, most] = step.requests;
      const count = this.listeners.requestsSeen(name);
      return count >= least && count <= most ? [] : [`${name} had ${count} requests, wanted ${least} to ${most}`];
    }
    const request = this.listeners.lastRequest(name, step.pick ?? []);
    return compareJson(recorded?.request ?? null, request, {
      placeholders: this.placeholders,
      unordered: [],
      exact: [],
    });
  }
}

function answersOf(answer: { readonly packet: Parameters<typeof dnsText>[0] }): readonly string[] & Json {
  return dnsText(answer.packet, false).answer;
}
