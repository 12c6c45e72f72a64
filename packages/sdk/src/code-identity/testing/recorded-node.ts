import { captureLocation, type SourceLocation } from "../index.ts";

/** Stands where `ProcessingNode` stands: inside the SDK, called from an author's module. */
export class RecordedNode {
  static readonly all: RecordedNode[] = [];
  readonly name: string;
  readonly compute: Function;
  readonly location: SourceLocation | undefined;

  constructor(spec: { readonly name: string; readonly compute: Function }) {
    this.name = spec.name;
    this.compute = spec.compute;
    this.location = captureLocation();
    RecordedNode.all.push(this);
  }
}
