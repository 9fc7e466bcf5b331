// The defaults: transformers and zod make a bigint of `format: int64`.
export default {
  input: "openapi.yaml",
  output: "generated",
  plugins: [
    "@hey-api/client-fetch",
    { name: "@hey-api/sdk", transformer: true },
    "@hey-api/transformers",
    { name: "zod", compatibilityVersion: 3, dates: { offset: true } },
  ],
};
