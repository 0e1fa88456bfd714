import { type Document, type ParsedNode, parseDocument, type YAMLError } from 'yaml';
import { findSecrets } from './find-secrets.ts';
import type { SourceText, TextProblem } from './source-text.ts';
import { type Walked, walkNodes } from './walk-nodes.ts';
import { describeYamlError } from './yaml-error.ts';

/** A YAML file that can be looked at. */
export interface YamlTree {
  /** Plain maps, lists and scalars, aliases and merge keys followed. */
  readonly value: unknown;
  readonly root: ParsedNode | null;
  readonly targets: Walked['targets'];
}

export interface ParsedYaml {
  readonly source: SourceText;
  /** Undefined when the text is no YAML, or must not be expanded. */
  readonly tree: YamlTree | undefined;
  readonly problems: readonly TextProblem[];
}

/**
 * Parses YAML 1.2 (core schema, merge keys) into plain data with places. Keys are text; repeated keys, tags and
 * further documents are problems. The size of the text is the caller's to limit.
 */
export function parseYaml(file: string, text: string): ParsedYaml {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: true,
    stringKeys: true,
    uniqueKeys: false,
    resolveKnownTags: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const walked = walkNodes(document.contents);
  const errors = firstOfEachLine(text, document.errors).map((error) => describeYamlError(error, document));
  const broken = errors.length > 0 || walked.fatal.length > 0;
  const source = { file, text, secrets: findSecrets(text, document.contents, walked.targets, broken) };
  const found = [...errors, ...walked.repeated, ...document.warnings.map(describeTag)];
  if (broken)
    return { source, tree: undefined, problems: errors.length > 0 ? found : [...found, ...walked.fatal] };
  return { source, tree: toTree(document, walked), problems: found };
}

function toTree(document: Document.Parsed, walked: Walked): YamlTree {
  // The walk has bounded what the aliases expand to.
  return { value: document.toJS({ maxAliasCount: -1 }), root: document.contents, targets: walked.targets };
}

/** One mistake often breaks the parser's idea of the rest of the line as well. */
function firstOfEachLine(text: string, errors: readonly YAMLError[]): readonly YAMLError[] {
  const lineStartOf = (error: YAMLError) => text.lastIndexOf('\n', error.pos[0] - 1);
  return errors.filter((error, index) => {
    const previous = errors[index - 1];
    return previous === undefined || lineStartOf(previous) !== lineStartOf(error);
  });
}

function describeTag(warning: YAMLError): TextProblem {
  return {
    start: warning.pos[0],
    end: warning.pos[1],
    message: 'YAML tags (!...) mean nothing here',
    hint: 'remove the tag, or put the text in quotes',
  };
}
