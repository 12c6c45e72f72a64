import { link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";

/** The file operations a catalog needs: each either happens or throws. Tests put failures in between. */
export interface CatalogFs {
  makeFolder(path: string): Promise<void>;
  /** Names in a folder; empty when there is none. */
  list(path: string): Promise<readonly string[]>;
  /** Bytes in a file; undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** Fills each target from its own position. `onFilled` hears of each as it is done. */
  readInto(path: string, parts: readonly ReadPart[], onFilled?: (index: number) => void): Promise<void>;
  /** Creates or replaces a file and returns once its bytes are on disk. */
  write(path: string, parts: readonly Uint8Array[]): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name. @returns false when that name is taken; of several callers one wins */
  link(existing: string, name: string): Promise<boolean>;
  remove(path: string): Promise<void>;
  /** Returns once the folder's entries are on disk. */
  syncFolder(path: string): Promise<void>;
}

export interface ReadPart {
  readonly position: number;
  readonly target: Uint8Array;
}

export const nodeFs: CatalogFs = {
  async makeFolder(path) {
    await mkdir(path, { recursive: true });
  },
  async list(path) {
    return readdir(path).catch(absentAs([]));
  },
  async size(path) {
    return stat(path).then(({ size }) => size, absentAs(undefined));
  },
  async readInto(path, parts, onFilled) {
    const file = await open(path, "r");
    try {
      let next = 0;
      const fillNext = async (): Promise<number | undefined> => {
        const index = next++;
        if (index >= parts.length) return undefined;
        const { target, position } = parts[index]!;
        let done = 0;
        while (done < target.length) {
          const { bytesRead } = await file.read(target, done, target.length - done, position + done);
          if (bytesRead === 0) throw new Error(`the file ends at byte ${position + done}`);
          done += bytesRead;
        }
        return index;
      };
      const lane = async (): Promise<void> => {
        for (let filling = fillNext(); ;) {
          const index = await filling;
          if (index === undefined) return;
          // The next part is read while the caller checks this one.
          filling = fillNext();
          onFilled?.(index);
        }
      };
      // Two at a time; more only compete for memory.
      await Promise.all([lane(), lane()]);
    } finally {
      await file.close();
    }
  },
  async write(path, parts) {
    const file = await open(path, "w");
    try {
      for (const part of parts) {
        let done = 0;
        while (done < part.length) done += (await file.write(part, done, part.length - done, null)).bytesWritten;
      }
      await file.sync();
    } finally {
      await file.close();
    }
  },
  async rename(from, to) {
    await rename(from, to);
  },
  async link(existing, name) {
    try {
      await link(existing, name);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  },
  async remove(path) {
    await rm(path, { force: true });
  },
  async syncFolder(path) {
    // Windows has no such operation: its rename is durable by itself.
    if (process.platform === "win32") return;
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

function absentAs<T>(value: T): (error: unknown) => T {
  return (error) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return value;
    throw error;
  };
}
