// Handlers for MSW (Mock Service Worker) that answer with the contract's examples.
import { http, HttpResponse, type HttpHandler } from "msw";
import { basePath, operations } from "./contract.js";
import { examples } from "./examples.js";
import type { OperationId, Result } from "./types.js";

/** Answers of single operations: a result, or a `Response`, or a function of the request that returns one of them. */
export type Answers = {
  [Id in OperationId]?: Result<Id> | Response | ((request: Request, parameters: Record<string, string>) => unknown);
};

/**
 * Returns one handler per operation: `setupServer(...handlers("https://api.example.com"))`.
 *
 * Each answers with the contract's example of the success response, or as `answers` says.
 */
export function handlers(baseUrl: string, answers: Answers = {}): HttpHandler[] {
  const root = baseUrl.replace(/\/+$/, "");
  const prefix = /^(\w+:\/\/[^/]*)?$/.test(root) ? root + basePath : root;
  // The paths with fewer parameters first: `/tasks/done` is not a task.
  const sorted = Object.entries(operations).sort(([, a], [, b]) => a.path.split("{").length - b.path.split("{").length);
  return sorted.map(([id, { path, method }]) =>
    http.all(prefix + path.replace(/\{([^{}]+)\}/g, (_, name: string) => `:${name.replace(/\W/g, "_")}`), async (info) => {
      if (info.request.method !== method) return undefined;
      const given = answers[id as OperationId] as unknown;
      const answer = typeof given === "function" ? await given(info.request, info.params) : given;
      if (answer instanceof Response) return answer;
      const [status, type, example] = examples[id] ?? [204, "", undefined];
      const body = answer === undefined ? example : answer;
      if (body === undefined) return new HttpResponse(null, { status });
      const text = typeof body === "string" && !type.endsWith("json") ? body : JSON.stringify(body);
      return new HttpResponse(text, { status, headers: { "Content-Type": type } });
    }),
  );
}
