/** Makes JSON schemas from the types of the program, so that neither can drift from the other. */
import { join } from 'node:path';
import { API, type Checker, type Project, type Symbol as TypeSymbol } from 'typescript/unstable/sync';
import type { Type, UnionType } from '../../node_modules/typescript/dist/api/sync/types.js';

export type JsonSchema = { readonly [key: string]: unknown };

/** What types do not say: patterns of strings, bounds of numbers; by alias (`Vmid`) or property (`GuestSnapshot.id`). */
export type Refinements = Readonly<Record<string, JsonSchema>>;

const ROOT = join(import.meta.dirname, '../..');

/** The compiler with the project's files. Is ended with the block that uses it. */
export class ProjectTypes implements Disposable {
  readonly #api = new API({ cwd: ROOT });
  readonly #project: Project;

  constructor() {
    const [project] = this.#api.updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] }).getProjects();
    if (project === undefined) throw new Error('there is no project');
    this.#project = project;
  }

  /** @param file from the root of the project */
  schemaOf(file: string, type: string, refinements: Refinements): JsonSchema {
    const { checker, program } = this.#project;
    const source = program.getSourceFile(join(ROOT, file));
    const module = source && checker.getSymbolAtLocation(source);
    const found = module && checker.getExportsOfModule(module).find(({ name }) => name === type);
    if (found === undefined) throw new Error(`${file} exports no ${type}`);
    return new SchemaMaker(checker, refinements).make(found);
  }

  [Symbol.dispose](): void {
    this.#api.close();
  }
}

class SchemaMaker {
  readonly #checker: Checker;
  readonly #refinements: Refinements;
  readonly #definitions = new Map<string, { readonly type: number; schema: JsonSchema }>();

  constructor(checker: Checker, refinements: Refinements) {
    this.#checker = checker;
    this.#refinements = refinements;
  }

  make(symbol: TypeSymbol): JsonSchema {
    const root = this.#shapeOf(this.#checker.getDeclaredTypeOfSymbol(symbol), symbol.name);
    const definitions = [...this.#definitions].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      ...root,
      definitions: Object.fromEntries(definitions.map(([name, { schema }]) => [name, schema])),
    };
  }

