import { describe, expect, test } from 'vitest';
import { MemberMesh, memberInfo, type MeshAgent } from '../../testing/member-mesh.js';
import type { MemberInfo } from '../messages.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at + 1));

function meshOf(count: number): MemberMesh {
  const mesh = MemberMesh.of(names(count));
  mesh.run(2_000);
  return mesh;
}

/** What the running agents hold of that one, each answer once. */
function states(mesh: MemberMesh, name: string): (string | undefined)[] {
  const running = [...mesh.agents.values()].filter((agent) => agent.isRunning && agent.name !== name);
  return [...new Set(running.map((agent) => agent.state(name)))];
}

const told = (agent: MeshAgent, name: string): string[] =>
  agent.notices.flatMap((notice) => (notice.type === 'member' && notice.node === name ? [notice.state] : []));

describe('who is there', () => {
  test('agents that know one seed find each other', () => {
    const mesh = new MemberMesh();
    for (const name of names(5)) mesh.start(memberInfo(name), { seeds: ['1'] });
    mesh.run(3_000);
    for (const agent of mesh.agents.values()) {
      expect(agent.members.peers().map(({ node }) => node)).toEqual(names(5).filter((name) => name !== agent.name));
      expect(agent.members.summaryHash()).toEqual(mesh.get('1').members.summaryHash());
    }
  });

  test('news reaches also whom its bearer is not connected to', () => {
    const mesh = meshOf(4);
    mesh.cut('1', '4');
    mesh.cut('4', '1');
    mesh.get('1').act((_, context) => mesh.get('1').own.raiseAbove(5_000, context, { primary: '1' }));
    mesh.run(100);
    expect(mesh.get('4').view('1')?.info).toMatchObject({ inc: 5_001, primary: '1' });
  });

  test('what was lost on the way is found by comparing summaries', () => {
    const mesh = meshOf(3);
    const [first, second] = [mesh.get('1'), mesh.get('2')];
    mesh.partition(['1'], ['2', '3']);
    first.act((_, context) => first.own.raiseAbove(5_000, context));
    mesh.run(100);
    mesh.heal();
    const summary = { type: 'summary', hash: [0, 0], members: first.members.summaryHash() } as const;
    second.act((members, context) => members.message('id-1', summary, context));
    mesh.run(100);
    expect(second.view('1')?.info.inc).toBe(5_001);
    expect(second.members.summaryHash()).toEqual(first.members.summaryHash());
    const sent = second.sent;
    second.act((members, context) => {
      members.message('id-1', { ...summary, members: first.members.summaryHash() }, context);
    });
    expect(second.sent).toBe(sent);
  });

  test('round trips are measured, however late the echo comes', () => {
    const mesh = MemberMesh.of(names(8), { latencyMs: 15 });
    mesh.run(20_000);
    for (const name of names(8).slice(1)) expect(mesh.get('1').view(name)?.rttMs).toBe(30);
  });

  test('what cannot be is dropped and counted', () => {
    const mesh = meshOf(2);
    const agent = mesh.get('1');
    const bad = { ...memberInfo('3'), port: -1 };
    agent.act((members, context) =>
      members.message('id-2', { type: 'members', members: [bad, memberInfo('4')], answer: false }, context),
    );
    expect(agent.members.counters()).toMatchObject({ invalidMembers: 1 });
    expect([agent.state('3'), agent.state('4')]).toEqual([undefined, 'alive']);
  });

  test('messages of strangers are ignored', () => {
    const agent = meshOf(2).get('1');
    agent.act((members, context) =>
      members.message('id-9', { type: 'members', members: [memberInfo('4')], answer: false }, context),
    );
    expect(agent.state('4')).toBeUndefined();
  });
});

