import { describe, expect, it } from 'vitest';
import { mustRun, runMeasured } from './run-measured.ts';

const env = { PATH: '/usr/bin:/bin' };

describe('a measured command', () => {
  it('tells wall time, what it said and how it ended', async () => {
    const { wall, stdout, stderr, status } = await runMeasured({
      line: 'sleep 0.3; echo out; echo err >&2; (exit 3)',
      env,
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: 'out\n', stderr: 'err\n', status: 3 });
    expect(wall).toBeGreaterThan(0.29);
  });

  it('tells the processor time of all that it started', async () => {
    const busy = `'${process.execPath}' -e 'crypto.pbkdf2Sync("a", "b", 600_000, 32, "sha256")'`;
    const one = await mustRun({ line: busy, env });
    const { cpu } = await mustRun({ line: `${busy} & ${busy}; wait`, env });
    expect(cpu).toBeGreaterThan(one.cpu * 1.4);
  });

  it('tells the memory that the largest of its processes had at most', async () => {
    const fill = 'const full = Buffer.alloc(200 << 20, 1); setTimeout(() => full, 600)';
    const { peak } = await mustRun({ line: `true | '${process.execPath}' -e '${fill}'`, env });
    expect(peak).toBeGreaterThan(200 * 2 ** 20);
    expect(peak).toBeLessThan(400 * 2 ** 20);
  });

  it('that must succeed and fails says what it said', async () => {
    await expect(mustRun({ line: 'echo no >&2; exit 1', env })).rejects.toThrow('ended with 1:\nno');
  });
});
