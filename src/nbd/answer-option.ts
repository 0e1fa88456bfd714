import { type ContextQuestion, parseContextQuestion, parseExportQuestion } from './client-option.ts';
import { type ExportFacts, exportFlags } from './export-facts.ts';
import {
  encodeBlockSizeInfo,
  encodeContext,
  encodeExportInfo,
  encodeExportName,
  encodeListed,
  encodeOptionError,
  encodeOptionReply,
  encodeTextInfo,
} from './option-reply.ts';
import { INFO, OPTION, OPTION_REPLY } from './protocol-numbers.ts';

/** What client and server have agreed on so far. */
export interface Agreed {
  /** Replies in chunks, with room for holes and messages. */
  readonly structured: boolean;
  /** The client may ask which parts are holes. */
  readonly allocation: boolean;
  /** The client can do without the zeros behind the answer to EXPORT_NAME. */
  readonly noZeroes: boolean;
}

export interface OptionAnswer {
  readonly replies: readonly Uint8Array[];
  readonly agreed: Agreed;
  readonly next: 'haggle' | 'transmit' | 'end';
}

/** The only metadata there is, and the number that clients know it by. */
const ALLOCATION = 'base:allocation';
export const ALLOCATION_ID = 1;

/** What the server says to one option of a client, and what follows from it. */
export function answerOption(
  { option, data }: { readonly option: number; readonly data: Uint8Array },
  agreed: Agreed,
  facts: ExportFacts,
): OptionAnswer {
  const asked: Asked = { option, data, agreed, facts };
  switch (option) {
    case OPTION.exportName:
      return answerExportName(asked);
    case OPTION.abort:
      return { ...acknowledged(asked), next: 'end' };
    case OPTION.list:
      return data.length > 0 ? invalid(asked) : acknowledged(asked, [encodeListed(option, facts)]);
    case OPTION.info:
    case OPTION.go:
      return answerInfo(asked);
    case OPTION.structuredReply:
      return data.length > 0 ? invalid(asked) : acknowledged(asked, [], { ...agreed, structured: true });
    case OPTION.listMetaContext:
    case OPTION.setMetaContext:
      return answerContexts(asked);
    default:
      return refused(asked, OPTION_REPLY.unsupported, 'this server does not know the option');
  }
}

interface Asked {
  readonly option: number;
  readonly data: Uint8Array;
  readonly agreed: Agreed;
  readonly facts: ExportFacts;
}

/** This option can't be answered with an error: a wrong name ends the connection. */
function answerExportName({ data, agreed, facts }: Asked): OptionAnswer {
  if (!isExport(Buffer.from(data).toString('utf8'), facts)) return { replies: [], agreed, next: 'end' };
  const padding = agreed.noZeroes ? 'bare' : 'padded';
  const reply = encodeExportName(facts.size, exportFlags(agreed.structured), padding);
  return { replies: [reply], agreed, next: 'transmit' };
}

function answerInfo(asked: Asked): OptionAnswer {
  const { option, agreed, facts } = asked;
  const question = parseExportQuestion(asked.data);
  if (question === undefined) return invalid(asked);
  if (!isExport(question.exportName, facts)) return unknownExport(asked);
  const infos = [
    encodeExportInfo(option, facts.size, exportFlags(agreed.structured)),
    ...(question.wanted.includes(INFO.name) ? [encodeTextInfo(option, INFO.name, facts.name)] : []),
    ...(question.wanted.includes(INFO.description)
      ? [encodeTextInfo(option, INFO.description, facts.description)]
      : []),
    ...(question.wanted.includes(INFO.blockSize) ? [encodeBlockSizeInfo(option)] : []),
  ];
  return { ...acknowledged(asked, infos), next: option === OPTION.go ? 'transmit' : 'haggle' };
}

/** Selecting replaces what was selected before, also when it fails. */
function answerContexts(asked: Asked): OptionAnswer {
  const { option, agreed, facts } = asked;
  const isSelection = option === OPTION.setMetaContext;
  const none = isSelection ? { ...agreed, allocation: false } : agreed;
  const question = parseContextQuestion(asked.data);
  if (question === undefined || !agreed.structured) return invalid({ ...asked, agreed: none });
  if (!isExport(question.exportName, facts)) return unknownExport({ ...asked, agreed: none });
  if (!(isSelection ? selectsAllocation(question) : findsAllocation(question)))
    return acknowledged(asked, [], none);
  const context = encodeContext(option, isSelection ? ALLOCATION_ID : 0, ALLOCATION);
  return acknowledged(asked, [context], isSelection ? { ...agreed, allocation: true } : agreed);
}

function selectsAllocation({ queries }: ContextQuestion): boolean {
  return queries.includes(ALLOCATION);
}

/** No query at all, or the name space alone, asks for all there is. */
function findsAllocation({ queries }: ContextQuestion): boolean {
  return queries.length === 0 || queries.some((query) => query === ALLOCATION || query === 'base:');
}

function isExport(name: string, facts: ExportFacts): boolean {
  return name === '' || name === facts.name;
}

function acknowledged(
  { option, agreed }: Asked,
  replies: readonly Uint8Array[] = [],
  after: Agreed = agreed,
): OptionAnswer {
  return {
    replies: [...replies, encodeOptionReply(option, OPTION_REPLY.acknowledge)],
    agreed: after,
    next: 'haggle',
  };
}

function unknownExport(asked: Asked): OptionAnswer {
  return refused(asked, OPTION_REPLY.unknown, `this server has one disk, ${asked.facts.name}`);
}

function invalid(asked: Asked): OptionAnswer {
  return refused(asked, OPTION_REPLY.invalid, 'the option is not as the protocol describes it');
}

function refused({ option, agreed }: Asked, type: number, message: string): OptionAnswer {
  return { replies: [encodeOptionError(option, type, message)], agreed, next: 'haggle' };
}
