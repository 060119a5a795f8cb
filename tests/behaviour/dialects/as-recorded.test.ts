// The promise: an app that is pointed at Hearth instead of Ollama sees what it saw before. Each recorded request is sent to
// Hearth in front of the fake Ollama, and status, headers, shape, order of keys and wording must be those of the recording.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { recordedModels, situationOf } from '../../support/transcript-situations.ts';
import { ask, beginning, told, transcripts } from '../../support/transcripts.ts';
import type { Reply, Transcript } from '../../support/transcripts.ts';

let hearth: Hearth;
beforeAll(async () => {
  hearth = await startHearth({
    fake: { version: '0.33.0-rc2', models: recordedModels(), offline: true },
    // Each request is asked of the model, not of the cache.
    config: { ollama: { model: 'smollm2' }, cache: { drop_in: 'off' } },
  });
});
beforeEach(() => hearth.fake.reset());
afterAll(() => hearth.stop());

/** Where Hearth means to answer otherwise: in which exchanges, what of a line is left aside, and why. */
const ON_PURPOSE: readonly { in(of: Transcript): boolean; readonly aside: RegExp; readonly why: string }[] = [
  {
    in: ({ path, reply }) => reply.status >= 400 && !path.startsWith('/v1/'),
    aside: /,"code":"[a-z_]+","request_id":"[^"]+","retryable":(?:true|false)(?=\})/,
    why: 'An error says three things more; its `error` is Ollama’s.',
  },
  {
    in: ({ path, reply }) => reply.status >= 400 && path.startsWith('/v1/'),
    aside: /; charset=utf-8$|^(?:a|no) newline at the end$/,
    why: 'Ollama writes the errors of one route in two ways, by which of its layers refuses; Hearth in one.',
  },
  {
    in: ({ path, reply }) => reply.status >= 400 && path.startsWith('/v1/messages'),
    aside: /(?<=,"request_id":")[^"]+(?="\})/,
    why: 'The id of a request is the one that it has everywhere else, as in X-Request-ID.',
  },
  {
    in: ({ name }) => name === 'runner_killed_v1',
    aside: /^data: \{(?:"error"|.*"model":"").*$/,
    why: 'Ollama loses an error in mid-stream on /v1 and sends an empty piece instead; Hearth says what went wrong.',
  },
];

/** What is compared of an answer. */
function lines(reply: Reply, transcript: Transcript): readonly string[] {
  const asides = ON_PURPOSE.filter((each) => each.in(transcript));
  return told(reply).map((line) => asides.reduce((left, { aside }) => left.replace(aside, ''), line));
}

/** What Ollama has no route for, and Hearth answers. */
const ANSWERED = new Set(['v1_messages_count_tokens']);

test.each(transcripts().filter(({ name }) => !ANSWERED.has(name)))('$name', async (transcript) => {
  const { question, before, onlyBeginning } = situationOf(transcript);
  await before(hearth.fake);
  const reply = await ask(hearth.url, question);
  if (onlyBeginning !== undefined) {
    expect(told({ ...reply, text: '' })).toEqual(told({ ...transcript.reply, text: '' }));
    const recorded = beginning(onlyBeginning(transcript.reply.text));
    expect(beginning(reply.text).slice(0, recorded.length)).toBe(recorded);
    return;
  }
  expect(lines(reply, transcript)).toEqual(lines(transcript.reply, transcript));
});
