// The gateway's composition root: the only place in backend/ that creates long-lived objects. It runs in plain Node and
// in Electron's main process and knows neither; its host passes in the configuration, log and clock.
import { randomUUID } from 'node:crypto';
import { Beat } from './beat.ts';
import { systemClock } from './clock.ts';
import { viaOf } from './contract/behind.ts';
import { untilRestart, type Config } from './contract/config/config.ts';
import { AppError } from './contract/errors.ts';
import { HandleWatch } from './handle-watch.ts';
import { heapGrowth } from './heap-growth.ts';
import { hostControl } from './host-control.ts';
import type { Backend, BackendOptions } from './hosting.ts';
import { Embedder } from './core/stories/embeds/embedder.ts';
import { Days } from './core/stories/views/day-figures.ts';
import { Feed } from './core/telemetry/feed.ts';
import { Flights } from './core/flight.ts';
import { Hindsight } from './core/stories/reasons/hindsight.ts';
import { FleetNow, nodeReport } from './core/stories/fleet/fleet-now.ts';
import { HandedOnRuns } from './core/stories/chat/handed-on-run.ts';
import { Gateway } from './core/stories/gateway.ts';
import { History } from './core/telemetry/history.ts';
import { tellRefusedPages } from './refused-pages.ts';
import { offersLeft, PinNews } from './core/stories/reasons/pin-news.ts';
import { Recorder } from './core/stories/chat/recorder.ts';
import { Requests } from './core/requests/requests.ts';
import { RequestDesk } from './core/stories/views/request-desk.ts';
import { RequestNews } from './core/stories/views/request-news.ts';
import { Reloads } from './core/models/reloads.ts';
import { feedSources, type SnapshotParts } from './core/stories/views/snapshot.ts';
import { OriginApprovals } from './core/access/origin-approvals.ts';
import { Telemetry } from './core/telemetry/telemetry.ts';
import { Slowness } from './core/stories/reasons/slowness.ts';
import { StuckWatch } from './core/stories/views/stuck.ts';
import { PATIENCE } from './http/dialect/encode.ts';
import { effectiveBind, placeHere } from './http/door/bind.ts';
import { KnownQuestions } from './http/dialect/known-questions.ts';
import { UnderWay } from './http/wire/under-way.ts';
import { Meters } from './metrics/meters.ts';
import { MetricsPage } from './metrics/metrics-page.ts';
import { Legacy } from './legacy.ts';
import { openBatches } from './batch-work.ts';
import { openJobs } from './job-work.ts';
import { openFront } from './front.ts';
import { nodeName } from './node-name.ts';
import { openMachines } from './open-machines.ts';
import { openPulls } from './pull-work.ts';
import { openStores } from './stores.ts';
import { openTexts } from './text-work.ts';

