// Days made of what real apps were seen to send (tests/data/traffic): their own requests in their own order, each with the
// class that the rules give it. What was not recorded is drawn: the pauses, and how long answers are.
import { classOf, type Facts } from '../../backend/core/queue/classes.ts';
import { Chance } from '../support/soak/random.ts';
import { APPS, sentBy, type Sent } from '../support/traffic.ts';
import { runMs, skewed, TITLE_BEFORE_MS, type Models, type Session } from './days.ts';
import type { Job, Model } from './job.ts';

const SECOND = 1000;
const CHARS_PER_TOKEN = 4;

interface Run {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What runs a model: it names one, and brings something to answer. */
function runOf({ method, url, headers, body }: Sent): Run[] {
  if (method !== 'POST' || typeof body === 'string' || typeof body['model'] !== 'string') return [];
  const brings = ['messages', 'prompt', 'input'].some((name) => (body[name] ?? '') !== '');
  return brings ? [{ path: url.replace(/\?.*$/, ''), body, headers }] : [];
}

function isEmbed({ path }: Run): boolean {
  return path.includes('embed');
}

/** The model of this machine that is most like the recorded one. */
function modelOf(app: string, run: Run, { chat, coder, small, embed }: Models): Model {
  if (isEmbed(run)) return embed;
  if (/0\.5b|1b/.test(String(run.body['model']))) return small;
  return /^(?:codex|claude-code|cline|opencode|aider|continue)$/.test(app) ? coder : chat;
}

function factsOf({ path, body, headers }: Run): Facts {
  const { messages, prompt, tools, stream } = body;
  const said = Array.isArray(messages) ? (messages as readonly { role?: unknown; content?: unknown }[]) : [];
  const first = said.find(({ role }) => role !== 'system')?.content ?? prompt;
  return {
    header: (name) => headers[name],
    path,
    model: String(body['model']),
    // Ollama's own routes stream unless they are told not to.
    stream: stream === true || (stream === undefined && /^\/api\/(?:chat|generate)$/.test(path)),
    tools: Array.isArray(tools) && tools.length > 0,
    maxTokens: typeof body['max_tokens'] === 'number' ? body['max_tokens'] : undefined,
    // A long text was replaced by its beginning and its length, between these signs.
    prompt: () => (typeof first === 'string' ? first.replace(/^</, '') : ''),
  };
}

/** Tokens of a prompt whose long texts were replaced by their length. */
function tokensOf({ body }: Run): number {
  const text = JSON.stringify(body);
  const replaced = [...text.matchAll(/text, (\d+) characters>/g)].reduce((sum, [, chars]) => sum + Number(chars), 0);
  return (text.length + replaced) / CHARS_PER_TOKEN;
}

/** An app that does again and again what it was seen to do. */
function recordedApp(chance: Chance, app: string, models: Models, rounds: number): Session {
  const runs = sentBy(app).flatMap(runOf);
  return async ({ ask, wait }) => {
    const open: Promise<void>[] = [];
    for (let round = 0; round < rounds; round++) {
      await wait(skewed(chance, SECOND, 240 * SECOND));
      for (const run of runs) {
        const facts = factsOf(run);
        const of = isEmbed(run) ? 'normal' : classOf(facts, []).class;
        const model = modelOf(app, run, models);
        const written = of === 'background' ? skewed(chance, 8, 60) : skewed(chance, 60, 600);
        const lane = isEmbed(run) ? 'embed' : 'chat';
        const job: Job = { model, caller: app, class: of, lane, runMs: runMs(model, tokensOf(run), written) };
        if (of === 'background') {
          open.push(ask(job));
          await wait(TITLE_BEFORE_MS);
        } else {
          await ask(job);
          await wait(skewed(chance, 0.5 * SECOND, 40 * SECOND));
        }
      }
    }
    await Promise.all(open);
  };
}

/** A day on which some of the recorded apps are in use. */
export function recordedDay(seed: number, models: Models): Session[] {
  const chance = new Chance(seed);
  return APPS.filter(() => chance.is(0.6)).map((app) =>
    recordedApp(new Chance(chance.below(2 ** 31)), app, models, 1 + chance.below(3)),
  );
}
