// Hands requests on to one of several machines without translating them. A request that names a model goes to a machine
// that has it, or to all of them for a delete. Lists combine those of all machines. Everything else goes to the first
// machine that answers. Each answer names its machine. Requests that run a model choose their machine earlier, and use
// its own relay.
import { AppError, asAppError } from '../../../contract/errors.ts';
import type { InstalledModel, Relay, RelayAnswer, RelayRequest } from '../../ports.ts';
import { nameOf, type Machine } from './machine.ts';
import type { Asleep, Machines } from './machine-choice.ts';
import { sleeping } from './sleeping.ts';

/**
 * The body fields that name the model, by route. A model built from files is built on the machine that has the files.
 */
const NAMED_BY: Readonly<Record<string, readonly string[]>> = {
  'POST /api/show': ['model', 'name'],
  'POST /api/push': ['model', 'name'],
  'POST /api/copy': ['source'],
  'POST /api/create': ['from'],
  'DELETE /api/delete': ['model', 'name'],
  'POST /api/pull': ['model', 'name'],
};

/** The longest body that only names a model, in bytes. */
const MOST_BODY = 4 * 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;

export class RelayOfAll implements Relay {
  readonly #machines: Machines;

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /**
   * Throws what the relay of the machine throws, too_large for a body that should only name a model, and
   * model_not_found when only machines that may not be asked have the model.
   */
  async forward(request: RelayRequest, signal: AbortSignal): Promise<RelayAnswer> {
    const route = `${request.method} ${request.path.replace(/\?.*$/s, '')}`;
    if (route === 'GET /api/tags')
      return await this.#list(request, signal, () => this.#isListed(), this.#machines.asleep);
    if (route === 'GET /api/ps') return await this.#list(request, signal, () => () => true);
    const fields = NAMED_BY[route];
    if (fields === undefined) return await this.#toFirst(request, this.#machines.up, signal);
    const body = await bytesOf(request.body, this.#limitOf(route));
    const asked = { ...request, body };
    const name = nameIn(body, fields);
    if (route === 'POST /api/pull') return await this.#toFirst(asked, this.#machines.pulling(name ?? ''), signal);
    const to = route === 'POST /api/show' ? 'show' : 'write';
    const machines = name === undefined ? this.#machines.up : this.#machines.asking(name, to);
    if (route === 'DELETE /api/delete') return await this.#toAll(asked, machines, signal);
    return await this.#toFirst(asked, machines, signal);
  }

  /** The limit of a body. A model to create may bring a template, messages and licences. */
  #limitOf(route: string): Limit {
    if (route !== 'POST /api/create')
      return { bytes: MOST_BODY, words: 'The body only names a model, and is longer than 4 MB.' };
    const { max_body_mb: most } = this.#machines.first.config().server;
    return { bytes: most * 1024 * 1024, words: `The body is longer than ${most} MB (server.max_body_mb).` };
  }

  /**
   * Sends the request to the first machine, and to the next one if that is unreachable and the request can be sent
   * again.
   */
  async #toFirst(request: RelayRequest, machines: readonly Machine[], signal: AbortSignal): Promise<RelayAnswer> {
    const isStreamed = request.body !== null && !(request.body instanceof Uint8Array);
    const [first = this.#machines.first, ...others] = machines;
    try {
      return from(first, await first.relay.forward(request, signal));
    } catch (error) {
      const isGone = asAppError(error).code === 'upstream_unreachable' && !signal.aborted;
      if (!isGone || isStreamed || others.length === 0) throw signal.aborted ? error : sleeping(first, error);
      return await this.#toFirst(request, others, signal);
    }
  }

  /**
   * Sends the request to each machine, even if another refuses or is unreachable. Returns the first failure, or else
   * the first success. That a machine lacks the model counts only when all of them lack it. Throws the error of the
   * first unreachable machine.
   */
  async #toAll(request: RelayRequest, machines: readonly Machine[], signal: AbortSignal): Promise<RelayAnswer> {
    const done: string[] = [];
    let [good, missing, failed]: (RelayAnswer | undefined)[] = [];
    let gone: { readonly error: unknown } | undefined;
    for (const machine of machines.length > 0 ? machines : [this.#machines.first]) {
      try {
        const answer = from(machine, await kept(await machine.relay.forward(request, signal)));
        if (answer.status < 400) {
          done.push(nameOf(machine));
          good ??= answer;
        } else if (answer.status === 404) missing ??= answer;
        else if (gone === undefined) failed ??= answer;
      } catch (error) {
        signal.throwIfAborted();
        if (failed === undefined) gone ??= { error };
      }
    }
    if (gone !== undefined) throw gone.error;
    if (failed !== undefined) return failed;
    if (good !== undefined) return from(done.join(', '), good);
    if (missing !== undefined) return missing;
    throw new Error('a request to no machine');
  }

