import type { DnsAnswer } from './dns-ask.js';
import { dnsText } from './dns-text.js';
import type { Condition, Json, Step } from './format.js';
import type { HttpAnswer } from './http-call.js';
import { at } from './pointers.js';

/** What a step got, in whichever way it asked. */
export interface Outcome {
  readonly http?: HttpAnswer;
  readonly dns?: readonly DnsAnswer[];
}

/** Whether what `until` waits for has come. */
export function settled(conditions: readonly Condition[], outcome: Outcome): boolean {
  return conditions.every((condition) => holds(condition, outcome));
}

function holds(condition: Condition, { http, dns }: Outcome): boolean {
  const first = dns?.[0] && dnsText(dns[0].packet, false);
  if (condition.status !== undefined && http?.status !== condition.status) return false;
  if (condition.rcode !== undefined && first?.rcode !== condition.rcode) return false;
  if (condition.answers !== undefined && (first?.answer ?? []).length !== condition.answers) return false;
  if (condition.length !== undefined && sizeOf(http?.json) !== condition.length) return false;
  if (condition.at === undefined) return true;
  const value = at(http?.json, condition.at);
  if (condition.is !== undefined) return JSON.stringify(value) === JSON.stringify(condition.is);
  if (condition.not !== undefined) return JSON.stringify(value) !== JSON.stringify(condition.not);
  return typeof value === 'string' && value.startsWith(condition.starts ?? '');
}

function sizeOf(value: Json | undefined): number {
  return value !== null && typeof value === 'object' ? Object.keys(value).length : 0;
}

/** `header:name`, a JSON pointer, or a value that stands for itself. */
export function operand(text: string, answer: HttpAnswer): Json | undefined {
  if (text.startsWith('header:')) return answer.headers.get(text.slice('header:'.length));
  return text === '' || text.startsWith('/') ? at(answer.json, text) : text;
}

/** A number and the same number in a header are one. */
function plain(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `left > right`, `left == right`, `left != right`. */
function relation(text: string, answer: HttpAnswer): boolean {
  const [left = '', operator, right = ''] = text.split(' ');
  const [a, b] = [plain(operand(left, answer)), plain(operand(right, answer))];
  switch (operator) {
    case '>':
      return BigInt(a) > BigInt(b);
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    default:
      throw new Error(`"${text}" is no relation`);
  }
}

/** The facts that a step's rules ask for, to be compared with the recorded ones. */
export function factsOf(step: Step, answer: HttpAnswer): Record<string, boolean | string> {
  const facts = Object.entries(step.rel ?? {}).map(([name, text]) => [name, relation(text, answer)] as const);
  return {
    ...Object.fromEntries(facts),
    ...(step.took ? { took: inTime(step.took, answer.tookMs) } : {}),
    ...(step.bodyHas ? { bodyHas: step.bodyHas.every((part) => answer.body.includes(part)) } : {}),
  };
}

function inTime([least, most]: readonly [number, number], tookMs: number): string {
  return tookMs >= least && tookMs <= most ? 'in time' : `${tookMs.toFixed(0)} ms, wanted ${least} to ${most}`;
}
