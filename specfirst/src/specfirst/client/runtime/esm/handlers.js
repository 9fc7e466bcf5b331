// Handlers for MSW (Mock Service Worker) that answer with the contract's examples.
import { http, HttpResponse } from "msw";
import { root } from "./client.js";
import { operations } from "./contract.js";
import { examples } from "./examples.js";
/**
 * Returns one handler per operation: `setupServer(...handlers("https://api.example.com"))`.
 *
 * Each answers with the contract's example of the success response, or as `answers` says. `servers` is that of the
 * client.
 */
export function handlers(baseUrl, answers = {}, servers = {}) {
    const variables = (path) => path.split("{").length;
    // The paths with fewer parameters first: `/tasks/done` is not a task.
    const sorted = Object.entries(operations).sort(([, one], [, other]) => variables(one.path) - variables(other.path));
    return sorted.map(([id, route]) => {
        const { path, method } = route;
        const pattern = path.replace(/\{([^{}]+)\}/g, (_, name) => `:${name.replace(/\W/g, "_")}`);
        return http.all(root({ baseUrl, servers }, route) + pattern, async ({ request, params }) => {
            if (request.method !== method)
                return undefined;
            const given = answers[id];
            const answer = typeof given === "function" ? await given(request, params) : given;
            if (answer instanceof Response)
                return answer;
            const all = examples[id] ?? [];
            const example = all.find(([status]) => status === answer);
            const [status, headers, body] = example ?? all[0] ?? [200, { "content-type": "application/json" }, undefined];
            const data = example || answer === undefined ? body : answer;
            const isText = typeof data === "string" && !headers["content-type"]?.includes("json");
            return new HttpResponse(data == null ? null : isText ? data : JSON.stringify(data), { status, headers });
        });
    });
}
