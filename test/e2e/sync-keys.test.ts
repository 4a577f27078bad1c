/** The secret that agents share: whoever has it is met, whoever has not is refused and told. */
import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { Mesh } from '../support/mesh.js';

let mesh: Mesh | undefined;
afterEach(() => mesh?.[Symbol.asyncDispose]());

const key = (): string => randomBytes(32).toString('base64');

test('agents with the same key meet; one with another, and one with none, are refused, and both sides say why', async () => {
  const [ours, theirs] = [key(), key()];
  const keys = [ours, ours, theirs, undefined];
  mesh = await Mesh.prepare({
    count: 4,
    config: (i) => (keys[i] === undefined ? {} : { encrypt: keys[i] }),
  });
  await mesh.startAll();
  const [first, second, stranger, open] = [mesh.at(0), mesh.at(1), mesh.at(2), mesh.at(3)];
  await mesh.whole([first, second]);
  await first.json('PUT /v1/agent/service/register', { Name: 'api', Port: 1 });
  await mesh.agree('api', (agent) => agent.passing('api'), ['api'], { agents: [first, second] });
  for (const outsider of [stranger, open]) {
    await expect.poll(() => outsider.log()).toMatch(/key/);
    expect(await outsider.members()).toEqual([`${outsider.name} alive`]);
    expect(await outsider.nodes()).toEqual([outsider.name]);
  }
  await expect.poll(() => first.log() + second.log()).toMatch(/key/);
  for (const agent of [first, second]) expect(await agent.members()).toEqual(['n0 alive', 'n1 alive']);
}, 60_000);

test('agents on ::1 alone meet too', async () => {
  mesh = await Mesh.start({ count: 3, family: 'ipv6', memory: true });
  await mesh.at(2).json('PUT /v1/agent/service/register', { Name: 'six', Address: '::1', Port: 6 });
  await mesh.agree('six', (agent) => agent.passing('six'), ['six']);
}, 60_000);