describe('what is remembered', () => {
  test('the first peer of the datacenter at once, all others with the next batch', () => {
    const mesh = MemberMesh.of(['1', '2', '3']);
    mesh.run(2_000);
    const agent = mesh.get('1');
    expect(agent.synced).toHaveLength(1);
    expect([...agent.documents.keys()].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['member/id-2', 'member/id-3']);
  });

  test('a peer of another datacenter is not the first', () => {
    const mesh = new MemberMesh();
    mesh.start(memberInfo('1'));
    mesh.start(memberInfo('2', { datacenter: 'dc2' }));
    mesh.run(2_000);
    expect(mesh.get('1').synced).toEqual([]);
    expect([...mesh.get('1').documents.keys()]).toEqual(['member/id-2']);
    expect(mesh.get('1').members.home().origin).toBe('id-1');
  });

  test('an agent that starts alone again knows whom it knew, and that it is no home', () => {
    const mesh = meshOf(3);
    for (const agent of mesh.agents.values()) agent.crash();
    mesh.run(1_000);
    const again = mesh.get('1').restart();
    expect(again.members.home().problem).toMatch(/no primary_node/);
    expect([again.state('2'), again.state('3')]).toEqual(['alive', 'alive']);
    mesh.run(2_000);
    expect([again.state('2'), again.view('2')?.reason]).toEqual(['suspect', 'not heard of since this agent started']);
    expect(again.members.protectedMode().active).toBe(true);
    mesh.run(200_000);
    expect(again.state('2')).toBe('suspect');
    mesh.get('2').restart();
    mesh.run(6_000);
    expect(again.state('2')).toBe('alive');
  });

  test('a later incarnation is known by all, an earlier one is told of the later', () => {
    const mesh = meshOf(3);
    mesh.get('1').crash();
    mesh.run(100);
    const again = mesh.get('1').restart({ inc: 7 });
    mesh.run(2_000);
    expect(again.own.info.inc).toBe(1_001);
    expect(mesh.get('2').view('1')).toMatchObject({ state: 'alive', info: { inc: 1_001 } });
    expect(again.synced).toContainEqual(expect.objectContaining({ row: expect.objectContaining({ id: 'own' }) }));
  });

  test('an agent comes back under another address', () => {
    const mesh = meshOf(3);
    mesh.get('1').crash();
    mesh.run(100);
    mesh.get('1').restart({ host: '10.9.9.9' });
    mesh.run(2_000);
    expect(mesh.get('2').view('1')).toMatchObject({ state: 'alive', info: { host: '10.9.9.9' } });
    expect(mesh.get('2').members.peers()).toHaveLength(2);
  });
});

const many = (count: number, left: boolean): MemberInfo[] =>
  Array.from({ length: count }, (_, at) =>
    memberInfo(`m${at}`, { datacenter: `dc${at % 7}x`, inc: left ? 2 : 1, left }),
  );

function tell(agent: MeshAgent, members: readonly MemberInfo[]): void {
  for (let at = 0; at < members.length; at += 256) {
    const part = members.slice(at, at + 256);
    agent.act((target, context) => target.message('id-2', { type: 'members', members: part, answer: false }, context));
  }
}

describe('bounds', () => {
  test('so many agents are known and no more', () => {
    const agent = meshOf(2).get('1');
    tell(agent, many(1_200, false));
    expect([...agent.members.all()]).toHaveLength(999);
    expect(agent.members.counters()).toMatchObject({ refusedMembers: 202 });
    expect(agent.members.admit(memberInfo('99'))?.code).toBe('busy');
  });

  test('so many that left are remembered, the latest', () => {
    const agent = meshOf(2).get('1');
    for (let times = 0; times < 2; times++) {
      const some = many(900, false).map((info) => ({
        ...info,
        origin: `${info.origin}-${times}`,
        node: `${times}${info.node}`,
      }));
      tell(agent, some);
      tell(
        agent,
        some.map((info) => ({ ...info, left: true })),
      );
    }
    expect([...agent.members.all()].filter(({ state }) => state === 'left')).toHaveLength(1_000);
    expect(agent.documents.size).toBe(1_001);
    expect(agent.members.of('id-m0-0')).toBeUndefined();
    expect(agent.members.of('id-m0-1')?.state).toBe('left');
  });

  test('two agents with one id do not race each other', () => {
    const mesh = meshOf(3);
    const agent = mesh.get('1');
    for (let at = 0; at < 50; at++) {
      const members = [{ ...agent.own.info, host: '10.9.9.9', inc: agent.own.info.inc + 1 }];
      agent.act((target, context) => target.message('id-2', { type: 'members', members, answer: false }, context));
      mesh.run(100);
    }
    expect(agent.own.info.inc).toBeLessThanOrEqual(1_000 + 2 * 6);
    expect(agent.own.info.inc).toBeGreaterThan(1_000);
    expect(mesh.get('2').members.admit({ ...agent.own.info, host: '10.9.9.9' })?.reason).toMatch(
      /copied data directory/,
    );
  });
});

