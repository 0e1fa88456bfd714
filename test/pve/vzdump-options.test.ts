import { describe, expect, test } from 'vitest';
import type { PveVersion } from '../../src/pve/inventory.ts';
import { isAtLeast } from '../../src/pve/pve-version.ts';
import {
  lacksFleecingStorage,
  unknownVzdumpOptions,
  type VzdumpTuning,
  vzdumpTuningOptions,
} from '../../src/pve/vzdump-options.ts';

function pve(version: string): PveVersion {
  return { release: version, version };
}

describe('a version', () => {
  test.for([
    ['8.4.21', '8.2', true],
    ['8.2', '8.2', true],
    ['8.2.0', '8.2', true],
    ['8.1.10', '8.1.4', true],
    ['8.1.3', '8.1.4', false],
    ['8.10.1', '8.2', true],
    ['7.4-19', '7.3', true],
    ['7.4-19', '7.4.20', false],
    ['9.0.0~11', '8.1.4', true],
    ['10', '9.1', true],
    ['', '7.3', false],
    ['devel', '7.3', false],
  ] as const)('%s is at least %s: %s', ([has, wanted, expected]) => {
    expect(isAtLeast(pve(has), wanted)).toBe(expected);
  });

  test('that is not known counts as old', () => {
    expect(isAtLeast(undefined, '7.0')).toBe(false);
  });
});

describe('a notification of each dump', () => {
  test.for([
    ['7.4-19', undefined, '--mailnotification failure', []],
    ['8.0.4', undefined, '--mailnotification failure', []],
    ['8.1.3', undefined, '--mailnotification failure', []],
    ['8.1.4', undefined, '--notification-mode legacy-sendmail --mailnotification failure', []],
    ['9.2.1', undefined, '--notification-mode legacy-sendmail --mailnotification failure', []],
    ['9.2.1', 'notification-system', '--notification-mode notification-system', []],
    ['8.4.1', 'auto', '--notification-mode auto', []],
    ['7.4-19', 'notification-system', '', ['notification-mode']],
  ] as const)('on %s with %s is %j', ([version, notificationMode, options, unknown]) => {
    const tuning: VzdumpTuning = {
      version: pve(version),
      ...(notificationMode === undefined ? {} : { notificationMode }),
    };
    expect(vzdumpTuningOptions(tuning).join(' ')).toBe(options);
    expect(unknownVzdumpOptions(tuning)).toEqual(unknown);
  });
});

describe('options that a version may not know', () => {
  const quiet = [
    '--mailnotification failure',
    '--notification-mode legacy-sendmail --mailnotification failure',
  ];
  test.for([
    ['8.2.0', { fleecing: { storage: 'fast' } }, ['--fleecing enabled=1,storage=fast'], []],
    ['8.4.1', { fleecing: {}, diskStorage: 'ceph' }, ['--fleecing enabled=1,storage=ceph'], []],
    [
      '8.4.1',
      { fleecing: { storage: 'fast' }, diskStorage: 'ceph' },
      ['--fleecing enabled=1,storage=fast'],
      [],
    ],
    ['8.4.1', { fleecing: {} }, [], []],
    ['8.4.1', { diskStorage: 'ceph' }, [], []],
    ['8.1.4', { fleecing: { storage: 'fast' } }, [], ['fleecing']],
    ['7.3-1', { performance: { maxWorkers: 4 } }, ['--performance max-workers=4'], []],
    [
      '9.1.2',
      { performance: { maxWorkers: 4, pbsEntriesMax: 9 } },
      ['--performance max-workers=4,pbs-entries-max=9'],
      [],
    ],
    ['9.1.2', { performance: {} }, [], []],
    [
      '7.2-7',
      { performance: { maxWorkers: 4 }, fleecing: { storage: 'x' } },
      [],
      ['fleecing', 'performance'],
    ],
  ] as const)('on %s: %j', ([version, asked, options, unknown]) => {
    const tuning = { version: pve(version), ...asked };
    const line = vzdumpTuningOptions(tuning).join(' ');
    expect(quiet.map((end) => [...options, end].join(' '))).toContain(line);
    expect(unknownVzdumpOptions(tuning)).toEqual(unknown);
  });

  test.for([
    ['8.4.1', { fleecing: {} }, true],
    ['8.4.1', { fleecing: {}, diskStorage: 'ceph' }, false],
    ['8.4.1', { fleecing: { storage: 'fast' } }, false],
    ['8.4.1', {}, false],
    ['8.1.4', { fleecing: {} }, false],
  ] as const)('on %s, %j lacks a storage for fleecing: %s', ([version, asked, lacks]) => {
    expect(lacksFleecingStorage({ version: pve(version), ...asked })).toBe(lacks);
  });
});