  /** Named types become definitions, all others stand where they are used. @param at `BackupAction.reason` */
  #schemaOf(type: Type, at: string): JsonSchema {
    const name = nameOf(type);
    if (name === undefined) return this.#shapeOf(type, at);
    const known = this.#definitions.get(name);
    if (known !== undefined && known.type !== type.id) throw new Error(`${at}: two types are called ${name}`);
    if (known === undefined) {
      const definition: { type: number; schema: JsonSchema } = { type: type.id, schema: {} };
      this.#definitions.set(name, definition);
      definition.schema = this.#refinements[name] ?? this.#shapeOf(type, name);
    }
    return { $ref: `#/definitions/${name}` };
  }

  #shapeOf(type: Type, at: string): JsonSchema {
    if (type.isLiteralType()) return { const: type.value };
    if (type.isUnionType()) return this.#unionOf(type, at);
    if (type.isIntrinsicType()) return intrinsic(type.intrinsicName, at);
    const [first, second] = this.#argumentsOf(type);
    switch (type.getSymbol()?.name) {
      case 'Array':
      case 'ReadonlyArray':
        return { type: 'array', items: this.#schemaOf(required(first, at), at) };
      case 'ReadonlySet':
        return { type: 'array', form: 'set', items: this.#schemaOf(required(first, at), at) };
      case 'ReadonlyMap':
        return this.#mapOf(required(first, at), required(second, at), at);
      default:
        return this.#objectOf(type, at);
    }
  }

  #mapOf(key: Type, value: Type, at: string): JsonSchema {
    const names = key.isIntrinsicType() ? {} : { propertyNames: this.#schemaOf(key, at) };
    return { type: 'object', form: 'map', ...names, additionalProperties: this.#schemaOf(value, at) };
  }

  #argumentsOf(type: Type): readonly Type[] {
    return type.isTypeReference() ? this.#checker.getTypeArguments(type) : [];
  }

  #unionOf(type: UnionType, at: string): JsonSchema {
    const members = type.getTypes().filter((member) => !isUndefined(member));
    const [only] = members;
    if (only !== undefined && members.length === 1) return this.#schemaOf(only, at);
    if (members.every((member) => member.isBooleanLiteralType())) return { type: 'boolean' };
    if (members.every((member) => member.isLiteralType()))
      return { enum: members.map((member) => member.value).sort() };
    const shapes = members.map((member) => [this.#kindOf(member, at), this.#objectOf(member, at)] as const);
    const sorted = shapes.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, shape]) => shape);
    return { type: 'object', required: ['kind'], discriminator: { propertyName: 'kind' }, oneOf: sorted };
  }

  /** @throws when the members of a union cannot be told apart by it, or one of them has several */
  #kindOf(member: Type, at: string): string {
    const kind = this.#checker.getPropertyOfType(member, 'kind');
    const type = kind && this.#checker.getTypeOfSymbol(kind);
    if (type?.isStringLiteralType()) return type.value;
    throw new Error(`${at} is a union with a member that has no kind: ${this.#checker.typeToString(member)}`);
  }

  #objectOf(type: Type, at: string): JsonSchema {
    const properties: Record<string, JsonSchema> = {};
    const needed: string[] = [];
    for (const property of this.#checker.getPropertiesOfType(type)) {
      const { schema, optional } = this.#propertyOf(property, at);
      properties[property.name] = schema;
      if (!optional) needed.push(property.name);
    }
    if (Object.keys(properties).length === 0)
      throw new Error(`${at} cannot be written as JSON: ${this.#checker.typeToString(type)}`);
    const description =
      nameOf(type) === undefined ? '' : this.#commentOf(type.getAliasSymbol() ?? type.getSymbol());
    return {
      ...(description !== '' && { description }),
      type: 'object',
      additionalProperties: false,
      required: needed,
      properties,
    };
  }

  #propertyOf(property: TypeSymbol, at: string): { readonly schema: JsonSchema; readonly optional: boolean } {
    const type = required(this.#checker.getTypeOfSymbol(property), at);
    const place = `${at}.${property.name}`;
    const description = this.#commentOf(property);
    const optional = isUndefined(type) || (type.isUnionType() && type.getTypes().some(isUndefined));
    const schema = this.#refinements[place] ?? this.#schemaOf(type, place);
    return { schema: { ...(description !== '' && { description }), ...schema }, optional };
  }

  #commentOf(symbol: TypeSymbol | undefined): string {
    return symbol === undefined
      ? ''
      : this.#checker.getDocumentationCommentOfSymbol(symbol).replace(/\s+/g, ' ');
  }
}

/** Of a named type of the project: not of Map and Array, nor of types that stand where they are used. */
function nameOf(type: Type): string | undefined {
  const alias = type.getAliasSymbol()?.name;
  if (alias !== undefined && (type.getAliasTypeArguments() ?? []).length === 0) return alias;
  const name = type.isClassOrInterface() ? type.getSymbol()?.name : undefined;
  return name === undefined || /^(?:Readonly)?(?:Array|Map|Set)$/.test(name) ? undefined : name;
}

function isUndefined(type: Type): boolean {
  return type.isIntrinsicType() && type.intrinsicName === 'undefined';
}

function intrinsic(name: string, at: string): JsonSchema {
  if (name === 'string' || name === 'number' || name === 'boolean') return { type: name };
  throw new Error(`${at} cannot be written as JSON: ${name}`);
}

function required<Value>(value: Value | undefined, at: string): Value {
  if (value === undefined) throw new Error(`${at} has no type`);
  return value;
}
