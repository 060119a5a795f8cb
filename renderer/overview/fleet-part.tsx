// The gateways of a fleet in Overview, each with what runs there and what it has in memory; or the machines behind this one,
// where it is alone and has several. Nothing where there is one of each.
import type { JSX } from 'preact';
import { shownCaller } from '../../backend/contract/apps.ts';
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { FleetNode, FleetUpstream, FleetView } from '../../backend/contract/views/fleet-view.ts';
import { meaningOf } from '../../words/meanings.ts';
import { listed } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import { Section } from '../parts/parts.tsx';
import { count, NOTHING, percent, roughly } from '../parts/words.ts';
import { useFleet } from './use-fleet.ts';

/** Requests and models that a row names; the others are counted. */
const NAMED = 3;

interface FleetProps {
  readonly live: Live;
  /** cluster.url is set. */
  readonly clustered: boolean;
  readonly now: number;
}

export function Fleet({ live, clustered, now }: FleetProps): JSX.Element | null {
  const view = useFleet(clustered || (live.health.upstreams?.length ?? 0) > 1, now);
  const [here] = view?.nodes ?? [];
  if (view === undefined || here === undefined) return null;
  if (view.fleet !== null) return <Gateways view={view} version={here.version} />;
  return here.upstreams.length > 1 ? <Machines node={here} /> : null;
}

function Gateways({ view, version }: { readonly view: FleetView; readonly version: string }): JSX.Element {
  const { nodes, total, valkey, pending } = view;
  const { asked, hit_rates: rates } = total.requests;
  const up = count(total.nodes_up);
  const all = nodes.length;
  return (
    <Section
      title={t('overview.fleet.title')}
      end={
        <p class="sec-note">
          {t(total.nodes_up === all ? 'overview.fleet.all' : 'overview.fleet.some', { n: all, up })}
        </p>
      }
    >
      {valkey === 'away' && <p class="meta2 kept">{t('overview.fleet.away')}</p>}
      {pending > 0 && <p class="meta2 kept">{t('overview.fleet.pending', { n: pending })}</p>}
      <Table
        first={t('overview.fleet.gateway')}
        last={t('overview.column_no_model_time')}
        means={meaningOf('no_model_time')}
      >
        {nodes.map((node, place) => (
          // Two gateways may have been given one name.
          <Gateway key={`${node.node} ${place}`} node={node} version={version} isAway={valkey === 'away'} />
        ))}
      </Table>
      {asked > 0 && (
        <p class="meta2 kept">
          {t('overview.fleet.kept', {
            n: asked,
            memory: percent(rates.memory),
            disk: percent(rates.disk),
            shared: percent(rates.shared),
            coalesced: percent(rates.coalesced),
          })}
        </p>
      )}
    </Section>
  );
}

function Machines({ node }: { readonly node: FleetNode }): JSX.Element {
  const { upstreams } = node;
  const up = count(upstreams.filter(({ state }) => state === 'up').length);
  return (
    <Section
      title={t('overview.fleet.machines')}
      end={<p class="sec-note">{t('overview.fleet.answer', { n: upstreams.length, up })}</p>}
    >
      <Table first={t('overview.fleet.machine')} last={t('overview.fleet.slots')}>
        {upstreams.map((each) => (
          <Row
            key={each.name}
            name={each.name}
            running={count(each.running)}
            waiting={count(each.waiting)}
            last={count(each.slots)}
            {...machineWords(each, node)}
          />
        ))}
      </Table>
    </Section>
  );
}

interface GatewayProps {
  readonly node: FleetNode;
  /** That of the gateway of this window. */
  readonly version: string;
  /** Valkey is away: that the others are silent says nothing of them. */
  readonly isAway: boolean;
}

function Gateway({ node, version, isAway }: GatewayProps): JSX.Element {
  const { upstreams, running, waiting, requests } = node;
  const isUp = node.state === 'up';
  const figure = (value: number): string => (isUp ? count(value) : NOTHING);
  const [only] = upstreams;
  const isOne = upstreams.length === 1 && only !== undefined;
  const words = [
    ...(node.here ? [t('overview.fleet.here')] : []),
    ...(node.version === version ? [] : [t('overview.fleet.version', { version: node.version })]),
    ...(isUp && node.paused ? [t('overview.fleet.paused')] : []),
  ];
  const silent = t('overview.fleet.silent', { time: roughly(node.heard_ms) });
  const told = !isUp
    ? { isBad: !isAway, words: [silent] }
    : isOne
      ? machineWords(only, node)
      : { isBad: false, words: [] };
  return (
    <>
      <Row
        name={node.node}
        running={figure(running)}
        waiting={figure(waiting)}
        last={requests.asked === 0 ? NOTHING : percent(requests.hit_rates.all)}
        isBad={told.isBad}
        words={[...words, ...told.words]}
      />
      {isUp &&
        !isOne &&
        upstreams.map((each) => (
          <Row
            key={each.name}
            below
            name={each.name}
            running={count(each.running)}
            waiting={count(each.waiting)}
            last=""
            {...machineWords(each, node)}
          />
        ))}
    </>
  );
}

/** What runs on an Ollama, else what it has in memory, else why it does not answer. */
function machineWords(
  { name, state, loaded }: FleetUpstream,
  { runs, upstreams }: FleetNode,
): { readonly isBad: boolean; readonly words: readonly string[] } {
  if (state !== 'up') return { isBad: state === 'down', words: [t(`overview.fleet.${state}`)] };
  const here = runs.filter(({ upstream }) => upstreams.length === 1 || upstream === name);
  if (here.length > 0) {
    return {
      isBad: false,
      words: named(here.map(({ model, caller }) => t('overview.fleet.runs', { model, caller: shownCaller(caller) }))),
    };
  }
  if (loaded.length === 0) return { isBad: false, words: [t('overview.fleet.empty')] };
  return { isBad: false, words: [t('overview.fleet.in_memory', { models: listed(named(loaded)) })] };
}

/** The first few, and how many there are beside them. */
function named(all: readonly string[]): string[] {
  const rest = all.length - NAMED;
  return rest > 0 ? [...all.slice(0, NAMED), t('overview.fleet.more', { n: rest })] : [...all];
}

interface TableProps {
  readonly first: string;
  readonly last: string;
  /** What the last column means. */
  readonly means?: string | undefined;
  readonly children: JSX.Element | readonly JSX.Element[];
}

function Table({ first, last, means, children }: TableProps): JSX.Element {
  return (
    <table class="plain tri fleet">
      <thead>
        <tr>
          <th scope="col">{first}</th>
          <th scope="col">{t('overview.running')}</th>
          <th scope="col">{t('overview.waiting')}</th>
          <th scope="col" title={means}>
            {last}
          </th>
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

interface RowProps {
  readonly name: string;
  readonly running: string;
  readonly waiting: string;
  readonly last: string;
  readonly words: readonly string[];
  readonly isBad: boolean;
  /** It is a machine of the gateway above it. */
  readonly below?: boolean;
}

function Row({ name, running, waiting, last, words, isBad, below = false }: RowProps): JSX.Element {
  return (
    <tr>
      <th scope="row" class={below ? 'below' : undefined}>
        {name}
        {words.length > 0 && <span class={isBad ? 'meta2 bad' : 'meta2'}>{words.join(' · ')}</span>}
      </th>
      <td>{running}</td>
      <td>{waiting}</td>
      <td>{last}</td>
    </tr>
  );
}
