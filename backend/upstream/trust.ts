// Which certificates to trust when Ollama is behind https, or Valkey behind TLS: the authorities that Node knows, those
// of NODE_EXTRA_CA_CERTS, and those in the user's own file (`ollama.ca_file`, `cluster.ca_file`); and Hearth's own
// certificate for a Valkey that asks for one. certificate.ts words the error for an untrusted certificate.
import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import * as tls from 'node:tls';
import { AppError } from '../contract/errors.ts';

/**
 * The TLS context of a connection; undefined where nothing is set, so that Node's defaults apply. Reads the files anew
 * each time. Throws upstream_untrusted if `caFile`, the value of `setting`, cannot be read or holds no certificate.
 */
export async function trustIn(
  caFile: string,
  setting = 'ollama.ca_file',
  shown?: ShownCertificate,
): Promise<SecureContext | undefined> {
  // Node reads this file itself, but not beside a list of ours, and not in a packaged Electron, where the fuse against
  // NODE_OPTIONS disables it too. Like Node, ignore a file that cannot be used.
  const named = process.env['NODE_EXTRA_CA_CERTS'] ?? '';
  const extra = named === '' ? [] : await certificatesIn(named, setting).catch(() => []);
  const own = caFile === '' ? [] : await certificatesIn(caFile, setting);
  // The file may also hold a server's own certificate, or that of an intermediate authority.
  const trusted =
    extra.length + own.length === 0 ? {} : { ca: [...knownToNode(), ...extra, ...own], allowPartialTrustChain: true };
  const identity = shown === undefined ? {} : await identityIn(shown);
  if (!('ca' in trusted || 'cert' in identity)) return undefined;
  try {
    return createSecureContext({ ...trusted, ...identity });
  } catch (cause) {
    const words = `${shown?.settings.cert} cannot be used: its key is none, or that of another certificate. Name the right one in ${shown?.settings.key}.`;
    throw new AppError('upstream_untrusted', words, { cause });
  }
}

/** Files of a certificate and its key, '' if there is none, and the settings that name them. */
export interface ShownCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly settings: { readonly cert: string; readonly key: string };
}

async function identityIn({ certFile, keyFile, settings }: ShownCertificate): Promise<{ cert?: string; key?: string }> {
  if (certFile === '') return {};
  const read = (path: string, setting: string): Promise<string> =>
    textIn(resolve(path)).catch((cause: unknown) => {
      const words = `${setting} cannot be used: ${resolve(path)}: ${whyUnreadable(cause)}. Name a file in PEM form there.`;
      throw new AppError('upstream_untrusted', words, { cause });
    });
  const cert = await read(certFile, settings.cert);
  return { cert, key: keyFile === '' ? cert : await read(keyFile, settings.key) };
}

/** Includes the system's certificates if Node was told to use them; Node reports that since 22.15. */
function knownToNode(): readonly string[] {
  const { getCACertificates } = tls as { readonly getCACertificates?: (of: 'default') => string[] };
  return getCACertificates?.('default') ?? rootCertificates;
}

const BLOCK = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

async function certificatesIn(path: string, setting: string): Promise<string[]> {
  const file = resolve(path);
  const unusable = (why: string, cause?: unknown): AppError => {
    const words = `${setting} cannot be used: ${file}: ${why}. Name a PEM file with your certificate authority there, or leave it empty.`;
    return new AppError('upstream_untrusted', words, { cause });
  };
  const text = await textIn(file).catch((cause: unknown) => {
    throw unusable(whyUnreadable(cause), cause);
  });
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) {
    const what = text.includes('PRIVATE KEY-----') ? 'it holds a private key and no certificate' : 'it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)'; // prettier-ignore
    throw unusable(what);
  }
  for (const [i, block] of blocks.entries()) {
    try {
      void new X509Certificate(block);
    } catch (cause) {
      throw unusable(`certificate ${i + 1} in it is damaged`, cause);
    }
  }
  return blocks;
}

async function textIn(file: string): Promise<string> {
  const found = await stat(file);
  if (found.isFile() || found.isDirectory()) return await readFile(file, 'latin1');
  // Reading a pipe could wait for ever, and a device may never end.
  throw Object.assign(new Error('no file'), { code: 'NO_FILE' });
}

function whyUnreadable(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return UNREADABLE[code] ?? `it cannot be read (${code})`;
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
  NO_FILE: 'it is a pipe or a device, not a file',
  EACCES: 'Hearth may not read it',
};
