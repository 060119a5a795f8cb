// What is signed of a release, and whether it was: its number, what is new in it, and of each of its files the name, whether its
// installer asks for the rights of an administrator, and the SHA-512 by which the file is checked once it is here. The feed can be
// changed by whoever holds the server; this needs the key. Pure.
import { verify } from 'node:crypto';

/** Of what a feed says (electron-updater's UpdateInfo), what counts. */
export interface Release {
  readonly version: string;
  readonly files: readonly {
    readonly url: string;
    readonly sha512?: string | undefined;
    readonly isAdminRightsRequired?: boolean;
  }[];
  /** What is new; not a text where nobody is to see it. */
  readonly releaseNotes?: unknown;
  /** Written by build/release/sign-release.ts: Ed25519 over `signedText`, in base64. */
  readonly signature?: unknown;
  /** Installers that fetch more by themselves: nothing of that would be checked. */
  readonly packages?: unknown;
}

/** The text that is signed. Throws an Error for a release that cannot be: without files, without a hash, or with a name that has blanks. */
export function signedText({ version, files, releaseNotes, packages }: Release): string {
  if (packages !== undefined && packages !== null) throw new Error('It fetches more while it is installed.');
  if (!Array.isArray(files) || files.length === 0) throw new Error('It names no files.');
  const lines = files.map(
    ({ url, sha512, isAdminRightsRequired: rights }) =>
      `${word(url)} ${word(sha512)}${rights === true ? ' admin' : ''}`,
  );
  // In JSON it is one line.
  const notes = typeof releaseNotes === 'string' ? [JSON.stringify(releaseNotes)] : [];
  return ['Hearth', word(version), ...lines, ...notes, ''].join('\n');
}

/** So that no two releases have one text. */
function word(value: unknown): string {
  if (typeof value !== 'string' || !/^\S+$/.test(value)) throw new Error(`It says ${JSON.stringify(value)}.`);
  return value;
}

/**
 * As much of it as the holder of the key signed: with what is new, or without, as where a feed makes that up of its own; undefined
 * where it was not signed. `publicKey` in PEM.
 */
export function signedPart<R extends Release>(release: R, publicKey: string): R | undefined {
  return [release, { ...release, releaseNotes: undefined }].find((part) => isSigned(part, publicKey));
}

function isSigned(release: Release, publicKey: string): boolean {
  const { signature } = release;
  if (typeof signature !== 'string') return false;
  try {
    return verify(null, Buffer.from(signedText(release)), publicKey, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
