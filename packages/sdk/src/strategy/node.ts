import { nearestWord, parseInterval, parsePeriod, QmtlError, shown, type IntervalMs } from "@qmtl/core";
import { validateName, validateTag } from "@qmtl/core/tags";

export interface NodeOptions {
  /** For people: messages, reports, `explain`. Unique within a strategy; not part of the node's identity. */
  readonly name?: string;
  /** For people and tag queries; of a source also part of its identity. */
  readonly tags?: readonly string[];
}

/**
 * A vertex of a strategy's graph. `F` are the names of the numeric fields it puts out: "value" of a scalar node,
 * "open" … "volume" of bars. An unknown field is a compile error.
 */
export abstract class Node<F extends string = string> {
  /** The class name on the wire, first field of the node's identity. */
  abstract readonly nodeType: string;
  abstract readonly inputs: readonly Node[];
  /** Known fields; undefined when only a run can tell (an author's function). */
  abstract readonly fields: readonly F[] | undefined;
  readonly tags: readonly string[];
  readonly explicitName: string | undefined;
  #assignedName: string | undefined;

  constructor(options: NodeOptions) {
    this.explicitName = options.name === undefined ? undefined : (validateName(options.name) ?? undefined);
    this.tags = validateTags(options.tags ?? []);
  }

  /** What an unnamed node is called: the operator, "price", "signal", … with a number when taken. */
  abstract defaultName(): string;

  get name(): string {
    return this.explicitName ?? this.#assignedName ?? this.defaultName();
  }

  /** Called when the node is added to a strategy. */
  assignName(name: string): void {
    this.#assignedName = name;
  }

  /** One field of this node, as the input of an operator. */
  field<K extends F>(field: K): FieldRef<K> {
    this.checkField(field);
    return { node: this, field };
  }

  checkField(field: string): void {
    if (this.fields === undefined || (this.fields as readonly string[]).includes(field)) return;
    const guess = nearestWord(field, this.fields);
    throw new QmtlError(
      "FIELD_UNKNOWN",
      `node "${this.name}" has no field ${shown(field)}; its fields are ${this.fields.join(", ")}`,
      {
        ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
      },
    );
  }

  /** The field a scalar reader means when it names none: "value", "close" of bars, or the only one. */
  primaryField(): string {
    if (this.fields === undefined || this.fields.includes("value" as F)) return "value";
    if (this.fields.includes("close" as F)) return "close";
    return this.fields[0]!;
  }

  /** Rows the author wants kept; undefined where none were named, and where operators see to it themselves. */
  get declaredPeriod(): number | undefined {
    return undefined;
  }

  /** Interval the author gave; undefined means "that of the finest input". */
  get declaredIntervalMs(): IntervalMs | undefined {
    return undefined;
  }
}

/** One numeric field of a node. */
export interface FieldRef<F extends string = string> {
  readonly node: Node;
  readonly field: F;
}

/** What a scalar operator takes: a node (its primary field) or one field of a node. */
export type ScalarInput = Node | FieldRef;

export function fieldRefOf(input: ScalarInput, what: string): FieldRef {
  if (input instanceof Node) return { node: input, field: input.primaryField() };
  if (typeof input === "object" && input !== null && input.node instanceof Node) return input;
  throw new QmtlError("NODE_INVALID", `${what} must be a node or node.field("name"); found ${shown(input)}`);
}

export function readInterval(value: string | number | undefined): IntervalMs | undefined {
  return value === undefined ? undefined : parseInterval(value);
}

export function readPeriod(value: number | undefined, what?: string): number | undefined {
  return value === undefined ? undefined : parsePeriod(value, what);
}

function validateTags(tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) throw new QmtlError("TAG_INVALID", `tags must be a list of strings; found ${shown(tags)}`);
  const valid = tags.map((tag) => validateTag(tag));
  const repeated = valid.find((tag, index) => valid.indexOf(tag) !== index);
  if (repeated !== undefined) throw new QmtlError("TAG_INVALID", `tag "${repeated}" is given twice`);
  return valid;
}
