// The day that `npm run demo` plays, scene by scene, over and over: what apps ask, and when. What becomes of it is decided by
// the gateway alone.
import { pullListSchema } from '../../../backend/contract/views/pull-view.ts';
import type { RecordedCall } from '../fake-ollama/fake-ollama.ts';
import { eventually } from '../waiting.ts';
import * as apps from './demo-apps.ts';
import { CHAT, CODE, NOT_INSTALLED, REGISTRY, TOO_LARGE } from './demo-models.ts';
import type { Stage } from './demo-stage.ts';

export interface Scene {
  /** Said before it is played. */
  readonly says: string;
  /** `round`: how often the day was played before. */
  play(stage: Stage, round: number): Promise<unknown>;
}

/** What people ask. Each day is another turn of them, so that some questions are new and others come again. */
const QUESTIONS = [
  'Why does bread rise?',
  'How does a fireplace draw?',
  'What is a cache?',
  'Why is the sky blue?',
  'How does soap work?',
  'Why does a kettle sing before it boils?',
  'What makes the tides?',
  'Why do onions make me cry?',
  'Why do stars twinkle?',
  'Why are leaves red in autumn?',
];
const question = (round: number, number: number): string =>
  QUESTIONS[(round * SCENES_A_ROUND + number) % QUESTIONS.length] ?? '';
/** Without a common divisor with the number of questions, so that each comes everywhere. */
const SCENES_A_ROUND = 3;

/** A handbook that goes with each question: about 2,000 tokens. */
const HANDBOOK = apps.instructions(8000);
/** What a chat that is worth a title has said: about 2,500 tokens. */
const LONG_CHAT = apps.instructions(10_000);
const PAGE = apps.instructions(2000);

/** Milliseconds of the demo's time between two things that follow each other. */
const SOON = 700;
const LATER = 2500;

/** Resolves when the model works on a call in which this stands. Rejects when it does not within a while. */
const works = ({ fake }: Stage, text: string): Promise<void> => {
  const isOpen = ({ outcome, rawBody }: RecordedCall): boolean => outcome === 'open' && rawBody.includes(text);
  return fake.until(({ active, calls }) => active > 0 && calls.some(isOpen), PATIENCE_MS);
};
const PATIENCE_MS = 15_000;

/** How fast models are downloaded. */
export const NETWORK_BYTES_A_S = 250e6;

/** How many downloads are under way or in line. */
export async function pullsOf(url: string): Promise<number> {
  return pullListSchema.parse(await (await fetch(`${url}/api/pulls`)).json()).pulls.length;
}

