import { defineConfig } from "@kubb/core";
import { pluginClient } from "@kubb/plugin-client";
import { pluginOas } from "@kubb/plugin-oas";
import { pluginTs } from "@kubb/plugin-ts";

export default defineConfig({
  root: ".",
  input: { path: "./openapi.yaml" },
  output: { path: "./generated", format: false, lint: false },
  plugins: [
    pluginOas(),
    // The default is bigint.
    pluginTs({ integerType: "number" }),
    pluginClient({ client: "fetch", bundle: true, baseURL: "${process.env.API_URL}", dataReturnType: "full" }),
  ],
});
