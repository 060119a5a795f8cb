// The settings file at the start: read before anybody writes it, and kept aside when it cannot be used, so that nothing
// the user once wrote is lost. Writing it is electron-store's work.
import { copyFileSync, readFileSync, renameSync, statSync } from 'node:fs';
import { t } from '../../words/texts.ts';
import { isNewer } from './settings.ts';

export interface OpenedSettings {
  readonly data: Readonly<Record<string, unknown>>;
  /** What the user should know about the file, as sentences: what is so, then what was done. */
  readonly trouble: { readonly text: string; readonly more: string } | undefined;
  /** The file is still there and unusable: nothing may be written over it. */
  readonly blocked: boolean;
}

/** Reads the file. Never throws: a file that cannot be used is moved aside and the defaults are in use. */
export function openSettings(path: string, now: Date): OpenedSettings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { data: {}, trouble: undefined, blocked: false };
    return {
      data: {},
      trouble: {
        text: t('settings.file.unreadable', { reason: codeOf(error) }),
        more: t('settings.file.left', { file: path }),
      },
      blocked: true,
    };
  }
  const data = parsed(text);
  if (data === undefined) return aside(path, now);
  if (!isNewer(data)) return { data, trouble: undefined, blocked: false };
  // Named by when it was written: until something is saved each start finds the same file, and one copy is enough.
  const copy = asideName(path, 'newer', statSync(path, { throwIfNoEntry: false })?.mtime ?? now);
  const kept = tried(() => copyFileSync(path, copy));
  return {
    data,
    trouble: {
      text: t('settings.file.newer'),
      more: kept ? t('settings.file.newer_copy', { copy }) : t('settings.file.newer_use'),
    },
    blocked: false,
  };
}

function aside(path: string, now: Date): OpenedSettings {
  const copy = asideName(path, 'bad', now);
  const moved = tried(() => renameSync(path, copy));
  return {
    data: {},
    trouble: {
      text: t('settings.file.no_json'),
      more: moved ? t('settings.file.moved', { copy }) : t('settings.file.not_moved', { file: path }),
    },
    blocked: !moved,
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** `config.json` → `config.bad-2026-11-23T02-40-00.json`, beside it. */
function asideName(path: string, why: string, now: Date): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(':', '-');
  return path.replace(/(\.json)?$/, `.${why}-${stamp}.json`);
}

function tried(effect: () => void): boolean {
  try {
    effect();
    return true;
  } catch {
    return false;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
