import { QmtlError, readJson, plainJson, type Ids } from "@qmtl/core";
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey,
  type JSONWebKeySet,
  type JWK,
  type JWTVerifyGetKey,
} from "jose";
import { chmod, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Keys that check tokens, and maybe make them. */
export interface KeySet {
  /** What `/events/jwks` shows: public members only. */
  readonly publicKeys: JSONWebKeySet;
  /** Finds the key a token names. */
  readonly find: JWTVerifyGetKey;
  readonly signing: { readonly kid: string; readonly key: CryptoKey };
}

const algorithm = "EdDSA";
const fileName = /^signing-([\w-]{1,64})\.json$/;

/**
 * Ed25519 keys as files `signing-<kid>.json` of a folder, readable by their owner alone. The newest name signs and
 * every one verifies, so a key is replaced by adding a file, and dropped once the last token it made has run out.
 */
export class LocalKeySet implements KeySet {
  readonly publicKeys: JSONWebKeySet;
  readonly find: JWTVerifyGetKey;
  readonly signing: KeySet["signing"];

  constructor(publicKeys: readonly JWK[], signing: KeySet["signing"]) {
    this.publicKeys = { keys: [...publicKeys] };
    this.find = createLocalJWKSet(this.publicKeys);
    this.signing = signing;
  }

  /** Keys that live as long as the process: for tests, and where nothing may touch the disk. */
  static async inMemory(kid = "memory"): Promise<LocalKeySet> {
    return keySetOf([await newKey(kid)]);
  }
}

/**
 * The keys of a folder; an empty folder gets its first one.
 *
 * @throws QmtlError `STORE_CORRUPT` for a file that is no Ed25519 key, `CONFIG_INVALID` for one that others can read
 */
export async function openLocalKeySet(folder: string, ids: Ids): Promise<LocalKeySet> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = (await readdir(folder)).filter((name) => fileName.test(name)).toSorted();
  if (names.length === 0) {
    const key = await newKey(`k${ids.next().replaceAll("-", "").slice(0, 12)}`);
    await writeKey(folder, key);
    return keySetOf([key]);
  }
  return keySetOf(await Promise.all(names.map((name) => readKey(folder, name))));
}

async function keySetOf(keys: readonly JWK[]): Promise<LocalKeySet> {
  const newest = keys.at(-1)!;
  const signing = { kid: newest.kid!, key: (await importJWK(newest, algorithm)) as CryptoKey };
  return new LocalKeySet(keys.map(publicPart), signing);
}

async function newKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(algorithm, { crv: "Ed25519", extractable: true });
  return { ...(await exportJWK(privateKey)), kid };
}

function publicPart({ kty, crv, x, kid }: JWK): JWK {
  return { kty: kty!, crv: crv!, x: x!, kid: kid!, use: "sig", alg: algorithm };
}

async function writeKey(folder: string, key: JWK): Promise<void> {
  const path = join(folder, `signing-${key.kid}.json`);
  // Whole or not at all: half a key would stop every later start.
  await writeFile(`${path}.new`, `${JSON.stringify(key)}\n`, { mode: 0o600, flag: "w" });
  await rename(`${path}.new`, path);
}

async function readKey(folder: string, name: string): Promise<JWK> {
  const path = join(folder, name);
  await chmod(path, 0o600);
  try {
    const key = plainJson(readJson(await readFile(path, "utf8"), "the key file")) as unknown as JWK;
    if (
      key.kty !== "OKP" ||
      key.crv !== "Ed25519" ||
      typeof key.d !== "string" ||
      key.kid !== fileName.exec(name)![1]
    ) {
      throw new Error("not an Ed25519 private key named like its file");
    }
    await importJWK(key, algorithm);
    return key;
  } catch (cause) {
    throw new QmtlError("STORE_CORRUPT", `${path} is no signing key`, {
      cause,
      hint: "put it back from a backup, or remove it: a new key is made, and tokens of the old one end",
    });
  }
}
