/** Eight digits, as restic shows them, where no other snapshot begins so. */
export function recoveryId(id: string, all: readonly { readonly id: string }[]): string {
  const short = id.slice(0, 8);
  return all.filter((other) => other.id.startsWith(short)).length === 1 ? short : id;
}
