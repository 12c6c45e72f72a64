import { createBLAKE3 } from "hash-wasm";
import { assert } from "../errors/index.ts";

/** An incremental BLAKE3: the text after any split of the same bytes is the same. */
export interface Digest {
  /** Appends bytes, or the UTF-8 bytes of well-formed text. There is no separator between updates. */
  update(data: string | Uint8Array): Digest;
  /** `blake3:` and 64 hex digits. Ends the digest. */
  text(): `blake3:${string}`;
}

/** Starts a digest. Any number may be open at a time. */
export function createDigest(): Digest {
  return new SharedDigest();
}

// One WebAssembly instance serves every open digest: its state is swapped only when another digest takes its turn,
// so the common case, one digest at a time, copies nothing.
const hasher = await createBLAKE3();
let holder: SharedDigest | undefined;

class SharedDigest implements Digest {
  #saved: Uint8Array | undefined;
  #ended = false;

  update(data: string | Uint8Array): this {
    this.#take();
    hasher.update(data);
    return this;
  }

  text(): `blake3:${string}` {
    this.#take();
    this.#ended = true;
    holder = undefined;
    return `blake3:${hasher.digest("hex")}`;
  }

  #take(): void {
    assert(!this.#ended, "a digest was used after its end");
    if (holder === this) return;
    if (holder !== undefined) holder.#saved = hasher.save();
    if (this.#saved === undefined) hasher.init();
    else hasher.load(this.#saved);
    // oxlint-disable-next-line typescript/no-this-alias -- the module remembers whose state the instance holds
    holder = this;
  }
}
