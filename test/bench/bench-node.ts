/**
 * Nodes of the lab whose vzdump sends a prepared file and whose qmrestore keeps what it is sent, so that what is measured is
 * pvebak. All other tools are those of the lab.
 */
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addCt, addVm } from '../lab/guests.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import type { LabNode } from '../lab/lab-node.ts';
import { directSink, directSource } from './direct-disk.ts';

export class BenchNodes implements AsyncDisposable {
  readonly lab: Lab;
  readonly #streams: string;
  readonly #restored: string;

  private constructor(lab: Lab, work: string) {
    this.lab = lab;
    this.#streams = join(work, 'streams');
    this.#restored = join(work, 'restored');
  }

  /** Several nodes are a cluster. */
  static async start(work: string, nodes: readonly string[] = ['pve1']): Promise<BenchNodes> {
    const bench = new BenchNodes(await startLab({ nodes }), work);
    for (const folder of [bench.#streams, bench.#restored]) mkdirSync(folder, { recursive: true });
    for (const node of bench.lab.nodes) bench.#replaceTools(node);
    return bench;
  }

  node(name = 'pve1'): LabNode {
    return this.lab.node(name);
  }

  /** @param name of its node */
  addVm(vmid: number, name = 'pve1'): void {
    addVm(this.lab, name, {
      vmid,
      name: `bench-${vmid}`,
      disks: [{ key: 'scsi0', sizeBytes: 1 << 20, content: { kind: 'zeros' } }],
    });
  }

  addContainer(vmid: number, name = 'pve1'): void {
    addCt(this.lab, name, { vmid, hostname: `bench-${vmid}` });
  }

  /** From now on vzdump sends this file for the guest. */
  prepare(vmid: number, file: string): void {
    const link = join(this.#streams, String(vmid));
    rmSync(link, { force: true });
    symlinkSync(file, link);
  }

  /** What qmrestore was sent for a vmid. */
  restored(vmid: number): string {
    return join(this.#restored, String(vmid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.stop();
    for (const folder of [this.#streams, this.#restored]) rmSync(folder, { recursive: true, force: true });
  }

  #replaceTools({ bin }: LabNode): void {
    for (const [tool, script] of [
      ['vzdump', vzdumpScript(this.#streams)],
      ['qmrestore', qmrestoreScript(this.#restored)],
    ] as const) {
      writeFileSync(join(bin, tool), script);
      chmodSync(join(bin, tool), 0o755);
    }
  }
}

/** The lines that vzdump says of a guest that does not run. */
function vzdumpScript(streams: string): string {
  return [
    '#!/bin/sh',
    'set -e',
    'vmid=$1',
    'type=qemu; [ -e "/etc/pve/lxc/$vmid.conf" ] && type=lxc',
    'say() { echo "INFO: $*" >&2; }',
    'say "starting new backup job: vzdump $*"',
    'say "Starting Backup of VM $vmid ($type)"',
    'say "Backup started at $(date "+%F %T")"',
    'say "status = stopped"',
    'say "backup mode: stop"',
    'say "sending archive to stdout"',
    `${directSource}'${streams}'/"$vmid"`,
    'say "Finished Backup of VM $vmid (00:00:01)"',
    'say "Backup finished at $(date "+%F %T")"',
    'say "Backup job finished successfully"',
    '',
  ].join('\n');
}

function qmrestoreScript(restored: string): string {
  return [
    '#!/bin/sh',
    'set -e',
    `${directSink} > '${restored}'/"$2"`,
    'printf "cores: 1\\nmemory: 128\\nname: restored\\n" > "/etc/pve/qemu-server/$2.conf"',
    'echo "progress 100% (read 0 bytes, duration 0 sec)"',
    '',
  ].join('\n');
}
