/** A small part of the campaign, always the same: `npm run test:faults` is all of it. PVEBAK_SEED takes another seed. */
import { describe, expect, test } from 'vitest';
import { campaignTable } from './campaign-table.ts';
import { faultParts } from './fault-parts.ts';
import { runCampaign } from './run-campaign.ts';

const seed = process.env['PVEBAK_SEED'] ?? '1';

process.stdout.write(`a short campaign of faults: PVEBAK_SEED=${seed}\n`);

describe(`a short campaign of faults (seed ${seed})`, () => {
  test.each(faultParts('short').map((part) => [part.name, part] as const))(
    '%s: nothing is lost',
    { timeout: 400_000 },
    async (_, part) => {
      const [result] = await runCampaign([part], {
        seed,
        milliseconds: Number.POSITIVE_INFINITY,
        onlyCase: undefined,
        mostCases: part.shortCases,
        say: (line) => process.stdout.write(line.includes('FAILED') ? `${line}\n` : ''),
      });
      expect(result === undefined ? 'no result' : campaignTable(seed, [result])).toMatch(/ lost +nothing\n$/);
      expect(result?.made.size).toBeGreaterThan(0);
    },
  );
});
