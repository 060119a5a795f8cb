// The routes of OpenAI's files, as far as batches need them: upload, list, show, download, delete.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileExpirySchema } from '../../contract/chat/openai-batch.ts';
import { parseInput } from '../../contract/chat/parse.ts';
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import type { KeptFiles, Upload } from '../../core/offline/kept-files.ts';
import type { KeptFile } from '../../core/offline/offline-store.ts';
import { LOCAL } from '../../core/ownership.ts';
import type { OfflineBatches } from '../../core/stories/jobs/offline-batches.ts';
import { OPENAI_JSON_TYPE, sendJson } from '../dialect/encode.ts';
import { ownerOf, watcherOf } from '../door/caller.ts';
import { formParts } from '../wire/form-parts.ts';
import { give } from '../wire/give.ts';
import { handlersWith } from '../wire/handler.ts';
import { fileObject, listObject } from './batch-forms.ts';
import { idIn, isOldestFirst, pageOf, queryOf } from './page-asked.ts';

export interface FileParts {
  readonly files: KeptFiles;
  readonly offline: OfflineBatches;
}

const JSON_HEADERS = { 'Content-Type': OPENAI_JSON_TYPE, 'Cache-Control': 'no-store' };

/** Limit of the form's fields beside the file: all names and texts together, in characters. */
const MOST_FIELDS = 16 * 1024;
const FIELDS_TOO_LONG = `What the form has beside its file is over ${MOST_FIELDS} characters. Send purpose and file alone.`;
/** OpenAI's own limit of a page. */
const PAGE = 10_000;

/** The handlers of the file routes. */
export function fileHandlers(parts: FileParts) {
  const on = handlersWith(parts);
  return {
    '/v1/files': { POST: on(handInFile), GET: on(listFiles) },
    '/v1/files/:id/content': { GET: on(sendContent) },
    '/v1/files/:id': { GET: on(showFile), DELETE: on(deleteFile) },
  };
}

async function handInFile({ files }: FileParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  let upload: Upload | undefined;
  try {
    const fields = new Map<string, string>();
    let field = '';
    let beside = 0;
    const add = (text: string): void => {
      beside += field.length + text.length;
      if (beside > MOST_FIELDS) throw new AppError('invalid_request', FIELDS_TOO_LONG);
      fields.set(field, `${fields.get(field) ?? ''}${text}`);
    };
    for await (const piece of formParts(req)) {
      if ('name' in piece) {
        field = piece.name;
        if (field !== 'file') add('');
        else if (upload === undefined) upload = files.upload(ownerOf(req), nameOf(piece.filename));
        else throw new AppError('invalid_request', 'There are two parts named file. Send one.');
      } else if (field === 'file') upload?.write(piece.bytes);
      else add(piece.bytes.toString('utf8'));
    }
    sendJson(res, 200, fileObject(ended(upload, fields)), JSON_HEADERS);
  } catch (error) {
    upload?.drop();
    throw error;
  }
}

/** The file, once the whole form has arrived. Throws invalid_request. */
function ended(upload: Upload | undefined, fields: ReadonlyMap<string, string>): KeptFile {
  if (upload === undefined)
    throw new AppError('invalid_request', 'file is missing. Send the file in a part of that name.');
  const purpose = fields.get('purpose');
  if (purpose !== 'batch') {
    throw new AppError(
      'invalid_request',
      sentence`purpose must be "batch": Hearth keeps files for batches alone. It was ${quotation(purpose ?? null)}.`,
    );
  }
  const seconds = fields.get('expires_after[seconds]');
  const anchor = fields.get('expires_after[anchor]');
  if (seconds === undefined && anchor === undefined) return upload.end();
  const asked = parseInput(fileExpirySchema, { anchor, seconds: Number(seconds) });
  return upload.end(asked.seconds * 1000);
}

/** The name without its folders, as it is shown. */
function nameOf(filename: string | undefined): string {
  return (filename ?? '').split(/[\\/]/).at(-1)?.slice(0, 255) || 'file.jsonl';
}

async function listFiles({ files }: FileParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const query = queryOf(req);
  const page = pageOf(query, PAGE, PAGE);
  // A page after an unknown file would be empty and look like the end of the list: throw instead.
  if (page.after !== undefined) files.get(page.after, watcherOf(req));
  const purpose = query.get('purpose');
  const found = files.list(
    {
      ...seenBy(req),
      ...(purpose === null ? {} : { purpose }),
      oldestFirst: isOldestFirst(query),
    },
    page,
  );
  sendJson(res, 200, listObject(found.map(fileObject), page.limit), JSON_HEADERS);
}

/** Whose files a caller sees. */
function seenBy(req: IncomingMessage): { readonly owner?: string } {
  const watcher = watcherOf(req);
  return watcher === LOCAL ? {} : { owner: watcher };
}

async function showFile({ files }: FileParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  sendJson(res, 200, fileObject(files.get(idIn(req, '/v1/files/'), watcherOf(req))), JSON_HEADERS);
}

async function sendContent({ files }: FileParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { id, bytes } = files.get(idIn(req, '/v1/files/'), watcherOf(req));
  const pieces = files.read(id);
  // Read the first piece before the headers go out, so that damage near the start becomes an error answer.
  const first = await pieces.next();
  res.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': bytes,
    'Cache-Control': 'no-store',
  });
  if (first.done !== true) await give(res, first.value);
  for await (const piece of pieces) {
    await give(res, piece);
    if (res.destroyed) return;
  }
  res.end();
}

async function deleteFile({ offline }: FileParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { id } = offline.deleteFile(idIn(req, '/v1/files/'), watcherOf(req));
  sendJson(res, 200, { id, object: 'file', deleted: true }, JSON_HEADERS);
}
