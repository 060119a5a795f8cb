// The log tells an expected failure in one line, and of a bug where it was thrown: who reads a stack looks for a mistake.
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { AppError, faultOf } from '../../../backend/contract/errors.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';

let hearth: Hearth;
const lines: string[] = [];
const start = async (options: HearthOptions = {}): Promise<void> => {
  lines.length = 0;
  hearth = await startHearth({ ...options, log: pino({ level: 'debug' }, { write: (line) => void lines.push(line) }) });
};
afterEach(() => hearth.stop());

const withStack = (): string[] => lines.filter((line) => /"stack"|\\n +at /.test(line));

test('a full queue, an Ollama that fails, breaks off or is away: no stack in any line', async () => {
  await start({ config: { queue: { max_queue_size: 1 } } });
  const gate = hearth.fake.gate();
  const first = hearth.chat('runs');
  await hearth.fake.until(({ active }) => active === 1);
  const second = hearth.chat('waits');
  await expect.poll(() => hearth.backend.control.live().queue.queue_length).toBe(1);
  expect((await hearth.chat('too many')).status).toBe(503);
  gate.release();
  await Promise.all([first, second]);

  hearth.fake.next({ fail: { status: 500, error: 'the runner stopped' } }, { pieces: ['a', 'b'], cutAfter: 1 });
  expect((await hearth.chat('fails')).status).toBe(502);
  expect((await hearth.post('/api/chat', { model: 'llama3.2', messages: [], stream: 'yes' })).status).toBe(400);
  await (await hearth.chat('breaks off', { stream: true })).text();
  await hearth.fake.goDown();
  expect((await hearth.chat('nobody there')).status).toBe(502);
  expect((await hearth.get('/api/tags')).status).toBe(502);
  await expect.poll(() => lines.filter((line) => /"status":50[0-9]/.test(line)).length).toBeGreaterThanOrEqual(5);
  expect(withStack()).toEqual([]);
  await hearth.fake.comeBack();
});

test('of a bug the cause is logged, and of nothing else', () => {
  const bug = new TypeError('undefined is not a function');
  expect(faultOf(bug)).toEqual({ err: bug });
  expect(faultOf(new AppError('internal', 'A mistake.', { cause: bug }))).toEqual({ err: bug });
  expect(faultOf(new AppError('queue_full', 'Full.', { cause: bug }))).toEqual({});
});
