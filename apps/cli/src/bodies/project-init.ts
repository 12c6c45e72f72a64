import { relative, resolve } from "node:path";
import { projectInit } from "../commands/project-init.ts";
import { projectFiles, templateNamed, templateNames, writeProject } from "../scaffold/index.ts";

export const command = projectInit(async (request) => {
  if (request.kind === "list-templates") {
    return { exitCode: 0, json: { templates: templateNames }, text: () => templateNames.join("\n") };
  }
  const { path: folder, withSampleData, force } = request;
  const template = templateNamed(request.template);
  const files = await projectFiles({ folder, template, withSampleData });
  await writeProject(folder, files, force);
  return {
    exitCode: 0,
    json: { path: folder, template, files: [...files.keys()].toSorted() },
    text: () => {
      const away = relative(process.cwd(), resolve(folder));
      const enter = away === "" ? [] : [`  cd ${away}`];
      const steps = ["", "next:", ...enter, "  npm install", "  npm start"];
      return [`${files.size} files written to ${away || "this folder"}`, ...steps].join("\n");
    },
  };
});
