import type { RestoreAction } from '../plan/plan.ts';
import { formatGuestRef, type GuestRef } from '../pve/guest.ts';
import { parseGuestConfig } from '../pve/guest-config.ts';
import type { LineId } from '../pve/inventory.ts';
import { lineIdentity, machineOf } from '../pve/line.ts';
import type { RestoreRecord } from '../records/record.ts';
import { saveRecord } from '../records/save-record.ts';
import { formatRfc3339 } from '../snapshot/rfc3339.ts';
import { UserError } from '../user-error.ts';
import type { RestoreReport } from './apply-event.ts';
import { lookUpVmid } from './look-up-guest.ts';
import { recordFacts } from './record-facts.ts';
import { type RestoreContext, restoreGuest } from './restore-guest.ts';

export interface RecordingContext extends RestoreContext {
  /** Of the target's cluster. */
  readonly clusterFingerprint: string;
  readonly programVersion: string;
  /** The site's UTC offset, east positive. */
  readonly offsetMinutes: number;
}

/**
 * Restores a guest, and keeps in the repository what it was restored from: before a guest is overwritten, that it may be
 * anything from now on; at the end, what came of it. A record that cannot be written is worth a note, and stops nothing.
 * @throws as `restoreGuest`
 */
export async function restoreAndRecord(
  action: RestoreAction,
  context: RecordingContext,
): Promise<RestoreReport> {
  const records = new RestoreRecords(action, context);
  const { replaces, snapshot, to, hostAccess = [] } = action;
  const request = {
    snapshot: snapshot.id,
    guest: snapshot.guest,
    to,
    replace: replaces !== undefined,
    allowedAccess: hostAccess.map(({ line }) => line),
  };
  const target: { state: 'untouched' | 'touched' | 'whole' } = { state: 'untouched' };
  try {
    const report = await restoreGuest(request, {
      ...context,
      onTouching: async ({ overwrites }) => {
        if (overwrites) await records.save('begun');
        target.state = 'touched';
      },
      onRestored: () => {
        target.state = 'whole';
      },
    });
    await records.save('restored');
    return { ...report, notes: [...report.notes, ...records.notes] };
  } catch (error) {
    if (target.state !== 'untouched') await records.save(target.state === 'whole' ? 'restored' : 'failed');
    throw error;
  }
}

class RestoreRecords {
  readonly #action: RestoreAction;
  readonly #context: RecordingContext;
  readonly #started: number;
  #note: string | undefined;

  constructor(action: RestoreAction, context: RecordingContext) {
    this.#action = action;
    this.#context = context;
    this.#started = context.clock();
  }

  /** What could not be kept. */
  get notes(): readonly string[] {
    return this.#note === undefined ? [] : [this.#note];
  }

  async save(outcome: RestoreRecord['outcome']): Promise<void> {
    const { store } = this.#context;
    if (store.signal.aborted) return;
    try {
      const line = outcome === 'restored' ? await this.#lineNow() : undefined;
      await saveRecord(store, this.#record(outcome, line), recordFacts(this.#started, this.#context));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#note = `the repository does not know of this restore: ${error.message}`;
    }
  }

  #record(outcome: RestoreRecord['outcome'], line: LineId | undefined): RestoreRecord {
    const { snapshot, to } = this.#action;
    const { host, clusterFingerprint: cluster, clock } = this.#context;
    const guest = formatGuestRef(snapshot.guest);
    return {
      kind: 'restore',
      snapshot: {
        id: snapshot.id,
        ...(snapshot.original !== undefined && { original: snapshot.original }),
        path: `/${guest}`,
        hostname: snapshot.hostId,
        time: formatRfc3339(snapshot.time, snapshot.offsetMinutes),
      },
      guest,
      to: { host: host.id, node: to.node, vmid: to.vmid, cluster, ...(line !== undefined && { line }) },
      started: this.#time(this.#started),
      ended: this.#time(clock()),
      outcome,
    };
  }

  /** Undefined when the node cannot tell. */
  async #lineNow(): Promise<LineId | undefined> {
    const { shell, clusterFingerprint } = this.#context;
    const { snapshot, to } = this.#action;
    const ref: GuestRef = { type: snapshot.guest.type, vmid: to.vmid };
    const found = await lookUpVmid(shell, ref.vmid).catch(() => undefined);
    if (found?.type !== ref.type) return undefined;
    const machine = machineOf(ref.type, parseGuestConfig(ref.type, found.config));
    return lineIdentity(clusterFingerprint, ref, machine).line;
  }

  #time(milliseconds: number): string {
    return formatRfc3339(milliseconds, this.#context.offsetMinutes);
  }
}
