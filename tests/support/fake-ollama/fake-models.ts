// The fake Ollama's disk: which models are installed, under which names and digests, and how /api/tags and /api/show tell it.
// Deliberately knows nothing of what is loaded (fake-scheduler.ts) or said (fake-text.ts).
import { createHash } from 'node:crypto';
import { localStamp } from './fake-wire.ts';

/** A model on the fake's disk. */
export interface FakeModel {
  /** `[host/][namespace/]name[:tag]`, tag `latest` by default. */
  readonly name: string;
  /** Manifest digest, 64 hex digits. Default: SHA-256 of the full name in lower case. Another one for the same name is what `ollama pull` does. */
  readonly digest?: string;
  /** What a runner is keyed by; tags with the same weights share one. Default: the digest. */
  readonly weights?: string;
  /** Default `['completion']`; `['embedding']` refuses chat; `thinking` and `tools` switch those on. */
  readonly capabilities?: readonly string[];
  /** Extra milliseconds for each load. Default 0. */
  readonly loadMs?: number;
  /** Every load fails with status 500 and this text. */
  readonly loadError?: string;
  /** Modelfile PARAMETERs: part of the effective options, so `num_ctx` here forces reloads like one in a request. */
  readonly parameters?: Readonly<Record<string, string | number | readonly string[]>>;
  /** Bytes. Default 2 GB. */
  readonly size?: number;
  /** The largest num_ctx with which all of it is in the graphics memory; with a larger one half of it is. Default: any. */
  readonly fitsContext?: number;
  readonly details?: FakeDetails;
  /** Modelfile SYSTEM and TEMPLATE, only shown by /api/show. */
  readonly system?: string;
  readonly template?: string;
  /** The whole text of it; shown by /api/show, as one with several is. */
  readonly license?: string;
  /** Makes it a cloud stub: no load, no slot, and chunks name the remote. */
  readonly remote?: { readonly model: string; readonly host: string };
}

export interface FakeDetails {
  readonly family?: string;
  readonly parameter_size?: string;
  readonly quantization_level?: string;
  /** Tokens the model was trained for; caps `num_ctx`. Default 131072. */
  readonly context_length?: number;
  /** Numbers in one embedding. Default 64: small, so that tests stay readable. */
  readonly embedding_length?: number;
  /** Path of the file the model was made from. Default '': it came from a registry. */
  readonly parent_model?: string;
}

/** The models of a fake that was told of none. */
export const DEFAULT_MODELS: readonly FakeModel[] = [
  {
    name: 'llama3.2:latest',
    capabilities: ['completion', 'tools'],
    details: { family: 'llama', parameter_size: '3.2B' },
  },
  {
    name: 'deepseek-r1:8b',
    capabilities: ['completion', 'thinking'],
    details: { family: 'qwen3', parameter_size: '8.2B' },
    size: 5_225_376_047,
  },
  {
    name: 'nomic-embed-text:latest',
    capabilities: ['embedding'],
    details: { family: 'nomic-bert', parameter_size: '137M', quantization_level: 'F16', context_length: 2048 },
    size: 274_302_450,
  },
  {
    name: 'qwen2.5:0.5b',
    capabilities: ['completion', 'tools'],
    details: { family: 'qwen2', parameter_size: '494.03M', context_length: 32_768 },
    size: 397_821_319,
  },
];

/** A model with its defaults filled in. */
export interface Installed {
  /** `name:tag`, as /api/tags lists it. */
  readonly name: string;
  /** `host/namespace/name:tag`, as some errors spell it. */
  readonly fullName: string;
  readonly digest: string;
  readonly weights: string;
  readonly capabilities: readonly string[];
  readonly loadMs: number;
  readonly loadError: string | undefined;
  readonly parameters: NonNullable<FakeModel['parameters']>;
  readonly size: number;
  readonly details: Required<FakeDetails>;
  readonly remote: FakeModel['remote'];
  readonly source: FakeModel;
  /** Epoch milliseconds. */
  readonly modifiedAt: number;
}

export const embeddingOnly = (model: Installed): boolean => !model.capabilities.includes('completion');

/** A parsed model name. */
export interface ModelName {
  /** The key for look-ups: everything spelled out, in lower case. */
  readonly key: string;
  readonly full: string;
  readonly short: string;
  readonly parts: { readonly host: string; readonly namespace: string; readonly model: string; readonly tag: string };
}

const HOST = /^\w[\w.:-]*$/;
const NAMESPACE = /^\w[\w-]*$/;
const PART = /^\w[\w.-]*$/;

