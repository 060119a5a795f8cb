// A zip archive made in memory, its files stored as they are. Enough for tests of what unpacks one.
import { crc32 } from 'node:zlib';

/** The bytes of an archive with these files, by path. */
export function zipOf(files: Readonly<Record<string, Buffer | string>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [path, content] of Object.entries(files)) {
    const name = Buffer.from(path);
    const data = Buffer.from(content as string);
    // What the header before each file and its entry in the directory have in common (APPNOTE 4.3.7 and 4.3.12).
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(14);
    // A plain file that may be run: the mode is in the upper half.
    entry.writeUInt32LE((0o100755 << 16) >>> 0, 6);
    entry.writeUInt32LE(at, 10);
    const body = Buffer.concat([signature(0x04034b50), common, name, data]);
    // Made by Unix, so that the mode is read.
    directory.push(Buffer.concat([signature(0x02014b50), Buffer.from([20, 3]), common, entry, name]));
    bodies.push(body);
    at += body.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...bodies, entries, signature(0x06054b50), end]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
