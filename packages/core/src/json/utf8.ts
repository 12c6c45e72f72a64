/** What every runtime has and the types of this package do not know. */
interface Runtime {
  readonly TextEncoder: new () => {
    encodeInto(text: string, into: Uint8Array): { readonly read: number; readonly written: number };
  };
}

const encoder = new (globalThis as unknown as Runtime).TextEncoder();

/** Writes UTF-8 as far as there is room: code units that were read, bytes that were written. */
export function utf8Into(text: string, into: Uint8Array): { readonly read: number; readonly written: number } {
  return encoder.encodeInto(text, into);
}
