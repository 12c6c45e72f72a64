import { existsSync } from "node:fs";
import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import { inRepository, readManifest } from "./repository.ts";

/** Copies what the package carries besides code: the command, templates, sample data. */
export async function copyAssets(): Promise<void> {
  const command = inRepository("dist", "bin", "qmtl.mjs");
  await cp(inRepository("apps", "cli", "bin", "qmtl.mjs"), command);
  await chmod(command, 0o755);
  const templates = inRepository("apps", "cli", "templates");
  if (existsSync(templates)) await cp(templates, inRepository("dist", "templates"), { recursive: true });
  await copySampleData();
}

async function copySampleData(): Promise<void> {
  const source = inRepository("node_modules", "vega-datasets");
  const target = inRepository("dist", "sample-data");
  await mkdir(target, { recursive: true });
  await cp(`${source}/data/sp500-2000.csv`, `${target}/sp500-2000.csv`);
  const { version, license } = readManifest(source);
  await writeFile(`${target}/README.md`, sampleDataNotice(version, license ?? "unknown"));
}

function sampleDataNotice(version: string, license: string): string {
  return `# Sample data

\`sp500-2000.csv\`: daily bars of the S&P 500 index, 2000 to 2020, 5,105 bars, originally from Yahoo Finance.
Columns: date, open, high, low, close, adjclose, volume. Taken unchanged from vega-datasets ${version}
(https://github.com/vega/vega-datasets), which is published under the ${license} licence below and says that each
dataset keeps the terms of its source.

${bsd3Clause}`;
}

const bsd3Clause = `Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following
   disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
   disclaimer in the documentation and/or other materials provided with the distribution.
3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products
   derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF
THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
`;
