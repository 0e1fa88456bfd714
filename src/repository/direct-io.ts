/** What file systems and disks of today ask of address, offset and length (open(2), O_DIRECT). */
export const BLOCK_BYTES = 4096;

/** A file system or a memory address cannot do it: EINVAL; some network file systems say EOPNOTSUPP. */
export function cannotBeDirect(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EINVAL' || error.code === 'EOPNOTSUPP')
  );
}
