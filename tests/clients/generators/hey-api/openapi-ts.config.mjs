// Ids are numbers, which the contract's bounds make exact: hey-api makes a bigint of `format: int64`.
const narrow = (schema) => {
  delete schema.format;
};

export default {
  input: "openapi.yaml",
  output: "generated",
  parser: { patch: { schemas: { TaskId: narrow, CategoryId: narrow, Offset: narrow, Total: narrow } } },
  plugins: [
    "@hey-api/client-fetch",
    { name: "@hey-api/sdk", transformer: true },
    "@hey-api/transformers",
    { name: "zod", compatibilityVersion: 3, dates: { offset: true } },
  ],
};
