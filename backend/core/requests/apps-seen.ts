// Which of the known apps have sent requests, and when last. Pure: derived from the callers in the list of requests.
import { APPS, type App } from '../../contract/apps.ts';
import type { AppSeen } from '../../contract/views/app-seen.ts';

/** A caller in the list of requests, and what set the class of its requests. */
export interface CallerSeen {
  readonly caller: string;
  readonly class_by: string;
  /** When its newest request came, in milliseconds since 1970. */
  readonly at: number;
}

/** The apps that were seen, in the order of the table. */
export function appsSeen(callers: readonly CallerSeen[]): readonly AppSeen[] {
  const known = callers.map((seen) => ({ ...seen, plain: `${plain(seen.caller)} ` }));
  return APPS.flatMap((app) => {
    const own = newest(known.filter(isOf(app, callers)));
    if (own !== undefined) return [{ id: app.id, at: own }];
    const { through } = app;
    const like = through && newest(callers.filter(({ caller }) => through.agent.test(caller)));
    return through === undefined || like === undefined ? [] : [{ id: app.id, at: like, through: through.name }];
  });
}

/**
 * Whether a caller belongs to an app: it bears the app's name as given by a program, a key or a rule, or a rule for the
 * app matched one of its requests; then all its requests are the app's. A key's name is one word (KEY_NAME) and must
 * equal the app's: "llm-server" is not llm. A program's name continues with "/", and that of an app's user with a
 * space.
 */
function isOf(
  { name, agent }: App,
  callers: readonly CallerSeen[],
): (seen: CallerSeen & { readonly plain: string }) => boolean {
  const rules = `${name}: `;
  const begins = `${plain(name)} `;
  const ruled = new Set(callers.filter(({ class_by }) => class_by.startsWith(rules)).map(({ caller }) => caller));
  const bears = ({ caller, plain: said }: { readonly caller: string; readonly plain: string }): boolean =>
    said === begins || (/[/ ]/.test(caller) && said.startsWith(begins));
  return (seen) => ruled.has(seen.caller) || agent?.test(seen.caller) === true || bears(seen);
}

/** "Open-WebUI", "open webui/1.0" → "open webui", "open webui 1 0" */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, ' ')
    .trim();

function newest(seen: readonly CallerSeen[]): string | undefined {
  const last = seen.reduce((most, { at }) => Math.max(most, at), -Infinity);
  return seen.length === 0 ? undefined : new Date(last).toISOString();
}
