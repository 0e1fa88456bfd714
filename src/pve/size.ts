const binaryUnits = ['', 'K', 'M', 'G', 'T', 'P'];

/** A size in a guest's configuration, `32G`, `10486K`, `528K`, `1024`: bytes; undefined when it is none. */
export function parseConfigSize(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?)([KMGTP]?)$/.exec(text) ?? [];
  return scaled(number, unit);
}

/** A size as the tools print it for people, `20.5 MiB`, `1.00 GiB`, `0 B`, in 7.x also `KB`: bytes; undefined when it is none. */
export function parseHumanSize(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?) ?([KMGTP]?)(?:i?B)?$/.exec(text.trim()) ?? [];
  return scaled(number, unit);
}

function scaled(number: string | undefined, unit: string): number | undefined {
  const bytes =
    number === undefined ? Number.NaN : Math.round(Number(number) * 1024 ** binaryUnits.indexOf(unit));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
