export default {
  tasks: {
    input: "openapi.yaml",
    output: {
      target: "generated/tasks.ts",
      mode: "split",
      client: "fetch",
      baseUrl: { runtime: 'process.env["API_URL"]' },
      urlEncodeParameters: true,
    },
  },
};
