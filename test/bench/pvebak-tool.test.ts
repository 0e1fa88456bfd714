import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BenchNodes } from './bench-node.ts';
import { makePool } from './content-pool.ts';
import { planDisk, rewrite } from './disk-plan.ts';
import { pvebakTool } from './pvebak-tool.ts';
import { expectDisk, writeVmStream } from './vm-stream.ts';

const MIB = 1 << 20;

it('pvebak backs prepared streams up from a node of the bench, and what it restores is the disk of the last one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pvebak-bench-test-'));
  const pool = makePool(join(folder, 'pool'), { folder: import.meta.dirname, bytes: MIB, seed: 'a' });
  const first = planDisk(16 * MIB, 'a');
  const second = rewrite(first, 0.05, 'a');
  await using nodes = await BenchNodes.start(folder);
  nodes.addVm(101);
  using tool = await pvebakTool({ nodes, vmid: 101, type: 'qemu' });
  const works: unknown[] = [];
  for (const [index, disk] of [first, second].entries()) {
    const stream = join(folder, String(index));
    await writeVmStream(stream, { disk, pool, vmid: 101, seed: String(index) });
    const { work, inside, wall, cpu, peak } = await tool.backup(stream);
    works.push(work);
    expect(inside).toBeLessThan(wall);
    expect(cpu).toBeGreaterThan(0);
    expect(peak).toBeGreaterThan(50 * MIB);
  }
  expect(works[0]).toMatchObject({ newBytes: expect.any(Number) });
  await tool.restore(join(folder, 'restored.vma'));
  await expectDisk(join(folder, 'restored.vma'), { disk: second, pool });
  pool[Symbol.dispose]();
  rmSync(folder, { recursive: true });
}, 120_000);
