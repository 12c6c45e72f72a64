import { resolve } from "node:path";
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
      const isHere = resolve(folder) === process.cwd();
      const enter = isHere ? [] : [`  cd ${folder}`];
      const steps = ["", "next:", ...enter, "  npm install", "  npm start"];
      return [`${files.size} files written to ${isHere ? "this folder" : folder}`, ...steps].join("\n");
    },
  };
});
