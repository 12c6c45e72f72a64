import { join } from "node:path";
import { nearestWord, QmtlError, shown } from "@qmtl/core";
import { nodeFs, type CatalogFs } from "./catalog-fs.ts";
import { Dataset } from "./dataset.ts";
import { manifestVersion } from "./manifest.ts";

const datasetName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Columns on disk, ready to be used without parsing: a folder (usually `data/`) with one folder per dataset.
 */
export class Catalog {
  readonly folder: string;
  readonly #fs: CatalogFs;

  constructor(folder = "data", fs: CatalogFs = nodeFs) {
    if (!isLittleEndian) {
      throw new QmtlError("FILE_UNREADABLE", "catalog files are little-endian; this machine is not");
    }
    this.folder = folder;
    this.#fs = fs;
  }

  /** @throws QmtlError `NAME_INVALID` for a name that is no plain folder name */
  dataset(name: string): Dataset {
    if (!datasetName.test(name)) {
      throw new QmtlError(
        "NAME_INVALID",
        `a dataset name has letters, digits, "_", "-" and "."; found ${shown(name)}`,
        {
          hint: 'write for example "btcusdt-1m"',
        },
      );
    }
    return new Dataset(name, join(this.folder, name), this.#fs);
  }

  /** Names of the datasets in the folder. */
  async list(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const name of await this.#fs.list(this.folder)) {
      if (!datasetName.test(name)) continue;
      const files = await this.#fs.list(join(this.folder, name));
      if (files.some((file) => manifestVersion(file) !== undefined)) found.push(name);
    }
    return found.toSorted();
  }

  /** As `dataset`, but it has to be there. @throws QmtlError `DATA_MISSING` with the nearest name */
  async existing(name: string): Promise<Dataset> {
    const dataset = this.dataset(name);
    const names = await this.list();
    if (names.includes(name)) return dataset;
    const near = nearestWord(name, names);
    throw new QmtlError("DATA_MISSING", `there is no dataset "${name}" in ${this.folder}`, {
      details: { folder: this.folder, datasets: names },
      hint: near === undefined ? "import one with append" : `did you mean "${near}"?`,
    });
  }
}
