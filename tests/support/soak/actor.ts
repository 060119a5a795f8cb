// Somebody who uses the gateway in the soak: asks one thing after the other in all its ways, each answer judged.
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { expected, JOBS, type Asker, type Asking } from './asker.ts';
import { failureIn, objectsIn, OWN, ROUTES, type Route, type Wish } from './soak-routes.ts';
import { failed, judged, type Verdict } from './judge.ts';
import {
  about,
  CHAT_MODELS,
  EMBEDDING_MODELS,
  failureOf,
  question,
  spoken,
  vectorOf,
  type EmbeddingModel,
  type Said,
} from './model.ts';
import type { Chance } from './random.ts';
import type { Manner, Reply, Sent } from './send.ts';

type Message = Wish['messages'][number];

const HANDED_ON = ROUTES.filter(({ handedOn }) => handedOn === true);
const KEPT = ROUTES.filter(({ handedOn }) => handedOn !== true);
const EMBED_MODELS = Object.keys(EMBEDDING_MODELS) as EmbeddingModel[];
/** Milliseconds between two looks at a job. */
const LOOK_MS = 100;

/** How callers ask. Shares are from 0 to 1. */
export interface Habits {
  /** How many different questions there are. */
  readonly questions: number;
  /** Those that are asked again and again, and the share of requests that ask one of them. */
  readonly hot: { readonly texts: readonly string[]; readonly share: number };
  /** Of chats, those that no cache sees. */
  readonly handedOn: number;
  /** Of chats and embeds, those that want no kept answer, or none to be kept. */
  readonly fresh: number;
  /** Of all that is done, jobs and conversations. */
  readonly jobs: number;
  readonly talks: number;
  /** Of what asks no model, the share that clears the cache. */
  readonly clears: number;
}

export class Actor {
  readonly #chance: Chance;
  readonly #asker: Asker;
  readonly #habits: Habits;
  /** Begins the ids of its requests. */
  readonly #name: string;
  #ids = 0;

  constructor(name: string, chance: Chance, asker: Asker, habits: Habits) {
    this.#name = name;
    this.#chance = chance;
    this.#asker = asker;
    this.#habits = habits;
  }

  /** Does one thing. Returns how many requests to a model it was. */
  async act(): Promise<number> {
    const dice = this.#chance.next();
    if (dice < 0.58) return this.#chat();
    if (dice < 0.64) return this.#crowd();
    if (dice < 0.8) return this.#embed();
    const { jobs, talks } = this.#habits;
    if (dice < 0.8 + jobs) return this.#job();
    if (dice < 0.8 + jobs + talks) return this.#conversation();
    return dice < 0.92 ? this.#chat() : this.#look();
  }

  // ---- what is asked

