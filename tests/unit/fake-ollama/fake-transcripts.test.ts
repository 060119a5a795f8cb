// The fake Ollama against recorded exchanges with a real one: each recorded request is sent to it, and status, headers,
// shape, order of keys and wording must be those of the recording.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startFakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import type { FakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import { recordedModels, situationOf } from '../../support/transcript-situations.ts';
import { ask, beginning, told, transcripts } from '../../support/transcripts.ts';

let fake: FakeOllama;
beforeAll(async () => {
  fake = await startFakeOllama({ version: '0.33.0-rc2', models: recordedModels(), offline: true });
});
beforeEach(() => fake.reset());
afterAll(() => fake.stop());

test.each(transcripts())('$name', async (transcript) => {
  const { question, before, onlyBeginning } = situationOf(transcript);
  await before(fake);
  const reply = await ask(fake.url, question);
  if (onlyBeginning !== undefined) {
    expect(told({ ...reply, text: '' })).toEqual(told({ ...transcript.reply, text: '' }));
    const recorded = beginning(onlyBeginning(transcript.reply.text));
    expect(beginning(reply.text).slice(0, recorded.length)).toBe(recorded);
    return;
  }
  expect(told(reply)).toEqual(told(transcript.reply));
});
