// The rows of the list. They come on top while nobody is in the list, and wait behind "4 new" while somebody is; older ones
// are asked for as one scrolls. One row is a stop of the Tab key, and arrows lead to the others.
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RequestFact } from '../../backend/contract/views/control.ts';
import { pieces, t } from '../../words/texts.ts';
import { CommandLine } from '../parts/copy.tsx';
import { useHand } from '../parts/held-rows.ts';
import { Empty } from '../parts/parts.tsx';
import { RequestRow, takenBy } from './request-row.tsx';
import {
  heldBack,
  isLiving,
  MOST_ROWS,
  nameOf,
  portionsOf,
  scaleOf,
  scaleWords,
  type Portion,
  type Rows,
} from './listed-rows.ts';
import type { Requests } from './use-requests.ts';

interface ListProps {
  readonly requests: Requests;
  /** Of the gateway, to be told where there is nothing yet. */
  readonly address: string;
  readonly now: number;
  /** The id of the request that is shown beside the list or in its place. */
  readonly open: string | undefined;
  readonly setOpen: (id: string) => void;
  /** The arrows change what is shown, and not only the row that has the focus. */
  readonly followsArrows: boolean;
  /** Nothing is looked for. */
  readonly isWhole: boolean;
  /** Looks for nothing any more. */
  readonly clear: () => void;
}

export function RequestList(props: ListProps): JSX.Element | null {
  const { requests, address, isWhole, clear } = props;
  const { loaded, loader } = requests;
  if (loaded === undefined) return null;
  const { list, problem } = loaded;
  if (list === undefined) {
    return (
      <Empty mark="stopped" title={t('requests.unreadable')}>
        <p role="alert">{problem}</p>
        <p class="btns">
          <button class="btn" type="button" onClick={() => loader.start()}>
            {t('requests.try_again')}
          </button>
        </p>
      </Empty>
    );
  }
  if (list.rows.length > 0 || list.next !== null) return <Shown {...props} list={list} />;
  if (isWhole) {
    return (
      <Empty mark="idle" title={t('requests.none')}>
        <p>{pieces('requests.none_more', { address: <span class="nb">{address}</span> })}</p>
        <CommandLine
          text={`curl ${address}/api/chat-optimized -d '{"messages":[{"role":"user","content":"Hello"}]}'`}
        />
      </Empty>
    );
  }
  return (
    <Empty mark="cold" title={t('requests.no_match')}>
      <p>{t('requests.no_match_more')}</p>
      <p class="btns">
        <button class="btn" type="button" onClick={clear}>
          {t('requests.show_all')}
        </button>
      </p>
    </Empty>
  );
}

function Shown(props: ListProps & { readonly list: Rows }): JSX.Element {
  const { requests, list, now, open, setOpen, followsArrows } = props;
  const { loaded, loader, isHeld } = requests;
  const box = useRef<HTMLDivElement>(null);
  const top = useRef<HTMLElement>(null);
  const hand = useHand(box, list.rows.length === 0);
  const isAtTop = useInSight(top, '');
  const held = hand.isIn || !isAtTop;
  isHeld.current = held;
  useEffect(() => {
    if (!held) loader.release();
  }, [held, loader]);
  const scale = useScale(list, loaded?.filter);
  const [stop, setStop] = useState<string>();
  const portions = useDrawn(list, { scale, now, open, stop });

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const buttons = [...(box.current?.querySelectorAll<HTMLElement>('.req-a') ?? [])];
    const at = buttons.findIndex((button) => button === event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    const button = buttons[to ?? -1];
    if (button === undefined) return;
    event.preventDefault();
    button.focus();
    if (followsArrows && button.dataset['id'] !== undefined) setOpen(button.dataset['id']);
  };
  const { count: waiting, more } = heldBack(list);
  const [zero, middle, end] = scaleWords(scale);
  return (
    <>
      <div class="r-head">
        {waiting === 0 ? (
          <span>{t('requests.newest_first')}</span>
        ) : (
          <button
            class="link"
            type="button"
            onClick={() => {
              loader.release();
              top.current?.scrollIntoView({ block: 'end' });
            }}
          >
            {t('requests.new', { n: waiting, more: String(more) })}
          </button>
        )}
        <span class="r-scale" aria-hidden="true">
          <span>{zero}</span>
          <span>{middle}</span>
          <span>{end}</span>
        </span>
        <span aria-hidden="true">{t('requests.total')}</span>
      </div>
      <i class="r-top" ref={top} />
      <div
        ref={box}
        role="list"
        aria-label={t('requests.list')}
        {...hand.handlers}
        onFocusIn={(event) => {
          hand.handlers.onFocusIn();
          setStop((event.target as Element).closest<HTMLElement>('[data-row]')?.dataset['row']);
        }}
        onClick={(event) => {
          const id = (event.target as Element).closest<HTMLElement>('.req-a')?.dataset['id'];
          if (id !== undefined) setOpen(id);
        }}
        onKeyDown={onKeyDown}
      >
        {portions}
      </div>
      <Older requests={requests} list={list} />
    </>
  );
}

interface Draw {
  readonly scale: number;
  readonly now: number;
  readonly open: string | undefined;
  readonly stop: string | undefined;
}

