import { inContext, readDag, type Dag, type DagContent, type DagLimits, type DiffSubject } from "./read-dag.ts";

/** A text that was read, and the contexts it was put into. */
interface ReadText {
  readonly content: DagContent;
  readonly dags: Map<string, Dag>;
}

const textsMax = 64;
// What outlives two collections of young garbage is left to the slow one: large DAGs go before that.
const charactersMax = 2 * 2 ** 20;
const contextsMax = 16;

/**
 * Reads DAGs and remembers the last ones: one text is asked about for each of a strategy's worlds, again when a diff is
 * retried or a strategy starts anew, and reading it takes longer than everything else a diff does.
 */
export class DagReader {
  readonly #withNamespace: boolean;
  readonly #limits: DagLimits;
  readonly #read = new Map<string, ReadText>(); // by text; the one asked for last at the end
  #characters = 0;

  constructor(withNamespace: boolean, limits: DagLimits) {
    this.#withNamespace = withNamespace;
    this.#limits = limits;
  }

  /** @throws QmtlError what `readDag` and `inContext` throw */
  read(subject: DiffSubject): Dag {
    const { content, dags } = this.#text(subject.dagJson);
    const { worldId, executionDomain, asOf, partition, datasetFingerprint } = subject;
    const key = JSON.stringify([worldId, executionDomain, asOf, partition, datasetFingerprint]);
    let dag = dags.get(key);
    if (dag === undefined) {
      dag = inContext(content, subject, this.#withNamespace);
      if (dags.size >= contextsMax) dags.delete(dags.keys().next().value!);
      dags.set(key, dag);
    }
    return dag;
  }

  #text(dagJson: string): ReadText {
    let text = this.#read.get(dagJson);
    if (text === undefined) {
      text = { content: readDag(dagJson, this.#limits), dags: new Map() };
      this.#characters += dagJson.length;
    } else {
      this.#read.delete(dagJson);
    }
    this.#read.set(dagJson, text);
    for (const oldest of this.#read.keys()) {
      if (this.#read.size <= textsMax && this.#characters <= charactersMax) break;
      this.#read.delete(oldest);
      this.#characters -= oldest.length;
    }
    return text;
  }
}