/** Undefined for what Ollama calls an invalid model name. */
export function parseName(text: string): ModelName | undefined {
  const [, path = '', tag = 'latest'] = /^(.*?)(?::([^/:]*))?$/s.exec(text) ?? [];
  const parts = path.split('/');
  const model = parts.pop() ?? '';
  const namespace = parts.pop() ?? 'library';
  const host = parts.pop() ?? 'registry.ollama.ai';
  const wellFormed = PART.test(model) && PART.test(tag) && NAMESPACE.test(namespace) && HOST.test(host);
  if (!wellFormed || parts.length > 0) return undefined;
  const full = `${host}/${namespace}/${model}:${tag}`;
  const named = { host, namespace, model, tag };
  return {
    key: full.toLowerCase(),
    full,
    parts: named,
    short: full.replace(/^registry\.ollama\.ai\/(?:library\/)?/i, ''),
  };
}

/** The installed models, by name. */
export class Catalogue {
  readonly #models = new Map<string, Installed>();
  /** Spelling of a request → its model; cleared at each change, so that a hot name is parsed once. */
  readonly #known = new Map<string, Installed>();

  constructor(models: readonly FakeModel[]) {
    this.replaceAll(models);
  }

  replaceAll(models: readonly FakeModel[]): void {
    this.#models.clear();
    // Earlier in the list = newer, so that /api/tags keeps the list's order.
    const day = 86_400_000;
    for (const [index, model] of models.entries()) this.install(model, Date.UTC(2026, 7, 1) - index * day);
  }

  install(model: FakeModel, modifiedAt: number = Date.now()): Installed {
    const name = parseName(model.name);
    if (name === undefined) throw new Error(`not a model name: ${JSON.stringify(model.name)}`);
    const digest = model.digest ?? createHash('sha256').update(name.key).digest('hex');
    const installed: Installed = {
      name: name.short,
      fullName: name.full,
      digest,
      weights: model.weights ?? digest,
      capabilities: model.capabilities ?? ['completion'],
      loadMs: model.loadMs ?? 0,
      loadError: model.loadError,
      parameters: model.parameters ?? {},
      size: model.size ?? 2_019_393_189,
      details: {
        family: 'llama',
        parameter_size: '3.2B',
        quantization_level: 'Q4_K_M',
        context_length: 131_072,
        embedding_length: 64,
        parent_model: '',
        ...model.details,
      },
      remote: model.remote,
      source: model,
      modifiedAt,
    };
    this.#models.set(name.key, installed);
    this.#known.clear();
    return installed;
  }

  remove(name: string): boolean {
    this.#known.clear();
    return this.#models.delete(parseName(name)?.key ?? '');
  }

  /** Undefined when not installed, `invalid` when the name is malformed. */
  find(name: string): Installed | 'invalid' | undefined {
    const hot = this.#known.get(name);
    if (hot !== undefined) return hot;
    // `:local` asks for a model of this disk, which a cloud stub is not.
    const forced = /:local$/i.test(name);
    const parsed = parseName(name.replace(/:local$/i, ''));
    if (parsed === undefined) return 'invalid';
    const model = this.#models.get(parsed.key);
    if (forced && model?.remote !== undefined) return undefined;
    if (model !== undefined && this.#known.size < 1000) this.#known.set(name, model);
    return model;
  }

  /** Newest first. */
  list(): readonly Installed[] {
    return [...this.#models.values()].toSorted((a, b) => b.modifiedAt - a.modifiedAt);
  }

  /** Body of /api/tags. */
  tags(): unknown {
    const models = this.list().map((model) => ({
      name: model.name,
      model: model.name,
      ...(model.remote && { remote_model: model.remote.model, remote_host: model.remote.host }),
      modified_at: localStamp(model.modifiedAt),
      size: model.size,
      digest: model.digest,
      details: { ...detailsOf(model), ...lengthsOf(model) },
      capabilities: model.capabilities,
    }));
    return { models };
  }
}

/** The `details` object of tags and show; in that of ps the parent is missing. */
export function detailsOf(model: Installed, parent = model.details.parent_model): Readonly<Record<string, unknown>> {
  const { family, parameter_size, quantization_level } = model.details;
  return { parent_model: parent, format: 'gguf', family, families: [family], parameter_size, quantization_level };
}

const lengthsOf = ({ details }: Installed): Readonly<Record<string, number>> => ({
  context_length: details.context_length,
  embedding_length: details.embedding_length,
});

/** Where the weights lie: what Ollama writes behind FROM. */
export function blobOf({ weights }: Installed): string {
  const digest = /^[0-9a-f]{64}$/.test(weights) ? weights : createHash('sha256').update(weights).digest('hex');
  return `/var/lib/ollama/blobs/sha256-${digest}`;
}