describe('who leaves', () => {
  test('by its own word is gone for all, and its incarnation does not return', () => {
    const mesh = meshOf(3);
    const [first, second] = [mesh.get('1'), mesh.get('2')];
    const before = first.own.info;
    first.act((members, context) => members.leave(context));
    expect(first.members.of('id-1')?.state).toBe('leaving');
    mesh.run(10);
    expect(states(mesh, '1')).toEqual(['left']);
    first.crash();
    mesh.run(10_000);
    expect(told(second, '1')).toEqual(['alive', 'left']);
    expect(second.changes).toEqual(['1 alive', '3 alive', '1 left']);
    expect(second.members.isLive('id-1')).toBe(false);
    expect(second.members.wanted().map(({ node }) => node)).toEqual(['3']);
    second.act((members, context) =>
      members.message('id-3', { type: 'members', members: [before], answer: false }, context),
    );
    expect(second.state('1')).toBe('left');
  });

  test('may come back under a later incarnation', () => {
    const mesh = meshOf(3);
    mesh.get('1').act((members, context) => members.leave(context));
    mesh.run(10);
    mesh.get('1').crash();
    mesh.get('1').restart({ left: false });
    mesh.run(2_000);
    expect(states(mesh, '1')).toEqual(['alive']);
  });

  test('a peer that was away hears of it from others', () => {
    const mesh = meshOf(4);
    mesh.partition(['4'], ['1', '2', '3']);
    mesh.get('1').act((members, context) => members.leave(context));
    mesh.run(10);
    mesh.get('1').crash();
    mesh.agents.delete('1');
    mesh.get('4').crash();
    mesh.heal();
    const again = mesh.get('4').restart();
    expect(again.members.of('id-1')?.state).toBe('alive');
    mesh.run(1_000);
    expect(again.members.of('id-1')?.state).toBe('left');
  });

  test('a dead one by the word of an operator', () => {
    const mesh = meshOf(4);
    mesh.get('1').crash();
    mesh.run(2_000);
    expect(states(mesh, '1')).toEqual(['dead']);
    mesh.get('2').act((members, context) => members.forceLeave('id-1', false, context));
    mesh.run(10);
    expect(states(mesh, '1')).toEqual(['left']);
    expect(mesh.get('2').view('1')?.reason).toBe('declared gone at 2');
    expect([...mesh.get('2').members.all()]).toHaveLength(3);
    mesh.get('2').act((members, context) => members.forceLeave('id-1', true, context));
    expect([...mesh.get('2').members.all()]).toHaveLength(2);
  });

  test('one that lives says otherwise', () => {
    const mesh = meshOf(4);
    mesh.get('2').act((members, context) => members.forceLeave('id-1', false, context));
    mesh.run(100);
    expect(states(mesh, '1')).toEqual(['alive']);
    expect(mesh.get('1').own.info.inc).toBe(1_001);
    expect(told(mesh.get('3'), '1')).toEqual(['alive', 'left', 'alive']);
  });

  test('one that was cut off when it was declared gone says so when it is back', () => {
    const mesh = meshOf(4);
    mesh.partition(['1'], ['2', '3', '4']);
    mesh.run(20_000);
    mesh.get('2').act((members, context) => members.forceLeave('id-1', false, context));
    mesh.run(5_000);
    mesh.heal();
    mesh.run(30_000);
    expect(states(mesh, '1')).toEqual(['alive']);
  });

  test('the dead are forgotten after reconnect_timeout, by all together', () => {
    const mesh = MemberMesh.of(names(4), { settings: { reconnectTimeoutMs: 60_000 } });
    mesh.run(2_000);
    mesh.get('1').crash();
    mesh.run(60_000);
    expect(states(mesh, '1')).toEqual(['dead']);
    mesh.run(2_000);
    expect(states(mesh, '1')).toEqual(['left']);
    const all = ['2', '3', '4'].map((name) => told(mesh.get(name), '1').at(-1));
    expect(all).toContain('forgotten');
  });

  test('a restart of those who remember does not begin that time anew', () => {
    const mesh = MemberMesh.of(names(4), { settings: { reconnectTimeoutMs: 600_000 } });
    mesh.run(2_000);
    mesh.get('1').crash();
    mesh.run(400_000);
    for (const name of ['2', '3', '4']) mesh.get(name).crash();
    mesh.run(100_000);
    for (const name of ['2', '3', '4']) mesh.get(name).restart();
    mesh.run(20_000);
    expect(states(mesh, '1')).toEqual(['dead']);
    mesh.run(90_000);
    expect(states(mesh, '1')).toEqual(['left']);
  });
});

