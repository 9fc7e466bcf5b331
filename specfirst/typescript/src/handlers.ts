// Handlers for MSW (Mock Service Worker) that answer with the contract's examples.
import { http, HttpResponse, type HttpHandler } from "msw";
import { root } from "./client.js";
import { operations } from "./contract.js";
import { examples } from "./examples.js";
import type { ErrorStatus, OperationId, Result, Servers } from "./types.js";

/** Answers of single operations: a result, the status of an example, a `Response`, or a function that returns one. */
export type Answers = {
  [Id in OperationId]?: Answer<Id> | ((request: Request, parameters: object) => Answer<Id> | Promise<Answer<Id>>);
};

type Answer<Id extends OperationId> = Result<Id> | ErrorStatus<Id> | Response;

/**
 * Returns one handler per operation: `setupServer(...handlers("https://api.example.com"))`.
 *
 * Each answers with the contract's example of the success response, or as `answers` says. `servers` is that of the
 * client.
 */
export function handlers(baseUrl: string, answers: Answers = {}, servers: Servers["servers"] = {}): HttpHandler[] {
  const variables = (path: string) => path.split("{").length;
  // The paths with fewer parameters first: `/tasks/done` is not a task.
  const sorted = Object.entries(operations).sort(([, one], [, other]) => variables(one.path) - variables(other.path));
  return sorted.map(([id, route]) => {
    const { path, method } = route;
    const pattern = path.replace(/\{([^{}]+)\}/g, (_, name: string) => `:${name.replace(/\W/g, "_")}`);
    return http.all(root({ baseUrl, servers }, route) + pattern, async ({ request, params }) => {
      if (request.method !== method) return undefined;
      const given: unknown = answers[id as OperationId];
      const answer: unknown = typeof given === "function" ? await given(request, params) : given;
      if (answer instanceof Response) return answer;
      const all = examples[id] ?? [];
      const example = all.find(([status]) => status === answer);
      const [status, headers, body] = example ?? all[0] ?? [200, { "content-type": "application/json" }, undefined];
      const data = example || answer === undefined ? body : answer;
      const isText = typeof data === "string" && !headers["content-type"]?.includes("json");
      return new HttpResponse(data == null ? null : isText ? data : JSON.stringify(data), { status, headers });
    });
  });
}
