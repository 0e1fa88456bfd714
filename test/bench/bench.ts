/** `npm run bench`: pvebak beside restic and borg on streams that are made here, and the bars that are set for it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../lab/run-program.ts';
import { type BenchContext, benchContext } from './bench-context.ts';
import { type BenchOptions, parseBenchOptions, type SectionName, USAGE } from './bench-options.ts';
import { chunksSection } from './chunks-section.ts';
import { containerSection } from './container-section.ts';
import { indexSection } from './index-section.ts';
import { loadSection } from './load-section.ts';
import { memorySection } from './memory-section.ts';
import { planSection } from './plan-section.ts';
import { profileSection } from './profile-section.ts';
import { formatSection, formatTable, mib, type Section, type Table } from './report.ts';
import { sshSection } from './ssh-section.ts';
import { vmSection } from './vm-section.ts';

const RUNS: Readonly<Record<SectionName, (context: BenchContext) => Promise<Section>>> = {
  vm: vmSection,
  ssh: sshSection,
  memory: memorySection,
  container: containerSection,
  chunks: chunksSection,
  index: indexSection,
  plan: planSection,
  load: loadSection,
  profile: profileSection,
};

process.exitCode = await bench(process.argv.slice(2));

async function bench(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = parseBenchOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
    return 1;
  }
  const work = temporaryFolder();
  const machine = machineTable(options);
  process.stdout.write(`${formatTable(machine)}\n`);
  const sections = await runSections(benchContext(options, work));
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ machine, sections }, null, 2)}\n`);
  return sections.length === options.only.length ? 0 : 1;
}

/** All that is made here lies in it, labs too, and it is gone at the end, also after an interrupt. */
function temporaryFolder(): string {
  const work = mkdtempSync(join(tmpdir(), 'pvebak-bench-'));
  process.env['TMPDIR'] = work;
  process.on('exit', () => rmSync(work, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
  return work;
}

/** @returns those that came to their end; what broke another one is told */
async function runSections(context: BenchContext): Promise<readonly Section[]> {
  const sections: Section[] = [];
  for (const name of context.options.only) {
    const started = performance.now();
    try {
      const section = await RUNS[name](context);
      process.stdout.write(`${formatSection(section)}\n`);
      sections.push(section);
    } catch (error) {
      context.say(`${name} failed: ${error instanceof Error ? error.stack : error}`);
    }
    context.say(`${name}: ${Math.round((performance.now() - started) / 1000)} s`);
  }
  return sections;
}

function machineTable({ seed, size, files }: BenchOptions): Table {
  const [first] = cpus();
  return {
    title: 'pvebak bench',
    columns: ['', ''],
    rows: [
      ['processor', `${first?.model ?? 'unknown'}, ${cpus().length} cores`],
      ['memory', `${mib(totalmem()).toFixed(0)} MiB`],
      ['node', process.version],
      ['restic', versionOf('restic', 'version')],
      ['borg', versionOf('borg', '--version')],
      ['ssh', runProgram('bash', ['-c', 'ssh -V 2>&1']).trim()],
      ['seed', seed],
      ['disk', `${mib(size)} MiB`],
      ['small files', String(files)],
    ],
  };
}

/** Not all sections need all programs. */
function versionOf(program: string, argument: string): string {
  try {
    return runProgram(program, [argument]).split('\n')[0] ?? '';
  } catch {
    return 'not there';
  }
}