describe('a node name', () => {
  const newcomer = memberInfo('1', { origin: 'id-new', inc: 9_000 });

  test('goes to the agent that speaks from the same address', () => {
    const mesh = meshOf(3);
    mesh.get('1').crash();
    mesh.start(newcomer);
    mesh.run(2_000);
    for (const name of ['2', '3']) {
      expect(mesh.get(name).members.of('id-1')).toMatchObject({
        state: 'left',
        reason: 'its name went to agent id-new',
      });
      expect(mesh.get(name).members.of('id-new')).toMatchObject({ state: 'alive', info: { succeeds: ['id-1'] } });
    }
  });

  test('also when its clock is behind', () => {
    const mesh = meshOf(3);
    mesh.get('1').crash();
    mesh.start({ ...newcomer, inc: 5 });
    mesh.run(2_000);
    expect(mesh.get('2').members.of('id-1')?.state).toBe('left');
    expect(mesh.get('2').members.of('id-new')?.info.inc).toBeGreaterThan(1_000);
  });

  test('of a dead one goes to whoever claims it', () => {
    const mesh = meshOf(4);
    mesh.get('1').crash();
    mesh.run(2_000);
    mesh.start({ ...newcomer, host: '10.9.9.9' });
    mesh.run(8_000);
    expect(mesh.get('2').members.of('id-1')?.state).toBe('left');
    expect(mesh.get('2').members.of('id-new')?.state).toBe('alive');
  });

  test('of a living one does not, and who claims it is nobody’s home', () => {
    const mesh = meshOf(3);
    const claimant = mesh.start({ ...newcomer, host: '10.9.9.9', primary: '1' }, { name: 'claimant' });
    expect(claimant.members.home().origin).toBe('id-new');
    mesh.run(5_000);
    expect(mesh.get('2').members.of('id-1')?.state).toBe('alive');
    expect(mesh.get('2').members.of('id-new')).toBeUndefined();
    expect(claimant.refusals[0]).toMatch(/belongs to agent id-1 at 10\.0\.0\.1:8301/);
    expect(claimant.members.home()).toMatchObject({ origin: undefined, problem: claimant.refusals[0] });
    expect(claimant.documents.get('name-dispute')?.body).toBe(claimant.refusals[0]);
    claimant.crash();
    const again = claimant.restart();
    expect(again.members.home().origin).toBeUndefined();
    mesh.get('1').crash();
    mesh.run(30_000);
    expect(again.members.home().origin).toBe('id-new');
    expect(mesh.get('2').members.of('id-1')?.state).toBe('left');
  });

  test('of two that came at once goes to the one that was there a moment before, for all', () => {
    const mesh = new MemberMesh();
    const seeds = ['1', '3', '4', 'new'];
    mesh.start(memberInfo('3'), { seeds });
    mesh.start(memberInfo('4'), { seeds });
    mesh.partition(['1', '3'], ['new', '4']);
    mesh.start(memberInfo('1'), { seeds });
    mesh.start({ ...newcomer, host: '10.9.9.9' }, { seeds, name: 'new' });
    mesh.run(3_000);
    expect([mesh.get('3').state('1'), mesh.get('4').members.of('id-new')?.state]).toEqual(['alive', 'alive']);
    mesh.heal();
    mesh.run(10_000);
    for (const name of ['3', '4']) {
      expect(mesh.get(name).state('1')).toBe('alive');
      expect(mesh.get(name).members.of('id-new')).toBeUndefined();
    }
    const changes = mesh.get('4').changes.filter((change) => change.startsWith('1'));
    expect(changes).toEqual(['1 alive', '1 left', '1 alive']);
    expect(mesh.get('4').connections.has('id-new')).toBe(false);
    expect(mesh.get('new').members.home().problem).toMatch(/belongs to agent id-1/);
    mesh.run(20_000);
    expect(mesh.get('1').members.home().problem).toMatch(/no primary_node/);
  });

  test('gossip about one that claims a living one’s name is refused, and told once', () => {
    const agent = meshOf(3).get('2');
    for (let times = 0; times < 3; times++) {
      const members = [{ ...newcomer, host: '10.9.9.9' }];
      agent.act((part, context) => part.message('id-3', { type: 'members', members, answer: false }, context));
    }
    expect(agent.members.of('id-new')).toBeUndefined();
    expect(agent.notices.filter(({ type }) => type === 'refused')).toEqual([
      expect.objectContaining({ origin: 'id-new', reason: expect.stringMatching(/belongs to agent id-1/) }),
    ]);
    expect(agent.members.counters()).toMatchObject({ refusedMembers: 3 });
  });

  test('that was taken over while its holder was cut off is not taken back', () => {
    const mesh = meshOf(4);
    mesh.partition(['1'], ['2', '3', '4']);
    mesh.run(20_000);
    expect(mesh.get('2').state('1')).toBe('dead');
    mesh.start({ ...newcomer, host: '10.9.9.9', inc: 30_000 }, { name: 'new' });
    mesh.run(8_000);
    expect(mesh.get('2').members.of('id-1')?.state).toBe('left');
    mesh.heal();
    mesh.run(20_000);
    for (const name of ['2', '3', '4']) expect(mesh.get(name).members.isLive('id-new')).toBe(true);
    expect(mesh.get('2').members.of('id-1')?.state).toBe('left');
    expect(mesh.get('1').refusals.at(-1)).toMatch(/belongs to agent id-new/);
    expect(mesh.get('1').members.home().problem).toMatch(/belongs to agent id-new/);
  });
});

