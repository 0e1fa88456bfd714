/**
 * The stand-ins are held to recordings of the real tools: the same command on a node with the same guests must end with the same
 * status and say the same on both streams, but for times, sizes and names of processes.
 */
import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from './lab.ts';
import { resetRecordedNode, startRecordedNode } from './recorded-node.ts';
import { comparable, type Recording } from './recording.ts';
import { BEFORE, NOT_REPLAYED, REAL_TIME } from './replay-conditions.ts';
import type { PveVersion } from './stand-ins/lab-state.ts';

/** Tests, one for each recording of that version. */
export function replayAll(version: PveVersion, recordings: readonly Recording[]): void {
  let lab: Lab;
  let volumesTouched = false;
  const replayed = recordings.filter(({ name }) => !NOT_REPLAYED.has(name));

  beforeAll(async () => {
    lab = await startRecordedNode(version);
  });

  afterAll(async () => {
    await lab.stop();
  });

  it.each(named(replayed, 'pve1'))('does as recorded: %s', async (_, recording) => {
    await resetRecordedNode(lab, volumesTouched);
    volumesTouched = touchesVolumes(recording);
    await replay(lab, recording);
  });

  it.each(named(replayed, 'pve2'))('does as recorded, on its neighbour: %s', async (_, recording) => {
    await resetRecordedNode(lab, volumesTouched);
    volumesTouched = touchesVolumes(recording);
    await lab.node('pve2').start();
    await replay(lab, recording);
    await lab.node('pve2').stop();
  });
}

function named(recordings: readonly Recording[], node: string): readonly (readonly [string, Recording])[] {
  return recordings
    .filter((recording) => recording.node === node)
    .map((recording) => [recording.name, recording]);
}

async function replay(lab: Lab, recording: Recording): Promise<void> {
  const node = lab.node(recording.node);
  const before = BEFORE.get(recording.name);
  if (before !== undefined) await node.exec(before);
  const output = '/var/lib/vz/replayed.bin';
  const command = quick(recording);
  const inVarTmp = `cd /var/tmp; ${recording.magic === undefined ? command : `exec > ${output}; ${command}`}`;
  const { stdout, stderr, exitCode } = await node.exec(inVarTmp);
  const seen = { exitCode, stdout: comparable(stdout), stderr: comparable(stderr) };
  const recorded = {
    exitCode: recording.exitCode,
    stdout: comparable(recording.stdout),
    stderr: comparable(recording.stderr),
  };
  expect(seen).toEqual(recorded);
  if (recording.magic === undefined) return;
  expect(readFileSync(node.path(output)).toString('hex', 0, 4)).toBe(recording.magic);
  rmSync(node.path(output));
}

function touchesVolumes({ name, command }: Recording): boolean {
  return /restore|destroy|\bmv\b/.test(`${BEFORE.get(name) ?? ''} ${command}`);
}

/** Waits a third of the time, in which a busy machine still gets as far as the real one did. */
function quick({ name, command }: Recording): string {
  if (REAL_TIME.has(name)) return command;
  return command.replace(/\bsleep (\d+)/g, (_, seconds: string) => `sleep ${Number(seconds) / 3}`);
}
