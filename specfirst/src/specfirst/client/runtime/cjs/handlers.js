"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.handlers = handlers;
// Handlers for MSW (Mock Service Worker) that answer with the contract's examples.
const msw_1 = require("msw");
const contract_js_1 = require("./contract.js");
const examples_js_1 = require("./examples.js");
/**
 * Returns one handler per operation: `setupServer(...handlers("https://api.example.com"))`.
 *
 * Each answers with the contract's example of the success response, or as `answers` says.
 */
function handlers(baseUrl, answers = {}) {
    const root = baseUrl.replace(/\/+$/, "");
    const prefix = /^(\w+:\/\/[^/]*)?$/.test(root) ? root + contract_js_1.basePath : root;
    // The paths with fewer parameters first: `/tasks/done` is not a task.
    const sorted = Object.entries(contract_js_1.operations).sort(([, a], [, b]) => a.path.split("{").length - b.path.split("{").length);
    return sorted.map(([id, { path, method }]) => msw_1.http.all(prefix + path.replace(/\{([^{}]+)\}/g, (_, name) => `:${name.replace(/\W/g, "_")}`), async (info) => {
        if (info.request.method !== method)
            return undefined;
        const given = answers[id];
        const answer = typeof given === "function" ? await given(info.request, info.params) : given;
        if (answer instanceof Response)
            return answer;
        const [status, type, example] = examples_js_1.examples[id] ?? [204, "", undefined];
        const body = answer === undefined ? example : answer;
        if (body === undefined)
            return new msw_1.HttpResponse(null, { status });
        const text = typeof body === "string" && !type.endsWith("json") ? body : JSON.stringify(body);
        return new msw_1.HttpResponse(text, { status, headers: { "Content-Type": type } });
    }));
}
