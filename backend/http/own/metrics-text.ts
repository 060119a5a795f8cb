// Metrics for Prometheus. They cover all callers together and name none, so a key needs the scope cache or manage, as
// for the statistics.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireScope } from '../door/caller.ts';
import { countWhole, giveLast } from '../wire/give.ts';

export interface MetricsParts {
  readonly metrics: {
    now(): Promise<{ readonly contentType: string; readonly text: string }>;
  };
}

export async function showMetrics({ metrics }: MetricsParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  requireScope(req, 'cache', 'manage');
  const { contentType, text } = await metrics.now();
  const length = Buffer.byteLength(text);
  countWhole(res, length);
  res.setHeader('Content-Type', contentType);
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Content-Length', length);
  void giveLast(res, text);
}
