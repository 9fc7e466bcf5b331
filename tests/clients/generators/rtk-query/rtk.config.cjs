module.exports = {
  schemaFile: "./openapi.yaml",
  apiFile: "./empty.ts",
  apiImport: "empty",
  outputFile: "./generated/api.ts",
  exportName: "api",
};
