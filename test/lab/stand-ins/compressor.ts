/** The program behind each value of --compress, as a stage of a shell pipeline. */

export function compressorCommand(compress: string): readonly string[] {
  if (compress === 'zstd') return ['zstd --rsyncable --threads=1'];
  if (compress === 'gzip') return ['gzip --rsyncable'];
  return compress === 'lzo' || compress === '1' ? ['lzop'] : [];
}

export function archiveSuffix(compress: string): string {
  if (compress === 'zstd') return '.zst';
  if (compress === 'gzip') return '.gz';
  return compress === 'lzo' || compress === '1' ? '.lzo' : '';
}
