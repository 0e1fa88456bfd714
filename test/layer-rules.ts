import { posix } from 'node:path';
import { importsOf } from './imports.ts';

/** What one layer may import, beside itself and `user-error.ts`. */
export interface LayerRule {
  readonly reason: string;
  readonly values: readonly string[];
  /** Layers of which only types may be imported. */
  readonly types: readonly string[];
  /** Packages and modules of Node by name; `node:*` allows all of Node, `*` all there is. */
  readonly modules: readonly string[];
}

export const LAYERS: Readonly<Record<string, LayerRule>> = {
  cli: {
    reason: 'It alone reads arguments, prints and chooses adapters, so it may know everything.',
    values: [
      'apply',
      'browse',
      'config',
      'formats',
      'nbd',
      'plan',
      'pve',
      'records',
      'repository',
      'schedule',
      'snapshot',
      'transport',
      'verify',
    ],
    types: [],
    modules: ['*'],
  },
  apply: {
    reason:
      'It carries out a plan. If it could read the configuration, it could decide; so it does not see it, and of the plan only the data.',
    values: ['formats', 'pve', 'records', 'repository', 'snapshot', 'transport'],
    types: ['plan'],
    modules: ['node:*', 'p-limit'],
  },
  browse: {
    reason: 'It lists, reads, compares and searches what snapshots hold, and changes nothing.',
    values: ['formats', 'pve', 'repository', 'snapshot'],
    types: [],
    modules: ['node:*'],
  },
  nbd: {
    reason: 'It serves one disk of a snapshot to network block device clients, read-only.',
    values: ['repository', 'snapshot'],
    types: [],
    modules: ['node:*'],
  },
  verify: {
    reason: 'It proves snapshots: it reads everything, trusts nothing, changes nothing.',
    values: ['formats', 'pve', 'repository', 'snapshot'],
    types: [],
    modules: ['node:*'],
  },
  records: {
    reason:
      'What is known beyond guests, kept as small snapshots: it knows their form, and not what they are for.',
    values: ['repository'],
    types: [],
    modules: ['node:*'],
  },
  snapshot: {
    reason:
      "How a guest's or a node's snapshot looks inside the repository: written by apply, read by all others.",
    values: ['formats', 'pve', 'repository'],
    types: [],
    modules: ['node:*'],
  },
  config: {
    reason:
      'It turns site.yaml into data. Vmids, node names, guests and schedules are parsed by those who know them.',
    values: ['pve', 'schedule'],
    types: [],
    modules: ['node:*', 'ajv', 'yaml'],
  },
  plan: {
    reason:
      'It is a pure function from facts to a plan: data of others as types, and of pve what, with all that it calls, is as pure. No modules at all: no I/O, no clock, no randomness.',
    values: ['pve', 'schedule'],
    types: ['config'],
    modules: [],
  },
  schedule: {
    reason:
      'Moments of cron lines and hours of the day in time zones, for the site file and for the planner: as pure as that one.',
    values: [],
    types: [],
    modules: [],
  },
  pve: {
    reason:
      'What we know about Proxmox VE. It asks a node through the port that transport defines, and hashes for the identity of a guest.',
    values: ['transport'],
    types: [],
    modules: ['node:crypto'],
  },
  transport: {
    reason: 'It runs commands and knows nothing of what they are for.',
    values: [],
    types: [],
    modules: ['node:*', 'ssh2', 'ssh2/lib/Channel.js'],
  },
  formats: {
    reason: 'Bytes to records and back, in memory: no I/O. Checksums are part of the formats.',
    values: [],
    types: [],
    modules: ['node:crypto'],
  },
  repository: {
    reason:
      "restic's format: it knows nothing of guests, plans or screens, so that it could be a package of its own.",
    values: [],
    types: [],
    modules: ['node:*', 'libsodium-wrappers-sumo'],
  },
};

/** Files by path from `src`, `plan/make-plan.ts`, with their text. */
export type Sources = ReadonlyMap<string, string>;

/** Every import that the table does not allow, as a sentence. */
export function layerViolations(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, text]) =>
    importsOf(text).flatMap((one) => violation(path, one, sources)),
  );
}

/** What a file below cli does that only cli may: print, end the process, read its arguments or its environment. */
export function surroundingsUsed(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, text]) => {
    const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
    const used =
      code.match(/\bconsole\.\w+|\bprocess\.(?:env|exit|exitCode|argv|stdout|stderr|stdin|cwd)\b/g) ?? [];
    return layerOf(path) === 'cli' ? [] : used.map((what) => `${path} uses ${what}, which only cli may`);
  });
}

/**
 * The files of one cycle of imports, the first one again at its end; undefined when there is none. Imports of types alone
 * are gone when the program runs, and make none.
 */
export function importCycle(sources: Sources): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const { from, typesOnly } of importsOf(sources.get(path) ?? '')) {
      const cycle =
        from.startsWith('.') && !typesOnly ? visit(resolve(path, from), [...trail, path]) : undefined;
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const path of sources.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function violation(
  path: string,
  { from, typesOnly }: { readonly from: string; readonly typesOnly: boolean },
  sources: Sources,
): readonly string[] {
  const layer = layerOf(path);
  const rule = LAYERS[layer];
  if (rule === undefined)
    return path === 'user-error.ts'
      ? [`${path} imports ${from}, and may import nothing`]
      : [`${path} is in no layer`];
  const refused = (what: string) => [`${path} imports ${what}: ${rule.reason}`];
  if (!from.startsWith('.')) {
    const allowed = rule.modules.some(
      (name) => name === from || name === '*' || (name === 'node:*' && from.startsWith('node:')),
    );
    return allowed ? [] : refused(from);
  }
  const target = resolve(path, from);
  const targetLayer = layerOf(target);
  if (target.startsWith('..')) return isSchema(target) ? [] : refused(`${target}, which is not in src`);
  if (sources.has(target)) {
    if (targetLayer === layer || target === 'user-error.ts') return [];
    if (layer === 'plan' && !typesOnly && !isPure(target, sources)) return refused(target);
    if (rule.values.includes(targetLayer)) return [];
    return typesOnly && rule.types.includes(targetLayer) ? [] : refused(target);
  }
  return [`${path} imports ${target}, which is not there`];
}

/** Whether a file, with all that it imports, calls no module and leaves its layer for nothing but errors. */
function isPure(path: string, sources: Sources): boolean {
  return importsOf(sources.get(path) ?? '')
    .filter(({ typesOnly }) => !typesOnly)
    .every(({ from }) => {
      const target = resolve(path, from);
      const isInside = layerOf(target) === layerOf(path) || target === 'user-error.ts';
      return from.startsWith('.') && isInside && isPure(target, sources);
    });
}

function resolve(path: string, from: string): string {
  return posix.join(posix.dirname(path), from);
}

function layerOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

/** Schemas are data that is published beside the program. */
function isSchema(target: string): boolean {
  return /^\.\.\/(?:schemas\/[\w.-]+\.json|package\.json)$/.test(target);
}
