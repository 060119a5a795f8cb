// The tables of the list of requests. Requests with the same app, model, route, source, class and end share a kind, so
// that a row of the list is a few numbers, and a search for an app, a model or a word is a search among kinds.

/** The tables of version 1. */
export const REQUEST_TABLES = `
CREATE TABLE request_kinds (
  kind INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  caller TEXT NOT NULL,
  model TEXT NOT NULL,
  route TEXT NOT NULL,
  source TEXT NOT NULL,
  class TEXT NOT NULL,
  class_by TEXT NOT NULL,
  status TEXT NOT NULL,
  code TEXT NOT NULL,
  last INTEGER NOT NULL,
  UNIQUE (owner, caller, model, route, source, class, class_by, status, code)
) STRICT;
CREATE TABLE requests (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  kind INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  queue_ms INTEGER NOT NULL,
  ttft_ms INTEGER NOT NULL,
  total_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX request_kinds_by_last ON request_kinds (last);
`;

/** Rows per block in the index of ids. */
const BLOCK = 8192;
/** The block of a row in the index. */
export const BLOCK_OF_N = `n / ${BLOCK}`;
export const blockOf = (n: number): number => Math.floor(n / BLOCK);

/**
 * `n` grows in the order of arrival; `last` is the `n` of a kind's newest request, now or once. An absent text is ''.
 * `slow` is 1 or 0. `words` has a kind's texts in lower case, for searching. Ids are random, so in a plain index each
 * row would change another page, which costs more than all the rest of the list. This index is divided by block of
 * rows, and a lookup checks each block.
 */
export const REQUEST_SEARCH = `
DROP INDEX request_kinds_by_last;
ALTER TABLE request_kinds RENAME TO old_request_kinds;
CREATE TABLE request_kinds (
  kind INTEGER PRIMARY KEY,
  owner TEXT NOT NULL,
  caller TEXT NOT NULL,
  model TEXT NOT NULL,
  route TEXT NOT NULL,
  source TEXT NOT NULL,
  class TEXT NOT NULL,
  class_by TEXT NOT NULL,
  status TEXT NOT NULL,
  code TEXT NOT NULL,
  error TEXT NOT NULL,
  missed TEXT NOT NULL,
  slow INTEGER NOT NULL,
  words TEXT NOT NULL,
  last INTEGER NOT NULL,
  UNIQUE (owner, caller, model, route, source, class, class_by, status, code, error, missed, slow)
) STRICT;
INSERT INTO request_kinds
  SELECT kind, owner, caller, model, route, source, class, class_by, status, code, '', '', 0,
    lower(caller || char(10) || model || char(10) || route || char(10) || source || char(10) || class || char(10) || status
      || char(10) || code), last FROM old_request_kinds;
DROP TABLE old_request_kinds;
ALTER TABLE requests ADD COLUMN tokens INTEGER;
ALTER TABLE requests ADD COLUMN prompt_tokens INTEGER;
ALTER TABLE requests ADD COLUMN load_ms INTEGER;
CREATE TABLE request_details (
  n INTEGER PRIMARY KEY,
  detail TEXT NOT NULL
) STRICT;
CREATE INDEX request_kinds_by_last ON request_kinds (last);
CREATE INDEX requests_by_kind ON requests (kind);
CREATE INDEX requests_by_id ON requests (${BLOCK_OF_N}, id);
`;
