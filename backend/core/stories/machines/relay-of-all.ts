// Requests in others' words, handed on to one of several machines: what names a model goes to one that has it, and to all
// where it is deleted; the lists are those of all machines; everything else goes to the first that answers. Each answer says
// whose it is. Who runs a model chooses its machine before, and hands on by that one's own relay.
import { AppError, asAppError } from '../../../contract/errors.ts';
import type { InstalledModel, Relay, RelayAnswer, RelayRequest } from '../../ports.ts';
import { nameOf, type Machine } from './machine.ts';
import type { Asleep, Machines } from './machine-choice.ts';
import { sleeping } from './sleeping.ts';

/** The field of a body that names the model, by the route. A model that is made of files is made where they are. */
const NAMED_BY: Readonly<Record<string, readonly string[]>> = {
  'POST /api/show': ['model', 'name'],
  'POST /api/push': ['model', 'name'],
  'POST /api/copy': ['source'],
  'POST /api/create': ['from'],
  'DELETE /api/delete': ['model', 'name'],
  'POST /api/pull': ['model', 'name'],
};

/** A body that names a model is short. Bytes. */
const MOST_BODY = 4 * 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;

export class RelayOfAll implements Relay {
  readonly #machines: Machines;

  constructor(machines: Machines) {
    this.#machines = machines;
  }

  /**
   * Throws what the relay of the machine throws, too_large for a body that should only name a model, and model_not_found where
   * that is only on machines that may not be asked for it.
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

  /** A model that is made may bring a template, messages and licences of its own. */
  #limitOf(route: string): Limit {
    if (route !== 'POST /api/create')
      return { bytes: MOST_BODY, words: 'The body only names a model, and is longer than 4 MB.' };
    const { max_body_mb: most } = this.#machines.first.config().server;
    return { bytes: most * 1024 * 1024, words: `The body is longer than ${most} MB (server.max_body_mb).` };
  }

  /** To the first of these; to the next one where nobody is there and the request can be sent again. */
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
   * To each of them, also where another refuses it or is gone. The answer is that of the first that did not do it, or else of
   * the first that did; that one has no such model counts only where none has it. Throws what the first throws that is gone.
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

  /** The `models` of all that answer, and of those asleep. `taken` makes for each list what says which of its entries are listed. */
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

  /** What its machine may be asked for, and of several entries with one name the first. */
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

/** As Ollama lists it in /api/tags. */
function entryOf({ remote: _remote, ...model }: InstalledModel): Fields {
  return { ...model, model: model.name };
}

/** The same, read to its end. */
async function kept(answer: RelayAnswer): Promise<RelayAnswer> {
  return { ...answer, body: once(Buffer.from(await read(answer))) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function read({ body }: RelayAnswer): Promise<string> {
  return (await bytesOf(body))?.toString() ?? '';
}

/** How long a body may be, and what is said of a longer one. */
interface Limit {
  readonly bytes: number;
  readonly words: string;
}

/** Throws too_large. Answers have no limit. */
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