/**
 * The rows as elements, in portions and blocks of them. A row and a portion are made anew only when something of them changes, and an element that
 * stays the same object is not looked into again: so a change in a list of thousands costs what its portion costs.
 */
function useDrawn({ rows }: Rows, { scale, now, open, stop }: Draw): JSX.Element[] {
  const elements = useRef(new WeakMap<object, { readonly as: string; readonly element: JSX.Element }>());
  const portions = useRef<readonly Portion[]>([]);
  const blocks = useRef<readonly Block[]>([]);
  portions.current = useMemo(() => portionsOf(rows, portions.current), [rows]);
  const today = new Date(now).toDateString();
  const current = rows.find(({ request_id }) => request_id === open);
  const stops = (stop === undefined ? undefined : rows.find((row) => nameOf(row) === stop)) ?? current ?? rows[0];
  const kept = (of: object, as: string, make: () => JSX.Element): JSX.Element => {
    const before = elements.current.get(of);
    if (before?.as === as) return before.element;
    const element = make();
    elements.current.set(of, { as, element });
    return element;
  };
  const rowOf = (row: RequestFact): JSX.Element => {
    const total = takenBy(row, now);
    const isCurrent = row === current;
    const isStop = row === stops;
    return kept(row, [scale, isLiving(row) ? total : 0, today, isCurrent, isStop].join(' '), () => {
      const isOld = new Date(row.created_at).toDateString() !== today;
      return <RequestRow key={nameOf(row)} {...{ row, total, scale, isOld, isCurrent, isStop }} />;
    });
  };
  const drawn = portions.current.map((portion) => {
    const has = (row: RequestFact | undefined): string =>
      row !== undefined && portion.rows.includes(row) ? nameOf(row) : '';
    const as = [scale, portion.rows.some(isLiving) ? now : 0, today, has(current), has(stops)].join(' ');
    const element = kept(portion, as, () => (
      <div key={portion.number} class="portion">
        {portion.rows.map(rowOf)}
      </div>
    ));
    return { number: portion.number, element };
  });
  blocks.current = blocksOf(drawn, blocks.current);
  return blocks.current.map(({ element }) => element);
}

interface Block {
  readonly number: number;
  readonly portions: readonly JSX.Element[];
  readonly element: JSX.Element;
}

/** Portions of a block. */
const BLOCK = 10;

/** The portions in blocks, so that rows that come on top push a few blocks down and not all portions. A block stays as portions do. */
function blocksOf(
  drawn: readonly { readonly number: number; readonly element: JSX.Element }[],
  before: readonly Block[],
): readonly Block[] {
  const blocks = new Map<number, JSX.Element[]>();
  for (const { number, element } of drawn) {
    const block = Math.floor(number / BLOCK);
    blocks.set(block, [...(blocks.get(block) ?? []), element]);
  }
  return [...blocks].map(([number, portions]) => {
    const same = before.find((each) => each.number === number);
    if (same?.portions.length === portions.length && portions.every((each, i) => each === same.portions[i]))
      return same;
    const element = (
      <div key={number} class="block">
        {portions}
      </div>
    );
    return { number, portions, element };
  });
}

/** The end of the scale: it grows with the rows, and shrinks only with another filter, so that bars do not twitch. */
function useScale({ rows }: Rows, filter: object | undefined): number {
  const held = useRef({ filter, scale: 0, rows: rows.slice(0, 0) as Rows['rows'] });
  if (held.current.filter !== filter) held.current = { filter, scale: 0, rows: [] };
  if (held.current.rows !== rows) {
    const scale = Math.max(held.current.scale, scaleOf(rows.filter((row) => !isLiving(row))));
    held.current = { filter, scale, rows };
  }
  return held.current.scale;
}

/** Whether an element is in sight; `key`: look anew when it changes. */
function useInSight(element: { readonly current: Element | null }, key: string, onSight?: () => void): boolean {
  const [isIn, setIsIn] = useState(true);
  const seen = useRef(onSight);
  seen.current = onSight;
  useEffect(() => {
    if (element.current === null) return undefined;
    const observer = new IntersectionObserver((entries) => {
      const is = entries.at(-1)?.isIntersecting === true;
      setIsIn(is);
      if (is) seen.current?.();
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element, key]);
  return isIn;
}

/** Behind the last row: the next page is asked for when it comes near, or what else there is to say. */
function Older({ requests, list }: { readonly requests: Requests; readonly list: Rows }): JSX.Element | null {
  const { loaded, loader } = requests;
  const near = useRef<HTMLElement>(null);
  const { rows, next } = list;
  useInSight(near, next ?? '', () => loader.older());
  if (next === null) return null;
  if (rows.length >= MOST_ROWS) {
    return <p class="sum">{t('requests.most', { n: MOST_ROWS })}</p>;
  }
  return (
    <>
      <i class="r-near" ref={near} />
      {loaded?.problem !== undefined && (
        <p class="sum" role="alert">
          {loaded.problem}{' '}
          <button class="link" type="button" onClick={() => loader.older()}>
            {t('requests.try_again')}
          </button>
        </p>
      )}
    </>
  );
}
