/** A small site with a node of its own, of which it is known what each of its snapshots must hold. */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { byIdentity, labSite } from '../cli/lab-site.ts';
import { ENTRY, type Ended, PASSWORD, Workplace } from '../cli/program.ts';
import { addCt, addVm, containerFolder, diskFile } from '../lab/guests.ts';
import type { Lab } from '../lab/lab.ts';
import type { LabNode } from '../lab/lab-node.ts';
import type { Draws } from './draws.ts';
import { indexedBlobs } from './indexed-blobs.ts';
import { digestOf, type ResticJudge, resticOf, snapshotsOf } from './restic-judge.ts';

const DISK_BYTES = 2 << 20;
const FILE_BYTES = 100_000;
/** More than the policy's rpo, so that whatever was backed up just now is due again. */
const DUE_MS = 1_100;
const STALL_MS = 15_000;

/** A file of a guest as it was backed up. */
interface HeldFile {
  /** In the snapshot. */
  readonly file: string;
  /** SHA-256 */
  readonly digest: string;
}

export class GuardedSite implements Disposable {
  readonly place = new Workplace();
  readonly lab: Lab;
  readonly node: LabNode;
  readonly vmid: number;
  readonly ctid: number;
  /** What each snapshot holds, by id; of a record it is not known. */
  #known = new Map<string, HeldFile | undefined>();
  #knownAtBase: ReadonlyMap<string, HeldFile | undefined> = new Map();
  #disk: Buffer = Buffer.alloc(DISK_BYTES);
  #file: Buffer = Buffer.alloc(FILE_BYTES);

  /** A site whose guests were backed up so often, each time with other content. Its repository is what cases start from. */
  static async start(
    lab: Lab,
    number: number,
    { backups, draws }: { readonly backups: number; readonly draws: Draws },
  ) {
    const site = new GuardedSite(lab, number);
    await site.place.makeRepository();
    for (let run = 0; run < backups; run++) {
      site.change(draws);
      await sleep(DUE_MS);
      await site.place.succeed('apply', 'site.yaml', '--yes');
      await site.judge();
    }
    cpSync(site.repository, site.#base, { recursive: true });
    site.#knownAtBase = new Map(site.#known);
    return site;
  }

  private constructor(lab: Lab, number: number) {
    const node = lab.nodes[number];
    if (node === undefined) throw new Error(`the lab has no node ${number}`);
    this.lab = lab;
    this.node = node;
    this.vmid = 101 + 10 * number;
    this.ctid = 105 + 10 * number;
    const disks = [{ key: 'scsi0', sizeBytes: DISK_BYTES, content: { kind: 'zeros' } as const }];
    addVm(lab, node.name, { vmid: this.vmid, name: 'web', disks });
    addCt(lab, node.name, { vmid: this.ctid, hostname: 'files' });
    this.write('site.yaml', {});
    this.write('forget.yaml', { policy: 'rpo: 30d, retention: { keep-last: 1 }' });
  }

  get repository(): string {
    return join(this.place.folder, 'repository');
  }

  get #base(): string {
    return join(this.place.folder, 'base');
  }

  /** A site file. @param more.port of another way to the node */
  write(
    name: string,
    more: { readonly policy?: string; readonly port?: number; readonly repository?: string },
  ): void {
    const location = `proxmox://127.0.0.1:${more.port ?? this.node.port}`;
    const hosts = { pve: byIdentity(this.node, { location, stall_timeout: `${STALL_MS / 1000}s` }) };
    const policy = `{ name: all, host: pve, vmid: [${this.vmid}, ${this.ctid}], ${more.policy ?? 'rpo: 1s, verify_within: 30d'} }`;
    const { repository } = more;
    this.place.write(
      name,
      labSite({ hosts, backups: [policy], ...(repository !== undefined && { repository }) }),
    );
  }

