import { describe, expect, it } from 'vitest';
import { RestoreRooms } from '../../src/plan/restore-room.ts';
import type { StorageFacts } from '../../src/pve/inventory.ts';
import { guest, host, inventory, node } from './sample-site.ts';

interface Given {
  readonly type?: string;
  readonly shared?: boolean;
  readonly totalBytes?: number;
  readonly available?: boolean;
}

function storageOn(
  name: string,
  { type, shared = false, totalBytes = 100, available = true }: Given,
): StorageFacts {
  return {
    node: node(name),
    storage: 'fast',
    ...(type !== undefined && { type }),
    available,
    shared,
    content: ['images'],
    totalBytes,
    usedBytes: totalBytes === 0 ? 0 : 10,
  };
}

/** A target with 90 bytes free on the storage fast of each node. */
function target(given: Given, entry: { readonly at?: string; readonly replacing?: number } = {}) {
  const { at = 'pve', replacing } = entry;
  const existing =
    replacing === undefined
      ? undefined
      : guest('qemu/901', { volumes: [{ key: 'scsi0', storage: 'fast', bytes: replacing }] });
  const known = inventory([], { storages: ['pve', 'pve2'].map((name) => storageOn(name, given)) });
  return { host: { entry: host('pve'), inventory: known }, node: node(at), existing };
}

const need = (statedBytes: number, dataBytes: number) => [{ storage: 'fast', statedBytes, dataBytes }];

describe('a restore fits', () => {
  it.each<[string, Given, number, number, boolean]>([
    ['a thick storage with its whole size', { type: 'lvm' }, 90, 5, true],
    ['not when a thick one has less than that', { type: 'lvm' }, 91, 5, false],
    ['a thin storage with its data', { type: 'lvmthin' }, 500, 90, true],
    ['not when a thin one has less than that', { type: 'lvmthin' }, 500, 91, false],
    ['a storage of a kind that is not told, as a thin one', {}, 500, 90, true],
    ['one that compresses, whatever it holds', { type: 'zfspool' }, 500, 500, true],
    ['one whose size is not known', { type: 'lvm', totalBytes: 0 }, 500, 500, true],
    ['one that is said to be away, as another problem', { type: 'lvm', available: false }, 500, 500, true],
  ])('%s', (_, given, stated, data, fits) => {
    const rooms = new RestoreRooms();
    const problems = rooms.take({ intent: 'r', target: target(given), needs: need(stated, data) });
    expect(problems.length === 0).toBe(fits);
  });
});

describe('several restores', () => {
  const thick = { type: 'lvm' };
  it('are added up, and one without room takes none', () => {
    const rooms = new RestoreRooms();
    const take = (intent: string, bytes: number) =>
      rooms.take({ intent, target: target(thick), needs: need(bytes, 0) });
    expect(take('a', 50)).toEqual([]);
    expect(take('b', 41)).toEqual([
      {
        kind: 'restore-no-room',
        intent: 'b',
        storage: 'fast',
        node: 'pve',
        needsBytes: 41,
        freeBytes: 40,
        others: 1,
      },
    ]);
    expect(take('c', 40)).toEqual([]);
    expect(take('d', 1)).toMatchObject([{ freeBytes: 0, others: 2 }]);
  });

  it.each([
    ['share a storage that is shared', true, 1],
    ['have each its own where it is not', false, 0],
  ])('to two nodes %s', (_, shared, problems) => {
    const rooms = new RestoreRooms();
    const to = (at: string) => target({ ...thick, shared }, { at });
    rooms.take({ intent: 'a', target: to('pve'), needs: need(60, 0) });
    expect(rooms.take({ intent: 'b', target: to('pve2'), needs: need(60, 0) })).toHaveLength(problems);
  });

  it('find what an overwritten guest leaves', () => {
    const rooms = new RestoreRooms();
    const over = target(thick, { replacing: 30 });
    expect(rooms.take({ intent: 'a', target: over, needs: need(120, 0) })).toEqual([]);
    expect(rooms.take({ intent: 'b', target: target(thick), needs: need(1, 0) })).toHaveLength(1);
  });

  it('that promise more than there is are worth a note', () => {
    const rooms = new RestoreRooms();
    const thin = target({ type: 'rbd' });
    rooms.take({ intent: 'a', target: thin, needs: need(60, 5) });
    expect(rooms.promises()).toEqual([]);
    rooms.take({ intent: 'b', target: thin, needs: need(60, 5) });
    expect(rooms.promises()).toEqual([
      {
        kind: 'restore-room-promised',
        host: 'pve',
        storage: 'fast',
        node: 'pve',
        statedBytes: 120,
        freeBytes: 90,
      },
    ]);
  });
});