/** Starts a gateway. Rejects when it cannot listen, but not when Ollama is down. */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const { log, version, clock = systemClock, patience = PATIENCE, dataFolder, recordings: recorded } = options;
  const history = options.history ?? new History(clock.now);
  const originApprovals = options.originApprovals ?? new OriginApprovals();
  let current = options.config;
  const config = (): Config => current;
  const life = new AbortController();
  // A gateway without a fleet loads none of the cluster code.
  const node = nodeName(current.cluster);
  const { openCluster } = current.cluster.url === '' ? {} : await import('./cluster-work.ts');
  const bind = effectiveBind(current);

  // Random, so that one Hearth can run behind another.
  const via = viaOf(randomUUID());
  const told = () => ({ requestLog: stores.requests, texts, feed, history, meter, slow, pins });
  const { onArrived, onEnded, onRefused } = new RequestNews(told);
  const requests = new Requests({ onArrived, onChange: () => feed.touch('queue') });
  const legacy = options.legacy ?? new Legacy(clock, log);
  const { database, board } = legacy;
  const { cache, conversations } = legacy.takenBy({
    config,
    nextPlace: () => queue.nextPlace(),
    tell: (notice) => feed.notice(notice),
    noticesChanged: () => feed.touch('state'),
  });
  const fitHeap = heapGrowth();
  const meter = new Meters({
    config,
    watch: {
      get state() {
        return watch.state;
      },
    },
  });
  const telemetry = new Telemetry(history, clock.now, meter);
  const { put } = board;
  const cluster = openCluster?.(current.cluster, {
    clock,
    log,
    put,
    cache,
    removalPlaces: () => stores.removalPlaces,
    untold: () => stores.untold,
    urgencyChanged: () => queue.recheck(),
    report: () => nodeReport({ shown, node }),
  });
  const opened = openMachines({
    config,
    clock,
    log,
    via,
    meter,
    put,
    life: life.signal,
    recordings: () => stores.recordings,
    onLook: () => {
      feed.touch('state', 'model');
      jobWork.feed();
      pulls.feed();
    },
    onLine: () => {
      history.waiting(queue.waiting);
      feed.touch('queue');
      jobWork.feed();
    },
  });
  const { machines } = opened;
  const { watch, queue } = machines;
  const reloads = new Reloads(put);
  const slow = new Slowness({ machines, config, clock });
  const handles = new HandleWatch(put);
  const underWay = new UnderWay(() => current.server.max_inflight_mb);
  const stores = openStores({ database, config, clock, log, dataFolder, recorded, put });
  const recorder = new Recorder({ recordings: stores.recordings, config, watch, log, put });
  const hindsight = new Hindsight({ ...machines.first, config, clock, cache, startedAt: clock.elapsed() });
  const onWatch = (): void => feed.touch('state', 'snapshot');
  const textWork = openTexts({ config, clock, log, requests, stores, underWay, newId: randomUUID, onWatch });
  const { texts } = textWork;
  const asking = { hindsight, requests, telemetry, recorder, reloads, texts, onEnded };
  const working = { machines, watch, queue, ...asking, config, clock, time: stores.time, log, cache, meter };
  cache.over(stores.answers);
  conversations.over(stores.conversations);
  const { pulls, pullControl } = openPulls({
    ...working,
    database,
    onInstalled: () => watch.invalidate(),
    onChange: () => feed.touch('pulls'),
  });
  const gateway = new Gateway({ ...working, newId: randomUUID, flights: new Flights(), fleet: cluster?.flights });
  const embedder = new Embedder(working);
  const handedOnRuns = new HandedOnRuns(working);
  const shown: SnapshotParts = {
    version,
    startedAt: clock.elapsed(),
    clock,
    config,
    watch,
    cache,
    conversations,
    queue,
    requests,
    telemetry,
    machines,
    pulls,
    watchingUntil: () => texts.watchingUntil,
    behind: () => jobWork.behind(),
    openBatches: (watcher) => jobWork.openBatches(watcher),
    notices: () => board.sentences,
  };
  const named = cluster === undefined ? undefined : { name: current.cluster.name, ...cluster };
  const fleet = new FleetNow({ shown, node, fleet: named });
  const feed = new Feed(feedSources(shown), clock);
  const jobParts = { ...working, gateway, conversations, put, newId: randomUUID, store: stores.jobs };
  const jobWork = openJobs(
    {
      ...jobParts,
      away: () => watch.state.away,
      hold: (bytes) => underWay.hold(bytes),
      onChange: () => feed.touch('queue'),
    },
    cluster?.openJobs,
  );
  const { jobs, batches, jobDesk } = jobWork;
  const batchWork = openBatches({ ...working, database, gateway, embedder, underWay, newId: randomUUID });
  const requestDesk = new RequestDesk(offersLeft(config, options.isPutOff), { requestLog: stores.requests, jobs });
  const pins = new PinNews({ requestDesk, board, clock, life: life.signal });
  const acting = { machines, config, clock, cache, conversations, telemetry };
  if (bind.refusedBecause !== undefined) put('bind', { text: bind.refusedBecause });
  const metrics = new MetricsPage({ meter, shown, fleet, life: life.signal });
  const days = new Days({ history, store: stores.history, requestLog: stores.requests, clock, life: life.signal });
  const shows = { feed, days, requestDesk, board, meter, metrics, fleet };
  const stuckWatch = new StuckWatch(shown, put, () => feed.touch('state', 'queue'));
  const front = {
    ...shown,
    ...acting,
    onEnded,
    onRefused,
    gateway,
    embedder,
    handedOnRuns,
    jobs,
    batches,
    jobDesk,
    ...batchWork,
    ...shows,
    ...textWork,
    log,
    newId: randomUUID,
    patience,
    questions: new KnownQuestions(),
    underWay,
    originApprovals,
    via,
    counts: cluster?.counts,
  };
  const listening = await openFront(front, bind.hosts).catch(async (error: unknown) => {
    await leave();
    throw error;
  });
  const { port } = listening;
  const beat = new Beat({
    clock,
    onBeat() {
      // Marks the gateway as running in each step of the plots.
      history.alive();
      fitHeap(cache.figures().bytes);
      // Also without any change: keep_alive expires by itself, and a hanging run sends nothing.
      opened.beat();
      stuckWatch.look();
      handles.look();
      stores.time.beat();
      jobWork.beat();
    },
    onWoke(counted) {
      log.info({ counted_ms: Math.round(counted) }, 'The machine has slept');
      queue.slept(counted);
      requests.woke();
      opened.woke();
    },
  });
  recorder.reconfigured();
  opened.start();
  const forgetStores = clock.after(0, () => {
    stores.open();
    texts.open();
    jobWork.open();
    pulls.open();
    batchWork.offline.resume();
  });
  cluster?.open();
  history.began(stores.history);
  void beat.run(life.signal);
  const deaf = tellRefusedPages(originApprovals, put);

  const lookAgain = (): void => (beat.look(), opened.lookAgain());
  const url = `http://${placeHere(bind, port)}`;
  const looking = { shown, acting, queue, jobs, batches, ...shows, ...textWork, texts: textWork.control(url) };
  const control = hostControl({ ...looking, pullControl, life: life.signal, lookAgain });

  async function stop(drainMs: number): Promise<void> {
    // In a fleet others can answer: a load balancer retries a refused connection elsewhere, but no error status.
    if (cluster !== undefined) listening.refuse();
    deaf();
    forgetStores();
    embedder.drain();
    jobWork.stop();
    await Promise.all([batchWork.stop(), pulls.stop()]);
    await gateway.drain(drainMs);
    await jobWork.close();
    life.abort(new AppError('shutting_down', 'Hearth has stopped.'));
    await opened.stop();
    await listening.close();
    await leave();
  }

  async function leave(): Promise<void> {
    await Promise.all([opened.close(), cluster?.close()]);
    history.ended();
    texts.close();
    stores.close();
    board.rest();
    if (options.legacy === undefined) database.close();
    else database.rest();
  }

  return {
    control,
    url,
    port,
    configure(next) {
      current = untilRestart(current, next);
      originApprovals.decided(current.cors);
      recorder.reconfigured();
      pins.reconfigured();
      cache.reconfigured();
      conversations.reconfigured();
      stores.reconfigured();
      opened.lookAgain();
      queue.recheck();
      feed.touch('snapshot');
    },
    stop: () => stop(current.server.drain_timeout_ms),
    async abandon() {
      const closed = listening.close();
      await stop(0);
      await closed;
    },
  };
}
