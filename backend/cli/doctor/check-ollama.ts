// Checks Ollama: whether it answers, whether it is too old, and whether its settings and Hearth's fit together.
import { shownCaller } from '../../contract/apps.ts';
import type { RequestFact } from '../../contract/views/control.ts';
import { keepAliveSeconds } from '../../contract/duration.ts';
import { count } from '../../contract/in-words.ts';
import { fail, ok, unknown, warn, type Finding } from './finding.ts';
import type { Known } from './look-around.ts';

/** The first version with /v1/responses; with older ones some apps get 404. */
export const OLDEST = '0.13.3';

export function checkOllama({ ollama, gateway: { says } }: Known): readonly Finding[] {
  const { url, version, reason } = ollama;
  if (reason !== undefined) {
    // A remote gateway may reach an Ollama that this machine does not.
    if (typeof says !== 'string' && says.health.upstream.reachable) {
      return [
        ok(
          'ollama',
          `The gateway reaches Ollama ${says.health.upstream.version ?? ''} at ${url}; this machine does not.`,
        ),
      ];
    }
    return [
      fail(
        'ollama',
        `Ollama does not answer at ${url}. ${reason}`,
        'Start it (ollama serve), or correct ollama.api_url.',
      ),
    ];
  }
  if (version === undefined) {
    return [fail('ollama', `What answers at ${url} is no Ollama.`, 'Correct ollama.api_url.')];
  }
  if (isOlder(version, OLDEST)) {
    return [
      warn(
        'ollama',
        `Ollama ${version} is old: it has no /v1/responses, and other things that newer apps ask for.`,
        'Update it: https://ollama.com/download.',
      ),
    ];
  }
  return [ok('ollama', `Ollama ${version} answers at ${url}.`)];
}

/** Compares version numbers; a development build such as 0.0.0 counts as new. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): number[] =>
    text
      .replace(/[^\d.].*$/, '')
      .split('.')
      .map(Number);
  const [one, other] = [numbers(version), numbers(than)];
  if (one.every((part) => part === 0)) return false;
  const at = [0, 1, 2].find((i) => (one[i] ?? 0) !== (other[i] ?? 0));
  return at !== undefined && (one[at] ?? 0) < (other[at] ?? 0);
}

export function checkModel({ gateway: { says } }: Known): readonly Finding[] {
  if (typeof says === 'string' || !says.health.upstream.reachable) return [];
  const { model, model_available, models_unknown } = says.health.upstream;
  if (models_unknown === true) return [];
  if (model_available) return [ok('model', `The default model ${model} is installed.`)];
  return [
    fail(
      'model',
      `The default model ${model} is not installed.`,
      `Install it (hearth models pull ${model}), or choose another: hearth config set ollama.model NAME.`,
    ),
  ];
}

/** Ollama's default (envconfig/config.go). */
const USUAL_PARALLEL = 1;

export function checkParallel({ settings, environment }: Known): readonly Finding[] {
  if (typeof settings === 'string') return [];
  const most = settings.config.queue.max_concurrent;
  if (environment === undefined) {
    if (most === 1) return [ok('parallel', 'Hearth sends one request at a time, which every Ollama can do.')];
    const todo =
      'Look for OLLAMA_NUM_PARALLEL where Ollama is started; it should be as much (Linux: systemctl show ollama -p Environment).';
    return [
      unknown(
        'parallel',
        `Hearth sends ${most} requests at a time (queue.max_concurrent); with which OLLAMA_NUM_PARALLEL Ollama runs cannot be seen from here.`,
        todo,
      ),
    ];
  }
  const said = environment.variables['OLLAMA_NUM_PARALLEL'];
  const parallel = Number(said || USUAL_PARALLEL);
  const where = said
    ? `OLLAMA_NUM_PARALLEL is ${parallel} (${environment.seenIn})`
    : `OLLAMA_NUM_PARALLEL is not set (${environment.seenIn}), so it is ${USUAL_PARALLEL}`;
  if (most > parallel) {
    return [
      warn(
        'parallel',
        `Hearth sends ${most} requests at a time, but ${where}: the others wait inside Ollama, where nobody sees them.`,
        `Set queue.max_concurrent to ${parallel}, or OLLAMA_NUM_PARALLEL to ${most}.`,
      ),
    ];
  }
  if (most < parallel) {
    return [
      warn(
        'parallel',
        `${where}, but Hearth sends ${most} at a time: slots with their memory are never used.`,
        `Set queue.max_concurrent to ${parallel}, or OLLAMA_NUM_PARALLEL to ${most}.`,
      ),
    ];
  }
  return [ok('parallel', `Hearth sends ${most} at a time, and ${where}.`)];
}

