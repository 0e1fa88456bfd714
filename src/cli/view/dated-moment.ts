/**
 * A moment, milliseconds since 1970, for what is kept for years, as the clocks of a zone (`Europe/Berlin`) show it:
 * `2026-11-23 02:00 CET`.
 */
export function datedMoment(time: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
  const day = [parts.get('year'), parts.get('month'), parts.get('day')].join('-');
  return `${day} ${parts.get('hour')}:${parts.get('minute')} ${parts.get('timeZoneName')}`;
}
