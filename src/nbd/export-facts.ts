import { EXPORT_FLAG } from './protocol-numbers.ts';

/** What clients are told of the disk. */
export interface ExportFacts {
  /** `drive-scsi0`. The empty name, "the default export", means it too. */
  readonly name: string;
  readonly description: string;
  /** Bytes. */
  readonly size: number;
}

/** The disk never changes, so several connections see the same. @param structured whether such replies were agreed on */
export function exportFlags(structured: boolean): number {
  const { hasFlags, readOnly, canMultiConnect, sendCache, sendDontFragment } = EXPORT_FLAG;
  return hasFlags | readOnly | canMultiConnect | sendCache | (structured ? sendDontFragment : 0);
}
