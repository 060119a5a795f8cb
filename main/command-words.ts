// Whether the packed program was started as the app, or as the command line: `hearth` opens the app, `hearth doctor` does not.

/** What Chromium is told where no page will be shown, in front of a command (assets/linux/hearth). */
const FOR_CHROMIUM = ['--no-sandbox', '--no-zygote', '--log-level=3'];
const ASKS = ['-h', '--help', '--version'];

/**
 * The words behind the program's name, where they are for the command line: a command comes first, or the question for help
 * or the version. Undefined where the app is meant, as with `--hidden`.
 */
export function commandWords(args: readonly string[]): readonly string[] | undefined {
  const from = args.findIndex((word) => !FOR_CHROMIUM.includes(word));
  const words = from < 0 ? [] : args.slice(from);
  const [first = '-'] = words;
  return first.startsWith('-') && !ASKS.includes(first) ? undefined : words;
}
