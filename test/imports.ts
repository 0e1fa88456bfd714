/** One import or re-export as a source file states it. */
export interface ImportStatement {
  /** `../pve/guest.ts`, `node:fs`, `ajv` */
  readonly from: string;
  /** Types only: nothing of it is left when the program runs. */
  readonly typesOnly: boolean;
}

/**
 * The imports of a TypeScript file as our formatter writes them: statements begin their line, and specifiers are quoted
 * with `'`. Dynamic imports and workers (`new URL('./x.ts', import.meta.url)`) count; what stands in comments does not.
 */
export function importsOf(source: string): readonly ImportStatement[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const statements = code.matchAll(
    /^(?:import|export)\s+(type\s+)?([\w$*{][^;'"`()=]*?)\s+from\s+'([^']+)';/gm,
  );
  const effects = code.matchAll(/^import\s+'([^']+)';/gm);
  const dynamic = code.matchAll(/\bimport\(\s*['"`]([^'"`]+)['"`]/g);
  const workers = code.matchAll(/\bnew URL\(\s*['"`](\.[^'"`]*)['"`]\s*,\s*import\.meta\.url/g);
  return [
    ...[...statements].map(([, type, names = '', from = '']) => ({
      from,
      typesOnly: type !== undefined || onlyTypes(names),
    })),
    ...[...effects, ...dynamic, ...workers].map(([, from = '']) => ({
      from: from.replace(/\$\{extname\(.*\)\}$/, '.ts'),
      typesOnly: false,
    })),
  ];
}

/** `{ type A, type B }`, and nothing beside it. */
function onlyTypes(names: string): boolean {
  const list = /^\{([^}]*)\}$/.exec(names.trim())?.[1];
  const parts = (list ?? '').split(',').map((name) => name.trim());
  const named = parts.filter((name) => name !== '');
  return named.length > 0 && named.every((name) => name.startsWith('type '));
}
