import { expect, test } from 'vitest';
import { createLogger } from './logger.js';

function capture(json: boolean) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', json }, (line) => void lines.push(line));
  return { lines, logger };
}

test('a line has time, level, event and fields', () => {
  const { lines, logger } = capture(false);
  logger.info({ http: '127.0.0.1:8500', note: 'two words' }, 'agent.ready');
  expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}agent\.ready http=127\.0\.0\.1:8500 note="two words"\n$/);
});

test('line breaks in values cannot forge a line', () => {
  const { lines, logger } = capture(false);
  logger.info({ name: 'a\nerror forged' }, 'service.registered');
  expect(lines[0]?.trimEnd().split('\n')).toHaveLength(1);
});

test('credentials are hidden, one level down as well', () => {
  for (const json of [true, false]) {
    const { lines, logger } = capture(json);
    logger.info({ token: 's3cret', check: { Header: { Authorization: ['s3cret'] } } }, 'x');
    logger.child({ token: 's3cret' }).info({}, 'y');
    expect(lines.join('')).not.toContain('s3cret');
  }
});

test('the level can be changed while running, also for children made before', () => {
  const { lines, logger } = capture(true);
  const child = logger.child({ room: 'dns' });
  logger.debug({}, 'unheard');
  child.debug({}, 'unheard');
  logger.setLevel('debug');
  logger.debug({}, 'heard');
  child.debug({}, 'heard too');
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['heard', 'heard too']);
});

test('an error is told in one line', () => {
  for (const name of ['err', 'error']) {
    const { lines, logger } = capture(false);
    logger.error({ [name]: new Error('disk full', { cause: new Error('ENOSPC') }) }, 'store.failed');
    expect(lines[0]).toMatch(/error store\.failed error="disk full"\n$/);
  }
});

test('a follower has a level and a form of its own', () => {
  const { lines, logger } = capture(false);
  const followed: string[] = [];
  const stop = logger.follow('debug', true, (line) => void followed.push(line));
  logger.debug({ a: 1 }, 'detail');
  stop();
  logger.debug({}, 'after');
  expect(lines).toEqual([]);
  expect(followed.map((line) => JSON.parse(line) as object)).toEqual([
    expect.objectContaining({ level: 'debug', msg: 'detail', a: 1 }),
  ]);
});