export function checkKeepAlive({ settings, environment }: Known): readonly Finding[] {
  if (typeof settings === 'string') return [];
  const own = settings.config.ollama.keep_alive;
  const theirs = environment?.variables['OLLAMA_KEEP_ALIVE'];
  // 0 in Hearth: use Ollama's own.
  const isOllamas = keepAliveSeconds(own) === 0;
  if (isOllamas && theirs !== undefined && keepAliveSeconds(theirs) === 0) {
    return [
      warn(
        'keep_alive',
        'OLLAMA_KEEP_ALIVE is 0, so that each request loads its model anew.',
        'Set ollama.keep_alive to a time, as in hearth config set ollama.keep_alive 15m.',
      ),
    ];
  }
  return [
    ok(
      'keep_alive',
      isOllamas
        ? 'Models stay as long as Ollama keeps them.'
        : `Models stay in memory for ${String(own)} after a request.`,
    ),
  ];
}

export function checkGpu({ gateway: { says } }: Known): readonly Finding[] {
  if (typeof says === 'string' || says.snapshot === undefined) return [];
  const loaded = says.snapshot.models.filter(({ loaded: is, remote }) => is && !remote);
  if (loaded.length === 0)
    return [
      unknown(
        'gpu',
        'No model is loaded, so it cannot be seen whether a GPU is used.',
        'Load one (hearth warm) and look again.',
      ),
    ];
  return loaded.map(({ name, size_loaded, size_vram }) => {
    const share = size_loaded ? (size_vram ?? 0) / size_loaded : 1;
    if (share >= 1) return ok('gpu', `${name} is on the GPU as a whole.`);
    const part = share === 0 ? 'not on a GPU' : `only to ${Math.round(share * 100)} % on the GPU`;
    return warn(
      'gpu',
      `${name} is ${part}, which is many times slower.`,
      'Where there is a GPU: look into the log of Ollama for its driver; take a smaller model or context so that it fits.',
    );
  });
}

/** At this share of the context the oldest part of a conversation is about to be dropped. */
const FULL = 0.95;
/** A load that a user notices; milliseconds. */
const LOAD_MS = 1000;

export function checkContext({ gateway: { says } }: Known): readonly Finding[] {
  if (typeof says === 'string' || says.snapshot === undefined) return [];
  const { requests, snapshot } = says;
  const found: Finding[] = [];
  for (const { name, context_length: size } of snapshot.models) {
    if (size === null) continue;
    const full = requests.filter(({ model, prompt_tokens = 0 }) => model === name && prompt_tokens >= size * FULL);
    const [longest] = full.toSorted((a, b) => (b.prompt_tokens ?? 0) - (a.prompt_tokens ?? 0));
    if (longest === undefined) continue;
    found.push(
      warn(
        'context',
        `${shownCaller(longest.caller)} sent ${count(longest.prompt_tokens ?? 0)} tokens to ${name}, whose context has ${count(size)}: what does not fit is left out.`,
        'Give the model a larger context (num_ctx in models, or OLLAMA_CONTEXT_LENGTH), or send less.',
      ),
    );
  }
  found.push(...reloads(requests));
  return found.length > 0
    ? found
    : [ok('context', 'The prompts of the last requests fit into the contexts of their models.')];
}

/**
 * A model that is loaded repeatedly: apps ask for contexts of different size, or memory is too small for two models.
 */
function reloads(requests: readonly RequestFact[]): readonly Finding[] {
  const loads = requests.filter(({ load_ms = 0 }) => load_ms > LOAD_MS);
  const models = [...new Set(loads.map(({ model }) => model))];
  return models.flatMap((model) => {
    const times = loads.filter((each) => each.model === model);
    if (times.length < 3 || times.length * 3 < requests.filter((each) => each.model === model).length) return [];
    const apps = [...new Set(times.map(({ caller }) => shownCaller(caller)))].slice(0, 3).join(', ');
    const todo =
      'hearth requests show ID says why of each. Where apps ask for different num_ctx, set ollama.num_ctx_policy; else keep the model longer (ollama.keep_alive).';
    return [warn('context', `${model} was loaded anew ${times.length} times for the last requests (${apps}).`, todo)];
  });
}
