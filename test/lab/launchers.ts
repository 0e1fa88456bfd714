/** The programs that a node finds before all others in its PATH: one small shell script for each stand-in. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * How Node runs a stand-in. Its compilers and its collector have no threads: programs that end while those work hang at times
 * (https://github.com/nodejs/node/issues/54918).
 */
export const NODE_FLAGS = ['--single-threaded', '--disable-warning=ExperimentalWarning'];

const TOOLS = ['pvesh', 'vzdump', 'qm', 'pct', 'qmrestore', 'pvesm', 'cstream', 'lab-fault'];

/**
 * @param cache where Node keeps what it has compiled, to start quickly
 */
export function makeLaunchers(bin: string, cache: string): void {
  mkdirSync(bin, { recursive: true });
  for (const tool of TOOLS) {
    const module = fileURLToPath(new URL(`stand-ins/${tool}.ts`, import.meta.url));
    const script = `#!/bin/sh\nNODE_COMPILE_CACHE='${cache}' exec '${process.execPath}' ${NODE_FLAGS.join(' ')} '${module}' "$@"\n`;
    writeFileSync(`${bin}/${tool}`, script);
    chmodSync(`${bin}/${tool}`, 0o755);
  }
}
