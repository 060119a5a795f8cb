// The entry point of the single executable. Its assets are the program, its source map, and V8's compiled code from the
// time of packing (build/executable.ts).
import { getAsset, getRawAsset } from 'node:sea';
import { attempt, boot, codeCache } from './boot.ts';

const id = getAsset('id', 'utf8');
const place = process.env['HEARTH_CODE_CACHE'];
const packed = attempt(() => Buffer.from(getRawAsset('compiled') as ArrayBuffer));
boot({
  id,
  code: getAsset('program', 'utf8'),
  file: process.execPath,
  linesBefore: 0,
  compiled: packed,
  sourceMap: () => getAsset('map', 'utf8'),
  ...(place ? { keep: codeCache(place, id).write } : {}),
});