export const DAY: readonly Scene[] = [
  {
    says: 'A chat in Open WebUI. Its title and its tags wait until it has been answered.',
    async play({ ask, pause }, round) {
      const content = question(round, 0);
      const chat = ask(apps.openWebui.chat('anna', { model: CHAT, content }));
      await pause(SOON);
      const title = ask(apps.openWebui.title('anna', CHAT, content));
      await Promise.all([chat, title, ask(apps.openWebui.tags('anna', CHAT, content))]);
    },
  },
  {
    says: 'Two apps ask the same, one after the other. The second one gets the kept answer.',
    async play({ ask, pause }, round) {
      const content = question(round, 1);
      await ask(apps.llm(CHAT, content));
      await pause(SOON);
      await ask(apps.openaiScript(CHAT, content));
      await ask(apps.shellGpt(CHAT, 'What is a cache?'));
    },
  },
  {
    says: 'Five tabs ask the same at once. The model answers once.',
    async play({ ask }, round) {
      const asking = apps.tab(`${question(round, 2)} In two paragraphs.`);
      await Promise.all(Array.from({ length: 5 }, () => ask(asking)));
    },
  },
  {
    says: 'A title is being made when Claude Code asks. The title gives way, and is made afterwards.',
    async play(stage, round) {
      const about = `${question(round, 3)} ${LONG_CHAT}`;
      const person = `Why is the queue of round ${round + 1} so slow?`;
      // It stops only while nothing of it has come, so the model is given no word until the person's turn.
      const gate = stage.fake.gate();
      try {
        const title = stage.ask({ ...apps.openWebui.title('ben', CHAT, about), about: 'a title for a long chat' });
        await works(stage, '### Task');
        await stage.pause(SOON);
        const turn = stage.ask(apps.claudeCode(CHAT, person));
        await works(stage, person);
        gate.release();
        await Promise.all([title, turn]);
      } finally {
        gate.release();
      }
    },
  },
  {
    says: 'A night script has work in line, and people come. They go first.',
    async play(stage, round) {
      const { ask, pause } = stage;
      const work = ['letters', 'invoices', 'minutes'].map((what) => `Summarize the ${what} of week ${round + 1}.`);
      const night = work.map((prompt) => ask(apps.nightScript(CHAT, prompt)));
      await works(stage, 'Summarize the');
      await pause(LATER);
      const people = [ask(apps.continueDev(CODE, `Explain the function of line ${round + 12}.`))];
      await pause(SOON);
      people.push(ask(apps.llm(CHAT, `${question(round, 4)} In one paragraph.`)));
      await pause(SOON);
      people.push(ask(apps.openWebui.chat('anna', { model: CHAT, content: question(round, 5) })));
      await Promise.all([...night, ...people]);
    },
  },
  {
    says: 'The system prompt of a chat begins with a clock, so that all of it is read anew each time.',
    async play({ ask, pause }, round) {
      for (const number of [6, 7, 8]) {
        const system = `You are a helpful guide. It is ${new Date().toISOString().slice(11, 23)}.\n${HANDBOOK}`;
        await ask(apps.openWebui.chat('ben', { model: CHAT, content: question(round, number), system }));
        await pause(SOON);
      }
    },
  },
  {
    says: 'aider asks for another context at each turn, and Ollama loads the model anew for it.',
    async play({ ask, pause }, round) {
      for (const turn of [0, 1]) {
        await ask(apps.aider(CODE, `Test ${turn + 1} of round ${round + 1} fails. Why?`, 9102 + 238 * (turn + round)));
        await pause(SOON);
      }
    },
  },
  {
    says: 'The pages of a document become vectors. The same pages again cost nothing.',
    async play({ ask, pause }, round) {
      const pages = Array.from({ length: 6 }, (_, page) => `Page ${page + 1} of document ${round + 1}. ${PAGE}`);
      await ask(apps.openWebui.embed('anna', pages));
      await pause(SOON);
      await ask(apps.openWebui.embed('anna', pages));
    },
  },
  {
    says: 'A model is downloaded by Hearth, and asked.',
    async play({ ask, fake, speed, url }, round) {
      const model = REGISTRY[round % REGISTRY.length]?.name ?? '';
      // From the second turn on it is there already.
      if (round >= REGISTRY.length) await ask(apps.openWebui.remove('anna', model));
      fake.nextPull({ bytesPerS: NETWORK_BYTES_A_S * speed });
      await ask(apps.download(model));
      await eventually(`${model} on the disk`, async () => (await pullsOf(url)) === 0, { limitMs: PATIENCE_MS * 4 });
      await ask(apps.llm(model, question(round, 9)));
    },
  },
  {
    says: 'Two requests fail, and say why: one names a model that is not installed, one a model that is too large.',
    async play({ ask, pause }) {
      await ask(apps.llm(NOT_INSTALLED, 'Why does bread rise?'));
      await pause(SOON);
      await ask(apps.shellGpt(TOO_LARGE, 'How to list files?'));
    },
  },
];

/** Plays the day again and again, until the signal of the stage aborts. */
export async function playDays(stage: Stage): Promise<void> {
  for (let round = 0; ; round++) {
    for (const scene of DAY) {
      if (stage.signal.aborted) return;
      stage.say(scene.says);
      try {
        await scene.play(stage, round);
        await stage.pause(LATER);
      } catch (error) {
        if (stage.signal.aborted) return;
        stage.say(`  this did not come about: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
