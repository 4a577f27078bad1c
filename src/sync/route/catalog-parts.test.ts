import { describe, expect, test } from 'vitest';
import { CatalogWorld, checkRow, nodeRow, serviceRow } from '../../testing/catalog-world.js';
import { deregistrationOrigins, registrationParts } from './catalog-parts.js';

const { catalog } = new CatalogWorld([
  nodeRow('n1', { origin: 'b' }),
  serviceRow('n1', 'web', { origin: 'b' }),
  serviceRow('n1', 'moved', { origin: 'c' }),
  checkRow('n1', 'web-check', { serviceId: 'web', origin: 'b' }),
  checkRow('n1', 'odd-check', { serviceId: 'web', origin: 'd' }),
]);

const parts = (body: object): string[] =>
  registrationParts(catalog, 'a', { Node: 'n1', Address: '10.0.0.1', ...body }).map(
    ({ origin, body: part }) =>
      `${origin}:${part.SkipNodeUpdate === true ? '' : ' node'}${part.Service ? ` ${part.Service.Service}` : ''}` +
      [...(part.Check ? [part.Check] : []), ...(part.Checks ?? [])].map(({ CheckID = '' }) => ` ${CheckID}`).join(''),
  );

describe('who is told of a registration', () => {
  test.each([
    ['a node that nobody has is ours', { Node: 'new' }, ['a: node']],
    ['a node is its owner’s, in any case', { Node: 'N1' }, ['b: node']],
    ['a new instance is of whoever owns the node', { Service: { Service: 'db' } }, ['b: node db']],
    ['one that is there is its own owner’s', { Service: { Service: 'moved' } }, ['b: node', 'c: moved']],
    [
      'alone, when the node is not to be written',
      { Service: { Service: 'moved' }, SkipNodeUpdate: true },
      ['c: moved'],
    ],
    [
      'new checks go with what they check',
      { Service: { Service: 'moved' }, Checks: [{ CheckID: 'x', ServiceID: 'moved' }, { CheckID: 'y' }] },
      ['b: node y', 'c: moved x'],
    ],
    [
      'known checks go to their owner',
      { Check: { CheckID: 'odd-check', ServiceID: 'web' } },
      ['b: node', 'd: odd-check'],
    ],
    [
      'a check of an instance that is not in the body',
      { Check: { CheckID: 'z', ServiceID: 'moved' }, SkipNodeUpdate: true },
      ['c: z'],
    ],
  ])('%s', (_, body, told) => {
    expect(parts(body)).toEqual(told);
  });

  test('one owner is told all of it, as it came', () => {
    const body = { Node: 'n1', Address: '10.0.0.1', Service: { Service: 'web' }, Check: { CheckID: 'web-check' } };
    expect(registrationParts(catalog, 'a', body)).toEqual([{ origin: 'b', body }]);
  });
});

describe('who is asked to deregister', () => {
  test.each([
    [{ Node: 'n1' }, ['b', 'c', 'd']],
    [{ Node: 'N1', ServiceID: 'WEB' }, ['b', 'd']],
    [{ Node: 'n1', ServiceID: 'moved' }, ['c']],
    [{ Node: 'n1', CheckID: 'Odd-Check' }, ['d']],
    [{ Node: 'n1', ServiceID: 'gone' }, []],
    [{ Node: 'gone' }, []],
  ])('%j', (body, origins) => {
    expect([...deregistrationOrigins(catalog, body)].sort()).toEqual(origins);
  });
});
