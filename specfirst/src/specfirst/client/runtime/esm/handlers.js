// Handlers for MSW (Mock Service Worker) that answer with the contract's examples.
import { http, HttpResponse } from "msw";
import { basePath, operations } from "./contract.js";
import { examples } from "./examples.js";
/**
 * Returns one handler per operation: `setupServer(...handlers("https://api.example.com"))`.
 *
 * Each answers with the contract's example of the success response, or as `answers` says.
 */
export function handlers(baseUrl, answers = {}) {
    const root = baseUrl.replace(/\/+$/, "");
    const prefix = /^(\w+:\/\/[^/]*)?$/.test(root) ? root + basePath : root;
    // The paths with fewer parameters first: `/tasks/done` is not a task.
    const sorted = Object.entries(operations).sort(([, a], [, b]) => a.path.split("{").length - b.path.split("{").length);
    return sorted.map(([id, { path, method }]) => http.all(prefix + path.replace(/\{([^{}]+)\}/g, (_, name) => `:${name.replace(/\W/g, "_")}`), async (info) => {
        if (info.request.method !== method)
            return undefined;
        const given = answers[id];
        const answer = typeof given === "function" ? await given(info.request, info.params) : given;
        if (answer instanceof Response)
            return answer;
        const [status, type, example] = examples[id] ?? [204, "", undefined];
        const body = answer === undefined ? example : answer;
        if (body === undefined)
            return new HttpResponse(null, { status });
        const text = typeof body === "string" && !type.endsWith("json") ? body : JSON.stringify(body);
        return new HttpResponse(text, { status, headers: { "Content-Type": type } });
    }));
}
