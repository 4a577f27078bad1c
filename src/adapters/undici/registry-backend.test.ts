/** fetch by name over a registry of this process: no agent, and no socket but those to the instances. */
import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { Agent, fetch } from 'undici';
import { expect, test } from 'vitest';
import { ServiceDiscoveryManager } from '../../client/index.js';
import { createRegistry } from '../../registry/index.js';
import { deadPort, httpInstance } from '../../testing/http-instance.js';
import { discovery } from './discovery.js';

test('one dead address of two, no sockets to anybody else', async () => {
  const asked = new Set<string>();
  const notice = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    socket.once('connectionAttempt', (address, port) => void asked.add(`${address}:${port}`));
  };
  channel('net.client.socket').subscribe(notice);
  const registry = await createRegistry();
  const manager = new ServiceDiscoveryManager({ backend: registry });
  await using instance = await httpInstance();
  const dead = await deadPort();
  const agent = new Agent();
  const dispatcher = agent.compose(discovery({ manager }));
  try {
    for (const port of [instance.port, dead]) {
      await manager.registerService('orders', { address: '127.0.0.1', port });
    }
    for (let i = 0; i < 100; i++) {
      const answer = await fetch('http://orders.service/', { dispatcher });
      expect([answer.status, await answer.text()]).toEqual([200, String(instance.port)]);
    }
    const explained = (await manager.explain('orders')).find(({ endpoint }) => endpoint.port === dead);
    expect(explained).toMatchObject({ eligible: false, reason: expect.stringContaining('ejected') });
  } finally {
    channel('net.client.socket').unsubscribe(notice);
    await agent.destroy();
    await manager.close();
    await registry.close();
  }
  expect([...asked].toSorted()).toEqual([`127.0.0.1:${instance.port}`, `127.0.0.1:${dead}`].toSorted());
});
