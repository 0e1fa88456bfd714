/**
 * Is loaded before pvebak, in each of its threads: writes, at the end of each, a line of JSON into the file that
 * PVEBAK_LOAD_FIGURES names.
 */
import { appendFileSync, readdirSync, readlinkSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread, threadId } from 'node:worker_threads';

export interface LongTask {
  /** Processor milliseconds of the thread before it. */
  readonly after: number;
  readonly ms: number;
}

export interface ThreadFigures {
  readonly thread: 'main' | number;
  /**
   * Processor milliseconds that the thread used between two looks, for each look that found any: the work of one round of its
   * event loop or a few. The longest while it loaded its modules is told apart.
   */
  readonly worked: { readonly p99: number; readonly loading: number; readonly longest: number };
  /** What took longer than 50 ms of it. */
  readonly long: readonly LongTask[];
  /** The event loop's delay by the clock, in milliseconds. */
  readonly delay: { readonly p99: number; readonly longest: number };
  /** Of the main thread: what descriptors refer to that were not open at the start. */
  readonly descriptors: readonly string[];
  /** Of Node, such as too many listeners of one event. */
  readonly warnings: readonly string[];
}

const LOOK_MS = 10;
const LONG_MS = 50;
const KEPT_MS = 3_000;
/** Of a thread's own processor time: by then its modules are there. */
const LOADING_MS = { main: 600, worker: 150 };
const NS_PER_MS = 1e6;
const file = process.env['PVEBAK_LOAD_FIGURES'];
if (file !== undefined) probe(file);

function probe(path: string): void {
  const before = new Set(descriptors());
  const warnings: string[] = [];
  process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));
  const delay = monitorEventLoopDelay({ resolution: LOOK_MS });
  delay.enable();
  const worked: number[] = [];
  const long: LongTask[] = [];
  const loadingMs = isMainThread ? LOADING_MS.main : LOADING_MS.worker;
  let loading = 0;
  let last = processorMs();
  const timer = setInterval(() => {
    const now = processorMs();
    const ms = now - last;
    if (last < loadingMs) loading = Math.max(loading, ms);
    else worked.push(ms);
    if (ms > LONG_MS) long.push({ after: last, ms });
    last = now;
  }, LOOK_MS);
  timer.unref();
  // What is kept open for a moment is closed by then.
  process.once('beforeExit', () => void setTimeout(() => undefined, KEPT_MS));
  process.on('exit', () => {
    const sorted = worked.filter((ms) => ms > 0).sort((a, b) => a - b);
    const figures: ThreadFigures = {
      thread: isMainThread ? 'main' : threadId,
      worked: { p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0, loading, longest: sorted.at(-1) ?? 0 },
      delay: { p99: delay.percentile(99) / NS_PER_MS, longest: delay.max / NS_PER_MS },
      long,
      descriptors: isMainThread ? descriptors().filter((each) => !before.has(each)) : [],
      warnings,
    };
    appendFileSync(path, `${JSON.stringify(figures)}\n`);
  });
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * `17 /tmp/repository/data/...`; that of the look itself is gone before it can be read. Node keeps one of /dev/null from its first
 * child process on.
 */
function descriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target === '/dev/null' ? [] : [`${fd} ${target}`];
    } catch {
      return [];
    }
  });
}