  /**
   * Combines the `models` of all machines that answer, and of sleeping ones. `taken` makes, for each request, the
   * filter of listed entries.
   */
  async #list(
    request: RelayRequest,
    signal: AbortSignal,
    taken: () => (entry: Fields, machine: Machine) => boolean,
    asleep: readonly Asleep[] = [],
  ): Promise<RelayAnswer> {
    const { up } = this.#machines;
    const isWhole = up.length === 0 || (up.length === 1 && up[0]?.place?.models.length === 0);
    if (asleep.length === 0 && isWhole) return await this.#toFirst(request, up, signal);
    const answers = await Promise.allSettled(
      up.map(async (machine) => {
        const answer = await machine.relay.forward(request, signal);
        return { machine, answer, text: await read(answer) };
      }),
    );
    const isTaken = taken();
    const models: Fields[] = [];
    let first: RelayAnswer | undefined;
    for (const each of answers) {
      if (each.status === 'rejected') continue;
      const { machine, answer, text } = each.value;
      const list = answer.status === 200 ? fieldsIn(text)['models'] : undefined;
      if (!Array.isArray(list)) continue;
      first ??= answer;
      models.push(...(list as readonly Fields[]).filter((entry) => isTaken(entry, machine)));
    }
    signal.throwIfAborted();
    for (const { machine, models: had } of asleep) {
      models.push(...had.map(entryOf).filter((entry) => isTaken(entry, machine)));
    }
    if (first === undefined && asleep.length === 0) return await this.#toFirst(request, up, signal);
    const { 'content-length': _length, ...headers } = first?.headers ?? {
      'content-type': 'application/json; charset=utf-8',
    };
    const bytes = Buffer.from(JSON.stringify({ models }));
    return { status: 200, headers: { ...headers, 'content-length': String(bytes.length) }, body: once(bytes) };
  }

  /** Lists what each machine may be asked for, and of several entries with one name only the first. */
  #isListed(): (entry: Fields, machine: Machine) => boolean {
    const names = new Set<string>();
    return (entry, machine) => {
      const name = String(entry['name'] ?? entry['model'] ?? '');
      if (names.has(name) || !this.#machines.may(machine, name)) return false;
      names.add(name);
      return true;
    };
  }
}

function from(whose: Machine | string, answer: RelayAnswer): RelayAnswer {
  const name = typeof whose === 'string' ? whose : nameOf(whose);
  return { ...answer, headers: { ...answer.headers, 'x-upstream': name } };
}

/** A model in the form of Ollama's /api/tags. */
function entryOf({ remote: _remote, ...model }: InstalledModel): Fields {
  return { ...model, model: model.name };
}

/** The same answer, read to its end. */
async function kept(answer: RelayAnswer): Promise<RelayAnswer> {
  return { ...answer, body: once(Buffer.from(await read(answer))) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function read({ body }: RelayAnswer): Promise<string> {
  return (await bytesOf(body))?.toString() ?? '';
}

/** The limit of a body, and the message for a longer one. */
interface Limit {
  readonly bytes: number;
  readonly words: string;
}

/** Reads a body. Throws too_large. Answers have no limit. */
async function bytesOf(body: RelayRequest['body'], limit?: Limit): Promise<Buffer | null> {
  if (body === null) return null;
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (limit !== undefined && length > limit.bytes) throw new AppError('too_large', limit.words);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function nameIn(body: Buffer | null, fields: readonly string[]): string | undefined {
  const said = fieldsIn(body?.toString() ?? '');
  return fields.map((field) => said[field]).find((value): value is string => typeof value === 'string' && value !== '');
}

function fieldsIn(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
}
