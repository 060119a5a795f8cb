// The window's page, served from the app's own files under `app://hearth/`, with headers that close it to the outside.
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

export const SCHEME = 'app';
export const ORIGIN = `${SCHEME}://hearth`;

/** No inline code, nothing from elsewhere, no frames, no forms: the page talks to main through its bridge alone. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Answers requests for files below `root`; everything else is 404. */
export function serveFiles(root: string): (request: { readonly url: string }) => Promise<Response> {
  const base = normalize(root + sep);
  return async ({ url }) => {
    const path = pathOf(url);
    const file = path === undefined ? undefined : normalize(join(base, path));
    const type = file === undefined ? undefined : TYPES[extname(file)];
    if (file === undefined || type === undefined || !file.startsWith(base)) return notFound();
    try {
      return new Response(new Uint8Array(await readFile(file)), { headers: { ...HEADERS, 'Content-Type': type } });
    } catch {
      return notFound();
    }
  };
}

function notFound(): Response {
  return new Response('Not found', { status: 404, headers: { ...HEADERS, 'Content-Type': 'text/plain' } });
}

/** The path of a URL of ours, decoded; undefined for anybody else's. */
function pathOf(url: string): string | undefined {
  try {
    const { protocol, host, pathname } = new URL(url);
    if (protocol !== `${SCHEME}:` || host !== 'hearth') return undefined;
    const path = decodeURIComponent(pathname);
    return path === '/' ? '/index.html' : path;
  } catch {
    return undefined;
  }
}
