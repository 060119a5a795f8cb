// The gateways of a fleet by their own reports: each writes a small report into one hash in Valkey every two seconds,
// and any gateway reads all of them. Valkey's clock gives a report's age, so clocks may differ.
import { nodeReportSchema, type NodeReport } from '../contract/views/fleet-view.ts';
import type { HeardNode, SharedNodes } from '../core/fleet.ts';
import type { Clock } from '../core/ports.ts';
import type { Link, LinkUser } from './link.ts';

/** Interval of reports. Milliseconds. */
const TELL_MS = 2000;
/**
 * Reports read this recently are not read again: a window polls every second, and there may be several. Milliseconds.
 */
const FRESH_MS = 1000;
/** A gateway that was silent for this long is deleted. Milliseconds. */
const FORGOTTEN_MS = 10 * 60_000;

/** ARGV: gateway, report, milliseconds after which everything expires. An entry is "<when> <who> <report>". */
const TELL = `
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[1] .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
`;

/** ARGV: milliseconds after which a gateway is deleted. Returns age, name and report of each, one after another. */
const HEAR = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local heard = {}
for _, entry in ipairs(redis.call('HVALS', KEYS[1])) do
  local at, who, report = string.match(entry, '^(%d+) (%S+) (.*)$')
  if at then
    local age = now - tonumber(at)
    if age > tonumber(ARGV[1]) then
      redis.call('HDEL', KEYS[1], who)
    else
      -- The clock was set back since: who lives tells again, and who is dead grows old from now on.
      if age < 0 then redis.call('HSET', KEYS[1], who, string.format('%.0f', now) .. ' ' .. who .. ' ' .. report) end
      heard[#heard + 1] = string.format('%.0f', math.max(0, age))
      heard[#heard + 1] = who
      heard[#heard + 1] = report
    end
  end
end
return heard
`;

export interface ValkeyNodesParts {
  readonly link: Link;
  readonly clock: Clock;
  /** The name of the hash. */
  readonly name: string;
  /** The name by which this process recognizes its own report: without white space. */
  readonly self: string;
  /** The current report. */
  report(): NodeReport;
}

export class ValkeyNodes implements SharedNodes, LinkUser {
  readonly #parts: ValkeyNodesParts;
  #stop: () => void = () => undefined;
  #heard: readonly HeardNode[] = [];
  /** By the monotonic clock. */
  #heardAt = -Infinity;
  #hearing: Promise<void> | undefined;

  constructor(parts: ValkeyNodesParts) {
    this.#parts = parts;
  }

  get isUp(): boolean {
    return this.#parts.link.isUp;
  }

  up(): void {
    this.#tell();
  }

  down(): void {
    this.#stop();
  }

  /** Deletes its own report: from now on this gateway is gone instead of silent. Throws nothing. */
  async leave(): Promise<void> {
    const { link, name, self } = this.#parts;
    this.#stop();
    await link.ask((redis) => redis.hdel(name, self)).catch(() => undefined);
  }

  async others(): Promise<readonly HeardNode[]> {
    const { clock } = this.#parts;
    if (clock.elapsed() - this.#heardAt >= FRESH_MS) {
      this.#hearing ??= this.#hear().finally(() => (this.#hearing = undefined));
      await this.#hearing;
    }
    const since = clock.elapsed() - this.#heardAt;
    return this.#heard
      .map(({ report, heardMs }) => ({ report, heardMs: heardMs + since }))
      .filter(({ heardMs }) => heardMs <= FORGOTTEN_MS);
  }

  #tell(): void {
    const { link, clock, name, self, report } = this.#parts;
    this.#stop();
    this.#stop = clock.after(TELL_MS, () => this.#tell());
    // If Valkey has no room or is away, the others see this gateway as silent.
    link.ask((redis) => redis.eval(TELL, 1, name, self, JSON.stringify(report()), FORGOTTEN_MS)).catch(() => undefined);
  }

  async #hear(): Promise<void> {
    const { link, clock, name, self } = this.#parts;
    try {
      const told = (await link.ask((redis) => redis.eval(HEAR, 1, name, FORGOTTEN_MS))) as string[];
      this.#heard = [...entries(told)].filter(({ who }) => who !== self);
      this.#heardAt = clock.elapsed();
    } catch {
      // The last reports stay, and age.
    }
  }
}

function* entries(told: readonly string[]): Generator<HeardNode & { readonly who: string }> {
  for (let at = 0; at + 2 < told.length; at += 3) {
    const [age = '0', who = '', text = ''] = told.slice(at, at + 3);
    const report = reportIn(text);
    if (report !== undefined) yield { who, report, heardMs: Number(age) };
  }
}

/** Undefined for a report of an incompatible Hearth. */
function reportIn(text: string): NodeReport | undefined {
  try {
    return nodeReportSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
