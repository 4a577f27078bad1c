import { compareJson } from './compare-json.js';
import type { DnsAnswer } from './dns-ask.js';
import { type DnsText, dnsText } from './dns-text.js';
import type { Json, RecordedDns, Step } from './format.js';
import type { Placeholders } from './placeholders.js';

/** Code, flags and EDNS as they are; sections as sets, of which the additional one may have more. */
export function compareDns(recorded: RecordedDns, answer: DnsAnswer, step: Step, placeholders: Placeholders): string[] {
  const keepCase = step.keepCase ?? false;
  const text = dnsText(answer.packet, keepCase);
  const lines = (recordedLines: readonly string[] | undefined): readonly string[] | undefined =>
    keepCase ? recordedLines : recordedLines?.map(withFoldedOwner);
  const same = (wanted: Json | undefined, given: Json, what: string): string[] =>
    wanted === undefined
      ? []
      : compareJson(wanted, given, { placeholders, unordered: [`/${what}`], exact: [] }, [what]);
  return [
    ...same(recorded.rcode, text.rcode, 'rcode'),
    ...same(recorded.flags, text.flags, 'flags'),
    ...same(lines(recorded.question), text.question, 'question'),
    ...same(lines(recorded.answer), text.answer, 'answer'),
    ...same(lines(recorded.authority), text.authority, 'authority'),
    ...lacking(lines(recorded.additional) ?? [], text.additional, placeholders),
    ...same(recorded.answerCount, text.answer.length, 'answerCount'),
    ...same(recorded.answerTypes, text.answerTypes, 'answerTypes'),
    ...outOfRange(recorded.answerRange, text),
    ...(recorded.fits && answer.bytes > (step.count ?? Infinity)
      ? [`the message of ${answer.bytes} bytes does not fit ${step.count}`]
      : []),
    ...compareEdns(recorded.edns, text.edns),
  ];
}

/** Recordings keep the case that was asked. */
function withFoldedOwner(line: string): string {
  const space = line.indexOf(' ');
  return line.slice(0, space).toLowerCase() + line.slice(space);
}

function lacking(wanted: readonly string[], given: readonly string[], placeholders: Placeholders): string[] {
  const missing = wanted.filter((line) => !given.some((one) => placeholders.matches(line, one)));
  return missing.map((line) => `additional lacks ${line}; there are ${JSON.stringify(given)}`);
}

function outOfRange(range: RecordedDns['answerRange'], { answer }: DnsText): string[] {
  if (!range || (answer.length >= range[0] && answer.length <= range[1])) return [];
  return [`there are ${answer.length} answers, wanted ${range[0]} to ${range[1]}`];
}

function compareEdns(wanted: RecordedDns['edns'], given: DnsText['edns']): string[] {
  if (wanted === undefined) return [];
  if ((wanted === null) !== (given === null)) return [`an OPT record is ${given ? 'there' : 'missing'}`];
  if (!wanted?.ecs || JSON.stringify(wanted.ecs) === JSON.stringify(given?.ecs)) return [];
  return [`the client subnet is ${JSON.stringify(given?.ecs)}, wanted ${JSON.stringify(wanted.ecs)}`];
}