  #text(): string {
    const { hot, questions } = this.#habits;
    return this.#chance.is(hot.share) ? this.#chance.of(hot.texts) : question(this.#chance.below(questions));
  }

  #wish(route: Route, messages: readonly Message[]): Wish {
    const chance = this.#chance;
    const said: Said = {
      form: route.form,
      model: chance.of(CHAT_MODELS),
      texts: textsOf(messages),
      thinks: route.thinks && chance.is(0.2),
      tools: route.tools && chance.is(0.15),
      seed: route.seeds !== false && chance.is(0.2) ? 7 : undefined,
    };
    return { said, messages, stream: chance.is(0.5) };
  }

  #headers(): Record<string, string> {
    const chance = this.#chance;
    return {
      'x-stream-replay': chance.of(['instant', 'instant', 'instant', 'original', 'smooth']),
      ...(chance.is(this.#habits.fresh) && { 'x-cache-control': chance.of(['no-store', 'no-cache']) }),
      ...(chance.is(0.1) && { 'x-queue-priority': chance.of(['high', 'low']) }),
      // Programs send one id for several requests.
      ...(chance.is(0.05) && { 'x-request-id': `soak-${chance.below(5)}` }),
    };
  }

  #manner(): Manner {
    const chance = this.#chance;
    const dice = chance.next();
    if (dice < 0.07) return { leavesAfterMs: chance.below(60) };
    if (dice < 0.13) return { leavesAfterBytes: 1 + chance.below(3000) };
    return dice < 0.2 ? { pauseMs: 1 + chance.below(4) } : {};
  }

  // ---- how it is asked

  async #chat(): Promise<number> {
    const isHandedOn = this.#chance.is(this.#habits.handedOn);
    const route = this.#chance.of(isHandedOn ? HANDED_ON : KEPT);
    let content = this.#text();
    // An Ollama that speaks another dialect makes whole lines, and says nothing of what went wrong in the middle.
    while (route.handedOn === true && ['silent', 'stuck', 'malformed', 'sliced'].includes(about(content).trouble))
      content = this.#text();
    const user = { role: 'user', content };
    const withSystem = route.path !== '/v1/completions' && route.handedOn !== true && this.#chance.is(0.2);
    const wish = this.#wish(route, withSystem ? [{ role: 'system', content: 'Be brief.' }, user] : [user]);
    if (route.handedOn === true || this.#chance.is(0.95)) await this.#put(route, wish, content);
    else await this.#putAndCancel(route, wish, content);
    return 1;
  }

  async #put(route: Route, wish: Wish, text: string, afterMs = 0): Promise<void> {
    const sent: Sent = { method: 'POST', path: route.path, body: route.body(wish), headers: this.#headers() };
    const { said } = wish;
    const judge = (reply: Reply, troubled: boolean): Verdict => judged({ route, said, text, troubled }, reply);
    const manner = this.#manner();
    await sleep(afterMs);
    await this.#asker.ask(sent, { counts: true, manner, judge });
  }

  async #putAndCancel(route: Route, wish: Wish, text: string): Promise<void> {
    const id = `${this.#name}-${this.#ids++}`;
    const headers = { ...this.#headers(), 'x-request-id': id };
    const sent: Sent = { method: 'POST', path: route.path, body: route.body(wish), headers };
    const { said } = wish;
    const asked = this.#asker.ask(sent, {
      counts: true,
      judge: (reply, troubled) => judged({ route, said, text, troubled, cancelled: true }, reply),
    });
    await sleep(this.#chance.below(40));
    // It may not have come yet, or be over.
    await Promise.all([asked, this.#asker.cancel(id, [200, 404, 409])]);
  }

  /** Several who ask the same at once, or while it is being answered, in all dialects that can put it. */
  async #crowd(): Promise<number> {
    const first = this.#chance.of(KEPT);
    const content = this.#text();
    const wish = this.#wish(first, [{ role: 'user', content }]);
    const { thinks, tools, seed } = wish.said;
    const routes = KEPT.filter(
      (route) =>
        route.form === first.form &&
        (route.thinks || !thinks) &&
        (route.tools || !tools) &&
        (route.seeds !== false || seed === undefined),
    );
    const withinMs = this.#chance.of([1, 60]);
    const all = Array.from({ length: 2 + this.#chance.below(4) }, () => {
      const own = { ...wish, stream: this.#chance.is(0.5) };
      return this.#put(this.#chance.of(routes), own, content, this.#chance.below(withinMs));
    });
    await Promise.all(all);
    return all.length;
  }

  async #embed(): Promise<number> {
    const chance = this.#chance;
    const model = chance.of(EMBED_MODELS);
    const path = chance.of(['/api/embed', '/api/embeddings', '/v1/embeddings']);
    const one = path === '/api/embeddings';
    const texts = Array.from({ length: one ? 1 : 1 + chance.below(4) }, () => this.#text());
    const body = one ? { model, prompt: texts[0] } : { model, input: texts };
    const bad = texts.flatMap((text) => (about(text).trouble === 'refused' ? [failureOf(text)?.source] : []));
    const due = bad.length === 0 ? undefined : new RegExp(bad.join('|'));
    const whole = texts.map((text) => vectorOf(text, model, !one));
    const judge = (reply: Reply, troubled: boolean): Verdict => {
      if (reply.left) return { end: 'left' };
      const [answer = {}] = objectsIn(reply);
      const failure = failureIn(answer);
      if (failure !== undefined) return failed(failure, due, troubled);
      if (due !== undefined) return { wrong: 'vectors where the model had refused a text' };
      return isDeepStrictEqual(vectorsIn(answer), whole) ? { end: 'whole' } : { wrong: 'these are not its vectors' };
    };
    const sent: Sent = { method: 'POST', path, body, headers: this.#headers() };
    await this.#asker.ask(sent, { counts: true, manner: this.#manner(), judge });
    return 1;
  }

  /** Hands in a question and looks until it is answered, or watches it; or takes it back. */
  async #job(): Promise<number> {
    const text = this.#text();
    const wish = { ...this.#wish(OWN, [{ role: 'user', content: text }]), stream: false };
    const { stream: _stream, ...body } = OWN.body(wish);
    const troubled = this.#asker.account.begun();
    const asking: Asking = { counts: true, judge: answeredWith(202) };
    const handedIn = await this.#asker.ask({ method: 'POST', path: JOBS, body }, asking);
    const id = handedIn?.status === 202 ? (objectsIn(handedIn)[0] ?? {})['request_id'] : undefined;
    if (typeof id === 'string') {
      const cancelled = this.#chance.is(0.3);
      if (cancelled) await this.#asker.cancel(id, [200, 409]);
      const judge = (reply: Reply): Verdict =>
        judged({ route: OWN, said: wish.said, text, troubled: troubled(), cancelled }, reply);
      if (this.#chance.is(0.3)) await this.#watch(id, judge);
      else await this.#poll(id, wish.said, judge);
    }
    troubled();
    return 1;
  }

  async #watch(id: string, judge: (reply: Reply) => Verdict): Promise<void> {
    const headers = { accept: 'text/event-stream' };
    const sent: Sent = { method: 'GET', path: `${JOBS}?requestId=${id}`, headers };
    await this.#asker.ask(sent, { name: `watched ${JOBS}`, counts: true, judge });
  }

  async #poll(id: string, said: Said, judge: (reply: Reply) => Verdict): Promise<void> {
    const sent: Sent = { method: 'GET', path: `${JOBS}?requestId=${id}` };
    for (let isOver = false; !isOver;) {
      const seen = await this.#asker.ask(sent, {
        name: `GET ${JOBS}`,
        counts: true,
        judge: (reply) => {
          const [view = {}] = objectsIn(reply) as readonly View[];
          const { status = '', partial = '', result, error } = view;
          if (reply.status !== 200) return { wrong: `status ${reply.status}` };
          isOver = status !== 'queued' && status !== 'processing';
          if (isOver) return judge({ ...reply, text: JSON.stringify(result ?? { error }) });
          return spoken(said).content.startsWith(partial) ? { how: status } : { wrong: 'this is not its text' };
        },
      });
      if (seen === undefined) return;
      if (!isOver) await sleep(LOOK_MS);
    }
  }

  /** Three turns of one conversation; a turn that is not answered whole leaves it as it was. */
  async #conversation(): Promise<number> {
    const id = `${this.#name}-talk-${this.#ids++}`;
    let before: readonly Message[] = [];
    const { said: asked, stream } = this.#wish(OWN, []);
    for (let turn = 0; turn < 3; turn++) {
      const user = { role: 'user', content: this.#text() };
      const messages = [...before, user];
      const said = { ...asked, texts: textsOf(messages), tools: false };
      const body = { ...OWN.body({ said, messages: [user], stream }), conversation_id: id };
      let verdict: Verdict | undefined;
      const judge = (reply: Reply, troubled: boolean): Verdict =>
        (verdict = judged({ route: OWN, said, text: user.content, troubled }, reply));
      const reply = await this.#asker.ask(
        { method: 'POST', path: OWN.path, body },
        { name: 'conversation', counts: true, judge },
      );
      if (reply === undefined || verdict === undefined || 'wrong' in verdict) return turn + 1;
      if (verdict.end === 'whole') before = [...messages, { role: 'assistant', content: spoken(said).content }];
    }
    return 3;
  }

  /** What asks no model. */
  async #look(): Promise<number> {
    const clears = this.#chance.is(this.#habits.clears);
    const sent: Sent = clears
      ? { method: 'POST', path: '/api/cache-stats', body: { action: 'clear_response_cache' } }
      : { method: 'GET', path: this.#chance.of(LOOKS) };
    await this.#asker.ask(sent, { judge: answeredWith(200) });
    return 0;
  }
}

const LOOKS = ['/api/tags', '/health', '/api/cache-stats', JOBS, '/v1/models', '/api/ps'];

/** That the answer has this status, or fails for the sake of Ollama. */
function answeredWith(status: number): Asking['judge'] {
  return (reply, troubled) => {
    const failure = failureIn(objectsIn(reply)[0] ?? {});
    return failure === undefined ? expected(reply.status, [status]) : failed(failure, undefined, troubled);
  };
}

/** A job, as one is told of it. */
interface View {
  readonly status?: string;
  readonly partial?: string;
  readonly result?: object;
  readonly error?: string;
}

const textsOf = (messages: readonly Message[]): string[] => messages.map(({ role, content }) => `${role}: ${content}`);

function vectorsIn(answer: Readonly<Record<string, unknown>>): unknown {
  const { embedding, embeddings, data } = answer;
  if (embedding !== undefined) return [embedding];
  return embeddings ?? (data as readonly { readonly embedding: unknown }[] | undefined)?.map((each) => each.embedding);
}
