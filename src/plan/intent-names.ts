/** What one guest of a restore with `select` is called: `lab/qemu/101`. No entry of a site file has a slash in its name. */
export function memberName(group: string, guest: string): string {
  return `${group}/${guest}`;
}

/** The entry that a restore belongs to: its own name, or that of the group. */
export function entryName(intent: string): string {
  return intent.split('/')[0] ?? intent;
}

/** Whether an intent is named, by itself or with all of its group. */
export function isNamedIntent(intent: string, names: readonly string[]): boolean {
  return names.includes(intent) || names.includes(entryName(intent));
}

/** Whether an entry is named, or some of its guests. */
export function isNamedEntry(entry: string, names: readonly string[]): boolean {
  return names.some((name) => name === entry || entryName(name) === entry);
}
