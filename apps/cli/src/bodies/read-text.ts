import { QmtlError } from "@qmtl/core/errors";
import { readFile } from "node:fs/promises";

/** The text of a file. @throws QmtlError `FILE_NOT_FOUND`, `FILE_UNREADABLE` */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "FILE_NOT_FOUND" : "FILE_UNREADABLE";
    const message = code === "FILE_NOT_FOUND" ? `there is no file ${file}` : `${file} cannot be read`;
    throw new QmtlError(code, message, { cause, details: { file } });
  }
}