  /** Back to the repository as it was at the start. */
  reset(): void {
    rmSync(this.repository, { recursive: true, force: true });
    cpSync(this.#base, this.repository, { recursive: true });
    this.#known = new Map(this.#knownAtBase);
  }

  /** Gives both guests other contents, partly: what stays the same is to be reused. */
  change(draws: Draws): void {
    const bytes = draws.bytes(draws.between(1, DISK_BYTES / 2));
    this.#disk = Buffer.from(this.#disk);
    bytes.copy(this.#disk, draws.below(DISK_BYTES - bytes.length));
    writeFileSync(diskFile(this.lab, this.vmid, 'scsi0'), this.#disk);
    this.#file = draws.bytes(FILE_BYTES);
    writeFileSync(join(containerFolder(this.lab, this.ctid), 'home/user/file'), this.#file);
  }

  /** Snapshots that were whole when they appeared. */
  get known(): ReadonlySet<string> {
    return new Set(this.#known.keys());
  }

  /** Of those, the ones that hold a guest: pruning removes records that newer ones supersede. */
  get knownOfGuests(): ReadonlySet<string> {
    return new Set([...this.#known].flatMap(([id, held]) => (held === undefined ? [] : id)));
  }

  /**
   * Lets restic judge the repository, and compares each new snapshot with what its guest held.
   * @throws when restic finds fault, or a snapshot is not what was backed up
   */
  async judge(): Promise<void> {
    const restic = resticOf(this.repository, PASSWORD);
    await restic.check();
    const stored = this.place.stored('snapshots');
    if (stored.some((id) => !this.#known.has(id)))
      for (const { id, path } of await snapshotsOf(restic)) {
        if (this.#known.has(id)) continue;
        if (path === '/pvebak') {
          JSON.parse((await restic.dump(id, '/pvebak/record.json')).toString());
          this.#known.set(id, undefined);
        } else this.#known.set(id, await this.#prove(restic, id, path));
      }
    for (const id of this.#known.keys()) if (!stored.includes(id)) this.#known.delete(id);
  }

  /** Of a new one. */
  async #prove(restic: ResticJudge, id: string, path: string): Promise<HeldFile> {
    const held =
      path === `/qemu/${this.vmid}`
        ? { file: `${path}/drive-scsi0/drive-scsi0.raw`, digest: digestOf(this.#disk) }
        : { file: `${path}/rootfs/home/user/file`, digest: digestOf(this.#file) };
    await expectHeld(restic, id, held);
    return held;
  }

  /** @throws when a snapshot does not restore to what was backed up */
  async #proveAll(): Promise<void> {
    const restic = resticOf(this.repository, PASSWORD);
    for (const [id, held] of this.#known) if (held !== undefined) await expectHeld(restic, id, held);
  }

  /** @throws when one of these snapshots was not there when the repository was judged last */
  expectKept(ids: ReadonlySet<string>): void {
    for (const id of ids) if (!this.#known.has(id)) throw new Error(`the snapshot ${id} is gone`);
  }

  /** Runs pvebak as another user, in the same folder. */
  async asSomebodyElse(uid: number, ...args: readonly string[]): Promise<Ended> {
    const user = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    return this.place.command(...user, process.execPath, ENTRY, ...args);
  }

  /** The newest of each guest. */
  async newest(): Promise<ReadonlySet<string>> {
    const all = await snapshotsOf(resticOf(this.repository, PASSWORD));
    return new Set(new Map(all.map(({ id, path }) => [path, id])).values());
  }

  /**
   * Backs up once more, with nothing in the way: it must end well, leave no lock, and store nothing twice. Then all snapshots
   * are restored.
   */
  async backUpAgain(): Promise<void> {
    const before = await indexedBlobs(this.repository, PASSWORD);
    const guests = await this.#guestSnapshots();
    await sleep(DUE_MS);
    await this.place.succeed('apply', 'site.yaml', '--yes');
    const locks = this.place.stored('locks').filter((name) => !name.includes('-tmp-'));
    if (locks.length > 0) throw new Error(`these locks are left, stale or not: ${locks.join(', ')}`);
    await this.judge();
    await this.#proveAll();
    if ((await this.#guestSnapshots()) !== guests + 2)
      throw new Error('the backup has not made one snapshot of each guest');
    const after = await indexedBlobs(this.repository, PASSWORD);
    for (const [pack, blobs] of after.packs)
      for (const blob of before.packs.has(pack) ? [] : blobs)
        if (before.blobs.has(blob)) throw new Error(`${blob} was stored, and is stored again in ${pack}`);
  }

  async #guestSnapshots(): Promise<number> {
    return (await snapshotsOf(resticOf(this.repository, PASSWORD))).filter(({ path }) => path !== '/pvebak')
      .length;
  }

  [Symbol.dispose](): void {
    this.place[Symbol.dispose]();
  }
}

async function expectHeld(restic: ResticJudge, id: string, { file, digest }: HeldFile): Promise<void> {
  if (digestOf(await restic.dump(id, file)) !== digest)
    throw new Error(`${file} in the snapshot ${id} is not what was backed up`);
}
