import type { Document, ErrorCode, YAMLError } from 'yaml';
import { isCollection, isScalar, visit } from 'yaml';
import type { TextProblem } from './source-text.ts';

/** Says a syntax error of the YAML parser in an operator's words. Nothing of the text is quoted. */
export function describeYamlError(error: YAMLError, document: Document.Parsed): TextProblem {
  const [start, end] = error.pos;
  const opened = NEVER_CLOSED.test(error.message) ? findOpening(document, start) : undefined;
  if (opened !== undefined) return opened;
  const [message, hint] = SENTENCES.get(error.code) ?? [
    `this is not valid YAML: ${firstLine(error.message).replace(/ at line \d+, column \d+:?$/, '')}`,
  ];
  return { start, end, message, hint };
}

const SENTENCES: ReadonlyMap<ErrorCode, readonly [message: string, hint?: string]> = new Map([
  ['TAB_AS_INDENT', ['a tab indents this line', 'YAML is indented with spaces only']],
  [
    'BLOCK_AS_IMPLICIT_KEY',
    [
      'a second "key:" inside the value of another',
      'put text that contains ": " in quotes, or put the inner key on a line of its own, indented further',
    ],
  ],
  [
    'MULTILINE_IMPLICIT_KEY',
    ['text where a "key: value" belongs', 'is a colon missing, or the line indented too far?'],
  ],
  [
    'BAD_INDENT',
    [
      'the indentation does not fit what stands above, or a bracket is not closed',
      'keys of one map begin in one column',
    ],
  ],
  ['BAD_SCALAR_START', ['text cannot begin with this character', 'put the text in quotes']],
  [
    'BAD_DQ_ESCAPE',
    ['this escape does not exist in double quotes', "write two backslashes, or use single quotes: '...'"],
  ],
  [
    'MULTIPLE_DOCS',
    ['a second YAML document begins here', 'a site file is one document: remove the line ---'],
  ],
  ['NON_STRING_KEY', ['a list or a map is used as a key', 'a key is plain text, such as hosts']],
  ['KEY_OVER_1024_CHARS', ['a key of more than 1024 characters']],
  ['RESOURCE_EXHAUSTION', ['nested too deeply']],
]);

const NEVER_CLOSED = /^(?:Missing closing|Flow )/;

/** The parser notices at the end of the text what went wrong at the opening quote or bracket. */
function findOpening(document: Document.Parsed, noticedAt: number): TextProblem | undefined {
  let problem: TextProblem | undefined;
  visit(document, {
    Node: (_key, node) => {
      const what = openedBy(node);
      const start = node.range?.[0] ?? noticedAt;
      if (what === undefined || start >= noticedAt || (node.range?.[1] ?? 0) < noticedAt) return;
      problem = { start, end: start + 1, message: `this ${what} is never closed` };
    },
  });
  return problem;
}

function openedBy(node: unknown): 'quote' | 'bracket' | undefined {
  if (isScalar(node)) return node.type?.startsWith('QUOTE') ? 'quote' : undefined;
  return isCollection(node) && node.flow === true ? 'bracket' : undefined;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
