/**
 * The campaign: kills, cuts, flips, full disks and hostile input, drawn from a seed, for as long as it is told to. It ends with a
 * table of what was made and what was lost by it, and with status 1 when anything was.
 */
import { randomInt } from 'node:crypto';
import { campaignTable } from './campaign-table.ts';
import { parseFaultOptions, USAGE } from './fault-options.ts';
import { faultParts } from './fault-parts.ts';
import { runCampaign } from './run-campaign.ts';

try {
  const options = parseFaultOptions(process.argv.slice(2));
  const seed = options.seed ?? String(randomInt(1_000_000));
  process.stdout.write(`seed ${seed}\n`);
  const began = performance.now();
  const results = await runCampaign(
    faultParts('long').filter(({ name }) => options.only.includes(name)),
    {
      seed,
      milliseconds: options.minutes * 60_000,
      onlyCase: options.case,
      mostCases: Number.POSITIVE_INFINITY,
      say: (line) =>
        process.stdout.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}\n`),
    },
  );
  process.stdout.write(`\n${campaignTable(seed, results)}`);
  process.exitCode = results.some(({ losses }) => losses.length > 0) ? 1 : 0;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}\n`);
  process.exitCode = 1;
}
