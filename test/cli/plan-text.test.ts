import { readFileSync, writeFileSync } from 'node:fs';
import { Chalk } from 'chalk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePlanFile } from '../../src/cli/saved/make-plan-file.ts';
import { encodePlanFile, type PlanFile, parsePlanFile } from '../../src/cli/saved/plan-file.ts';
import { markdownSafe } from '../../src/cli/view/markdown-safe.ts';
import { planHeader } from '../../src/cli/view/plan-header.ts';
import { renderPlanMarkdown } from '../../src/cli/view/plan-markdown.ts';
import { renderPlanText } from '../../src/cli/view/plan-text.ts';
import { makePlan } from '../../src/plan/make-plan.ts';
import { UserError } from '../../src/user-error.ts';
import { facts, guest, HOUR, inventory, policy, site } from '../plan/sample-site.ts';
import { brakes } from './brake-scene.ts';
import {
  badNight,
  firstNight,
  guestsGone,
  guestsMoved,
  heldRestores,
  hostileNames,
  knownNight,
  nodesOwn,
  nothingToDo,
  policiesNight,
  type Scene,
} from './plan-scenes.ts';
import { copies, disaster } from './restore-scenes.ts';

/** `UPDATE_GOLDEN=1` writes the golden files anew; read the difference before it is committed. */
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
function made(scene: Scene) {
  const plan = makePlan(scene.site, scene.facts, { restoreNames: scene.restoreNames ?? [] });
  const header = planHeader(scene.site, scene.facts, {
    title: 'pvebak plan site.yaml',
    timeZone: 'Europe/Berlin',
  });
  return { plan, header };
}

function render(scene: Scene, { verbose = false, level = 0 as 0 | 1, width = 80 } = {}): string {
  const { plan, header } = made(scene);
  return renderPlanText(plan, header, { colour: new Chalk({ level }), width, verbose });
}

function golden(name: string, actual: string): string {
  const file = new URL(`../fixtures/plan/${name}`, import.meta.url);
  if (UPDATE) writeFileSync(file, actual);
  return readFileSync(file, 'utf8');
}

describe('the text of a plan', () => {
  it.each<[string, Scene, boolean]>([
    ['first-night', firstNight, false],
    ['nothing-to-do', nothingToDo, false],
    ['nothing-to-do-verbose', nothingToDo, true],
    ['bad-night', badNight, false],
    ['bad-night-verbose', badNight, true],
    ['known-night', knownNight, false],
    ['policies', policiesNight, false],
    ['policies-verbose', policiesNight, true],
    ['hostile-names', hostileNames, false],
    ['held-restores', heldRestores, false],
    ['brakes', brakes, false],
    ['brakes-verbose', brakes, true],
    ['copies', copies, false],
    ['guests-moved', guestsMoved, false],
    ['guests-moved-verbose', guestsMoved, true],
    ['disaster', disaster, false],
    ['guests-gone', guestsGone, false],
    ['guests-gone-verbose', guestsGone, true],
    ['nodes', nodesOwn, false],
    ['nodes-verbose', nodesOwn, true],
  ])('is %s.txt', (name, scene, verbose) => {
    const text = render(scene, { verbose });
    expect(text).toBe(golden(`${name}.txt`, text));
  });

  it('keeps within 80 columns', () => {
    const lines = [
      firstNight,
      knownNight,
      policiesNight,
      badNight,
      nothingToDo,
      heldRestores,
      copies,
      disaster,
      nodesOwn,
      guestsGone,
      guestsMoved,
    ].flatMap((scene) => render(scene, { verbose: true }).split('\n'));
    expect(lines.filter((text) => text.length > 80)).toEqual([]);
  });

  it('differs in colours only when it has colours', () => {
    const painted = render(badNight, { level: 1 });
    expect(painted).not.toBe(render(badNight));
    expect(painted.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '')).toBe(
      render(badNight),
    );
  });

  it('lets no control character of a name reach the terminal', () => {
    expect(render(hostileNames)).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
  });

  it('cuts long lists unless all is asked for', () => {
    const many = Array.from({ length: 60 }, (_, index) => guest(`qemu/${400 + index}`));
    const scene = { site: site({ backups: [policy('all')] }), facts: facts({ pve: inventory(many) }) };
    expect(render(scene)).toContain('+ 40 more (--verbose)');
    expect(render(scene, { verbose: true })).toContain('qemu/459');
  });
});

describe('a plan as Markdown', () => {
  it.each<[string, Scene]>([
    ['bad-night', badNight],
    ['disaster', disaster],
    ['hostile-names', hostileNames],
  ])('is %s.md', (name, scene) => {
    const { plan, header } = made(scene);
    const saved = { sha256: '7be1'.repeat(16), validUntil: plan.madeAt + 24 * HOUR };
    const text = renderPlanMarkdown(plan, header, { saved });
    expect(text).toBe(golden(`${name}.md`, text));
  });

  it.each([
    ['<img src=x onerror=alert(1)>', '&#60;img src=x onerror=alert(1)&#62;'],
    ['a|b `c` **d** [e](f)', 'a&#124;b &#96;c&#96; &#42;&#42;d&#42;&#42; &#91;e&#93;(f)'],
    ['@everyone #12 !7 ~9', '&#64;everyone &#35;12 &#33;7 &#126;9'],
    ['https://evil.test www.evil.test', 'https&#58;//evil.test www&#46;evil.test'],
    ['23:41 is a time', '23:41 is a time'],
    ['two\nlines', 'two&#92;u&#123;a&#125;lines'],
  ])('shows %j as it is', (name, shown) => {
    expect(markdownSafe(name)).toBe(shown);
  });
});

describe('a plan in a file', () => {
  it.each<[string, Scene]>([
    ['first-night', firstNight],
    ['nothing-to-do', nothingToDo],
    ['bad-night', badNight],
    ['held-restores', heldRestores],
    ['brakes', brakes],
    ['copies', copies],
    ['disaster', disaster],
    ['nodes', nodesOwn],
    ['hostile-names', hostileNames],
    ['guests-gone', guestsGone],
    ['guests-moved', guestsMoved],
  ])('is printed as it was before: %s', (_, scene) => {
    const { plan, header } = made(scene);
    const read = parsePlanFile(encodePlanFile(fileOf(scene)), 'plan.json');
    const options = { colour: new Chalk({ level: 0 }), verbose: true };
    expect(renderPlanText(read.plan, read.header, options)).toBe(renderPlanText(plan, header, options));
    expect(encodePlanFile(read)).toBe(encodePlanFile(fileOf(scene)));
  });

  it('that somebody has changed is refused, or read and printed', () => {
    const text = encodePlanFile(fileOf(badNight));
    const pieces = fc.constantFrom(
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      '0',
      'null',
      '"kind"',
      '-',
      ':',
      'e9',
      'e300',
      '1e999',
      '__proto__',
    );
    const change = fc.record({ at: fc.nat(text.length), cut: fc.nat(40), put: pieces });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const changed = changes.reduce(
          (now, { at, cut, put }) => now.slice(0, at) + put + now.slice(at + cut),
          text,
        );
        try {
          const { plan, header } = parsePlanFile(changed, 'plan.json');
          renderPlanText(plan, header, { colour: new Chalk({ level: 0 }) });
          renderPlanMarkdown(plan, header, {});
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 150 },
    );
  });
});

function fileOf(scene: Scene): PlanFile {
  const { plan, header } = made(scene);
  const origin = { site: { file: 'site.yaml', sha256: '0'.repeat(64) }, madeBy: 'pvebak 0.1.0', header };
  return makePlanFile(plan, scene, origin);
}
