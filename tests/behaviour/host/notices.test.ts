// Notices: what you should know, once for each state, with what to do; and the last ones can be read.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noticeListSchema, type NoticeFact } from '../../../backend/contract/views/control.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { reading } from '../../support/waiting.ts';

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth();
});
afterEach(() => hearth.stop());

const listed = async (): Promise<NoticeFact[]> =>
  noticeListSchema.parse(await (await hearth.get('/api/notices')).json()).notices;

test('an Ollama that comes and goes is told once, and the list says since when and until when', async () => {
  const told = reading(await hearth.get('/api/events'));
  await told.until((text) => text.includes('event: snapshot'));
  const goes = async (): Promise<void> => {
    await hearth.fake.goDown();
    hearth.backend.control.lookAgain();
    await expect.poll(listed).toMatchObject([{ id: 'ollama', until: null }]);
  };
  const comesBack = async (): Promise<void> => {
    await hearth.fake.comeBack();
    hearth.backend.control.lookAgain();
    await expect.poll(async () => (await listed())[0]?.until).not.toBeNull();
  };
  await goes();
  await told.until((text) => text.includes('event: notice'));
  await comesBack();
  await goes();
  await comesBack();
  expect(await listed()).toMatchObject([
    { id: 'ollama', level: 'warning', times: 2, todo: 'What was accepted waits until it is back.' },
  ]);
  // /health says it by a field of its own.
  const { notices, upstream } = (await (await hearth.get('/health')).json()) as Record<string, unknown>;
  expect([notices, upstream]).toMatchObject([undefined, { state: 'up' }]);
  await hearth.chat('one');
  const text = await told.until((all) => all.includes('"source":"miss"'));
  expect(text.match(/event: notice/g)).toHaveLength(1);
  await told.cancel();
});

test('what is so at the start is there from the start, and a page is named until it is answered', async () => {
  await hearth.stop();
  hearth = await startHearth({ config: { server: { host: '0.0.0.0' } } });
  const headers = { origin: 'https://notes.example.com' };
  for (let i = 0; i < 3; i++) await (await fetch(`${hearth.url}/health`, { headers })).text();
  expect(await listed()).toMatchObject([
    { id: 'origin https://notes.example.com', times: 1, until: null },
    { id: 'bind', until: null },
  ]);
  const { notices } = (await (await hearth.get('/health')).json()) as { notices: string[] };
  expect(notices).toHaveLength(1);
  hearth.backend.configure(hearth.config({ cors: { blocked_origins: [headers.origin] } }));
  expect((await listed())[0]).toMatchObject({ times: 1, until: expect.any(String) });
});