const remote = (name: string) => memberInfo(name, { datacenter: 'dc2' });

const gatewaysOf = (mesh: MemberMesh): string[] =>
  names(5).filter((name) =>
    mesh
      .get(name)
      .members.wanted()
      .some(({ datacenter }) => datacenter === 'dc2'),
  );

function twoDatacenters(): MemberMesh {
  const mesh = new MemberMesh();
  for (const name of names(5)) mesh.start(memberInfo(name), { seeds: name === '1' ? ['2', '11'] : ['1'] });
  for (const name of ['11', '12', '13', '14', '15']) mesh.start(remote(name), { seeds: ['11'] });
  mesh.run(3_000);
  return mesh;
}

describe('other datacenters', () => {
  test('two agents on each side keep connections to the two of the other', () => {
    const mesh = twoDatacenters();
    const ours = gatewaysOf(mesh);
    expect(ours).toHaveLength(2);
    const theirs = mesh
      .get(ours[0] ?? '')
      .members.wanted()
      .filter(({ datacenter }) => datacenter === 'dc2');
    expect(theirs).toHaveLength(2);
    for (const { node } of theirs) {
      const back = mesh
        .get(node)
        .members.wanted()
        .filter(({ datacenter }) => datacenter === 'dc1');
      expect(back.map((info) => info.node)).toEqual(ours);
    }
    for (const name of names(5)) expect(states(mesh, name)).toEqual(['alive']);
    for (const name of names(5)) expect([...mesh.get(name).members.all()]).toHaveLength(9);
  });

  test('another one takes a gateway’s place', () => {
    const mesh = twoDatacenters();
    const [gateway = ''] = gatewaysOf(mesh);
    mesh.get(gateway).crash();
    mesh.run(3_000);
    expect(gatewaysOf(mesh)).toHaveLength(3);
    expect(gatewaysOf(mesh).filter((name) => mesh.get(name).isRunning)).toHaveLength(2);
  });

  test('a remote agent that nobody reaches is suspect for all, and never dead; another takes its place', () => {
    const mesh = twoDatacenters();
    const remotePeers = (): string[] =>
      gatewaysOf(mesh).flatMap((name) =>
        mesh
          .get(name)
          .members.remotePeers()
          .map(({ node }) => node),
      );
    const [lost = ''] = remotePeers();
    mesh.get(lost).crash();
    mesh.run(15_000);
    for (const name of names(5)) {
      expect(mesh.get(name).state(lost)).toBe('suspect');
      expect(mesh.get(name).view(lost)?.reason).toMatch(/^not reached/);
      expect(mesh.get(name).members.protectedMode().active).toBe(false);
    }
    expect(remotePeers().length).toBeGreaterThanOrEqual(4);
    mesh.run(200_000);
    expect(mesh.get('1').state(lost)).toBe('suspect');
    mesh.get(lost).restart();
    mesh.run(30_000);
    for (const name of names(5)) expect(mesh.get(name).state(lost)).toBe('alive');
  });

  test('one that only one gateway does not reach is reached', () => {
    const mesh = twoDatacenters();
    const [gateway = ''] = gatewaysOf(mesh);
    const [lost = ''] = mesh
      .get(gateway)
      .members.remotePeers()
      .map(({ node }) => node);
    mesh.partition([gateway], [lost]);
    mesh.run(20_000);
    expect(mesh.get(gateway).state(lost)).toBe('suspect');
    for (const name of names(5)) expect(name === gateway || mesh.get(name).state(lost) === 'alive').toBe(true);
  });

  test('a datacenter that is cut off is suspect as a whole, and found again by trying one after another', () => {
    const mesh = twoDatacenters();
    const theirs = ['11', '12', '13', '14', '15'];
    mesh.partition(names(5), theirs);
    mesh.run(120_000);
    for (const name of names(5))
      expect(theirs.map((other) => mesh.get(name).state(other))).toEqual(theirs.map(() => 'suspect'));
    mesh.get('11').crash();
    mesh.get('12').crash();
    mesh.heal();
    mesh.run(60_000);
    for (const name of names(5)) {
      expect(['13', '14', '15'].map((other) => mesh.get(name).state(other))).toEqual(['alive', 'alive', 'alive']);
    }
  });
});

describe('the home', () => {
  test('is gone as soon as another configuration is heard of, everywhere, and that is told', () => {
    const mesh = new MemberMesh();
    mesh.start(memberInfo('1', { primary: '1' }));
    mesh.start(memberInfo('2', { primary: '1' }));
    mesh.run(1_000);
    expect(['1', '2'].map((name) => mesh.get(name).members.home().origin)).toEqual(['id-1', 'id-1']);
    mesh.start(memberInfo('3', { primary: '3' }));
    mesh.run(1_000);
    for (const agent of mesh.agents.values()) {
      expect(agent.members.home().origin).toBeUndefined();
      expect(agent.notices).toContainEqual(expect.objectContaining({ type: 'home' }));
    }
  });
});
