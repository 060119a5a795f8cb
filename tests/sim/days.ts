// Simulated days: who asks what, when. Each caller goes on as soon as it was answered and has thought or worked, so that
// all orders serve the same callers. What a day holds depends on its seed alone.
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';
import { Chance } from '../support/soak/random.ts';
import type { Job, Model } from './job.ts';

/** What somebody who asks can do. */
export interface World {
  /** Resolves when it was answered. */
  ask(job: Job): Promise<void>;
  wait(ms: number): Promise<void>;
}

/** What somebody does all day. */
export type Session = (world: World) => Promise<void>;

/** Those of a machine by what they are for. */
export interface Models {
  readonly chat: Model;
  readonly coder: Model;
  readonly small: Model;
  readonly vision: Model;
  readonly embed: Model;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** When the sessions of a day begin, at the latest: it is a busy half hour, since an idle one says nothing. */
const LATEST_MS = 30 * MINUTE;

/** Open WebUI sends the title 49 ms before the chat (traffic recorded of it). */
export const TITLE_BEFORE_MS = 49;

/** From `least` to `most`, more often near the least. */
export function skewed(chance: Chance, least: number, most: number): number {
  return least + (most - least) * chance.next() ** 2;
}

/** So many tokens are read, and so many written. */
export function runMs({ readMs, writeMs }: Model, read: number, written: number): number {
  return Math.round(readMs * read + writeMs * written);
}

/** Somebody who talks to Open WebUI: a title with the first question of a chat, tags and follow-ups after each answer. */
function talker(chance: Chance, name: string, { chat, vision, small }: Models): Session {
  const model = chance.is(0.2) ? vision : chat;
  // A model of its own for such jobs is a setting that many make.
  const task = chance.is(0.4) ? small : model;
  const chats = 1 + chance.below(3);
  return async ({ ask, wait }) => {
    await wait(chance.below(LATEST_MS));
    const background = (written: number): Promise<void> => {
      const job = { model: task, caller: name, class: 'background', lane: 'chat' } as const;
      return ask({ ...job, runMs: runMs(task, 300 + chance.below(500), written) });
    };
    const open: Promise<void>[] = [];
    for (let n = 0; n < chats; n++) {
      const turns = 1 + chance.below(4);
      for (let turn = 0; turn < turns; turn++) {
        if (turn === 0) {
          open.push(background(8 + chance.below(12)));
          await wait(TITLE_BEFORE_MS);
        }
        const ms = runMs(model, 50 + 250 * turn, skewed(chance, 80, 900));
        await ask({ model, caller: name, class: 'interactive', lane: 'chat', runMs: ms });
        if (turn === 0) open.push(background(10 + chance.below(20)));
        open.push(background(30 + chance.below(40)));
        await wait(skewed(chance, 8 * SECOND, 90 * SECOND));
      }
      await wait(skewed(chance, MINUTE, 8 * MINUTE));
    }
    await Promise.all(open);
  };
}

/** A coding agent: request after request, with tools at work between them; now and then four of it at the same time. */
function agent(chance: Chance, name: string, { coder, small }: Models): Session {
  const tasks = 1 + chance.below(2);
  const turn = (from: Chance): Job => {
    // Most of a long prompt is in Ollama's prompt cache.
    const ms = runMs(coder, skewed(from, 200, 3000), skewed(from, 40, 500));
    return { model: coder, caller: name, class: 'interactive', lane: 'chat', runMs: ms };
  };
  return async ({ ask, wait }) => {
    await wait(chance.below(LATEST_MS));
    for (let n = 0; n < tasks; n++) {
      const work = async (from: Chance, turns: number): Promise<void> => {
        for (let each = 0; each < turns; each++) {
          await ask(turn(from));
          await wait(skewed(from, 200, 8 * SECOND));
        }
      };
      const heads = chance.is(0.3) ? 4 : 1;
      const turns = 3 + chance.below(heads === 1 ? 14 : 6);
      const title: Job = {
        model: small,
        caller: name,
        class: 'background',
        lane: 'chat',
        runMs: runMs(small, 400, 10),
      };
      const all = Array.from({ length: heads }, () => work(new Chance(chance.below(2 ** 31)), turns));
      await Promise.all([ask(title), ...all]);
      await wait(skewed(chance, MINUTE, 8 * MINUTE));
    }
  };
}

/** An editor that completes what is typed: many short calls to a small model. */
function typist(chance: Chance, name: string, { small }: Models): Session {
  const calls = 5 + chance.below(25);
  return async ({ ask, wait }) => {
    await wait(chance.below(LATEST_MS));
    for (let n = 0; n < calls; n++) {
      const ms = runMs(small, 300 + chance.below(900), 5 + chance.below(40));
      await ask({ model: small, caller: name, class: 'interactive', lane: 'chat', runMs: ms });
      await wait(skewed(chance, 500, 40 * SECOND));
    }
  };
}

/** A program: one call after the other, and nobody who watches. */
function script(chance: Chance, name: string, { chat, coder, vision }: Models, of: QueueClass): Session {
  const model = chance.of([chat, coder, vision]);
  const calls = 5 + chance.below(20);
  return async ({ ask, wait }) => {
    await wait(chance.below(LATEST_MS));
    for (let n = 0; n < calls; n++) {
      const ms = runMs(model, 200 + chance.below(1500), skewed(chance, 30, 300));
      await ask({ model, caller: name, class: of, lane: 'chat', runMs: ms });
      await wait(skewed(chance, 100, 5 * SECOND));
    }
  };
}

/** Documents that are read in: many embeds, four at a time; and single ones, for searches. */
function library(chance: Chance, name: string, { embed }: Models): Session {
  const bursts = 1 + chance.below(4);
  return async ({ ask, wait }) => {
    for (let n = 0; n < bursts; n++) {
      await wait(skewed(chance, MINUTE, 15 * MINUTE));
      const calls = chance.is(0.3) ? 8 + chance.below(24) : 1;
      const each = (): Promise<void> =>
        ask({ model: embed, caller: name, class: 'normal', lane: 'embed', runMs: 40 + chance.below(300) });
      for (let done = 0; done < calls; done += 4) {
        await Promise.all(Array.from({ length: Math.min(4, calls - done) }, each));
      }
    }
  };
}

/** A day with some of each: from one at home to a small office. */
export function randomDay(seed: number, models: Models): Session[] {
  const chance = new Chance(seed);
  const crowd = 1 + chance.below(4);
  const some = (kind: string, most: number, make: (from: Chance, name: string) => Session): Session[] =>
    Array.from({ length: chance.below(most * crowd + 1) }, (_, i) =>
      make(new Chance(chance.below(2 ** 31)), `${kind} ${i}`),
    );
  return [
    ...some('Open WebUI', 4, (from, name) => talker(from, name, models)),
    ...some('agent', 2, (from, name) => agent(from, name, models)),
    ...some('editor', 1, (from, name) => typist(from, name, models)),
    ...some('program', 1, (from, name) => script(from, name, models, 'normal')),
    ...some('nightly', 1, (from, name) => script(from, name, models, 'background')),
    ...some('library', 2, (from, name) => library(from, name, models)),
  ];
}
