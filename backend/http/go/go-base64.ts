// Decodes base64 as Go's base64.StdEncoding does: padding required, line ends skipped, left-over bits ignored. Pure.

/** Fast path for text without line ends. The length is checked separately: a repeated group would exhaust the stack. */
const PLAIN = /^[A-Za-z0-9+/]*={0,2}$/;

/** The base64 text without line ends, or why Go refuses it. */
export function base64Of(text: string): string | { readonly refused: string } {
  if (isPlain(text)) return text;
  const joined = text.replaceAll(/[\r\n]/g, '');
  if (isPlain(joined)) return joined;
  return { refused: `illegal base64 data at input byte ${firstWrong(Buffer.from(text))}` };
}

function isPlain(text: string): boolean {
  return text.length % 4 === 0 && PLAIN.test(text);
}

/**
 * Index of the byte that Go names (encoding/base64 decodeQuantum): the wrong byte, or the start of an incomplete group.
 */
function firstWrong(bytes: Buffer): number {
  let at = 0;
  const passLines = (): void => {
    while (bytes[at] === 0x0a || bytes[at] === 0x0d) at++;
  };
  for (;;) {
    let inGroup = 0;
    while (inGroup < 4) {
      passLines();
      const byte = bytes[at];
      if (byte === undefined) return at - inGroup;
      if (byte === PAD) {
        if (inGroup < 2) return at;
        at++;
        if (inGroup === 2) {
          passLines();
          if (at === bytes.length) return bytes.length;
          if (bytes[at] !== PAD) return at - 1;
          at++;
        }
        passLines();
        return at;
      }
      if (!isLetter(byte)) return at;
      at++;
      inGroup++;
    }
  }
}

const PAD = 0x3d;

function isLetter(byte: number): boolean {
  return /[A-Za-z0-9+/]/.test(String.fromCharCode(byte));
}
