export default {
  tasks: {
    input: "openapi.yaml",
    output: {
      target: "generated/tasks.ts",
      mode: "split",
      client: "fetch",
      baseUrl: { runtime: "API_URL" },
      urlEncodeParameters: true,
    },
  },
};
