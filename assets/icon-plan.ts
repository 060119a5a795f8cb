// Which pictures the app needs, and how each is drawn: from SVG, at its own size. A PNG is never scaled.
// Pure but for reading the SVG sources beside it; make-icons.ts writes the files, a test draws them again and compares.
import { Resvg } from '@resvg/resvg-js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const STATES = ['idle', 'busy', 'degraded', 'stopped'] as const;
export const GROUNDS = ['on-any', 'on-dark', 'on-light'] as const;
/** Sizes of panels and task bars, from 100 % to 300 %. */
export const TRAY_SIZES = [16, 20, 22, 24, 32, 48] as const;
/** Below 64 px the app icon has no margin and a larger ember. */
const SMALL_BELOW = 64;
const APP_SIZES = [16, 24, 32, 48, 64, 128, 256, 512, 1024] as const;
/** What Windows looks for in an .ico. */
const ICO_SIZES = [16, 20, 24, 32, 40, 48, 64, 128, 256] as const;
/** Types of .icns entries that hold a PNG, each with its size in pixels (Apple: "icns", as libicns lists them). */
const ICNS_TYPES = [
  ['icp4', 16],
  ['icp5', 32],
  ['ic07', 128],
  ['ic08', 256],
  ['ic09', 512],
  ['ic10', 1024],
  ['ic11', 32],
  ['ic12', 64],
  ['ic13', 256],
  ['ic14', 512],
] as const;

export interface IconFile {
  /** Below assets/icons. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** Draws everything. `svgFolder` holds the sources. */
export function allIcons(svgFolder: string): IconFile[] {
  const svg = (name: string): string => readFileSync(join(svgFolder, `${name}.svg`), 'utf8');
  const app = (size: number): Buffer => draw(svg(size < SMALL_BELOW ? 'app-small' : 'app'), size);
  const files: IconFile[] = APP_SIZES.map((size) => ({ path: `icon-${size}.png`, bytes: app(size) }));
  files.push(
    { path: 'icon.ico', bytes: ico(ICO_SIZES.map((size) => [size, app(size)])) },
    { path: 'icon.icns', bytes: icns(ICNS_TYPES.map(([type, size]) => [type, app(size)])) },
  );
  for (const state of STATES) {
    for (const ground of GROUNDS) {
      const source = svg(`tray-${state}-${ground}`);
      for (const size of TRAY_SIZES) {
        files.push({ path: `tray/tray-${state}-${ground}-${size}.png`, bytes: draw(source, size) });
      }
    }
    // macOS colours them itself, and takes the second for screens of twice the density.
    const template = svg(`tray-${state}`);
    files.push(
      { path: `tray/tray-${state}Template.png`, bytes: draw(template, 16) },
      { path: `tray/tray-${state}Template@2x.png`, bytes: draw(template, 32) },
    );
  }
  return files;
}

/** A PNG of so many pixels, drawn from the vectors. */
export function draw(svg: string, size: number): Buffer {
  return new Resvg(svg, { fitTo: { mode: 'width', value: size } }).render().asPng();
}

/** An .ico with PNG entries (Microsoft: "ICO file format"; PNG is allowed since Windows Vista). */
function ico(entries: readonly (readonly [size: number, png: Buffer])[]): Buffer {
  const head = Buffer.alloc(6 + 16 * entries.length);
  head.writeUInt16LE(1, 2);
  head.writeUInt16LE(entries.length, 4);
  let offset = head.length;
  for (const [i, [size, png]] of entries.entries()) {
    const at = 6 + 16 * i;
    // 256 is written as 0.
    head.writeUInt8(size % 256, at);
    head.writeUInt8(size % 256, at + 1);
    head.writeUInt16LE(1, at + 4);
    head.writeUInt16LE(32, at + 6);
    head.writeUInt32LE(png.length, at + 8);
    head.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([head, ...entries.map(([, png]) => png)]);
}

/** An .icns: a head, then entries of type, length (both counted in) and PNG. */
function icns(entries: readonly (readonly [type: string, png: Buffer])[]): Buffer {
  const parts = entries.map(([type, png]) => {
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32BE(png.length + 8, 4);
    return Buffer.concat([head, png]);
  });
  const head = Buffer.alloc(8);
  head.write('icns', 'latin1');
  head.writeUInt32BE(8 + parts.reduce((sum, { length }) => sum + length, 0), 4);
  return Buffer.concat([head, ...parts]);
}
