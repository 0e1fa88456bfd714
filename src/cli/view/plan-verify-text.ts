import type { Plan, VerifyAction } from '../../plan/plan.ts';
import { guestText } from './guest-text.ts';
import { formatBytes, formatDuration } from './quantities.ts';
import type { Row } from './text-layout.ts';

/** How many are shown to who did not ask for all. */
const SHOWN = 10;

/** Whose newest backup is read and proved, and why. */
export function verifyRows({ verifies }: Plan, { verbose }: { readonly verbose: boolean }): readonly Row[] {
  if (verbose || verifies.length <= SHOWN + 1) return verifies.map(verifyRow);
  const more = verifies.length - SHOWN;
  return [...verifies.slice(0, SHOWN).map(verifyRow), { glyph: '+', cells: [`${more} more (--verbose)`] }];
}

function verifyRow(action: VerifyAction): Row {
  return { glyph: '+', cells: [guestText(action.guest), reasonText(action), whatText(action)] };
}

function reasonText({ reason }: VerifyAction): string {
  return reason.kind === 'never-verified'
    ? 'never verified'
    : `verified ${formatDuration(reason.agoMs)} ago, wanted every ${formatDuration(reason.withinMs)}`;
}

function whatText({ snapshot, readBytes }: VerifyAction): string {
  const which = snapshot === undefined ? 'once it is backed up' : snapshot.id.slice(0, 8);
  return readBytes === undefined ? which : `${which}, up to ${formatBytes(readBytes)}`;
}
