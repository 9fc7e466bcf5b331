/** Returns the items of a stream; undefined for any other media type. `json` says that the data of events are JSON. */
export function stream(body, type, json) {
    if (type === "text/event-stream")
        return events(body, json);
    if (/[/+]json-seq$/.test(type))
        return values(body, /\x1e/);
    return /\/(jsonl|x-ndjson|x-jsonlines|json-lines)$/.test(type) ? values(body, /\n/) : undefined;
}
async function* split(body, separator) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    try {
        for (;;) {
            const { done, value = "" } = await reader.read();
            const found = (rest + value).split(separator);
            rest = done ? "" : (found.pop() ?? "");
            yield* found;
            if (done)
                return;
        }
    }
    finally {
        // If the loop is left early, the server need not send the rest.
        await reader.cancel();
    }
}
async function* values(body, separator) {
    for await (const text of split(body, separator))
        if (text.trim())
            yield JSON.parse(text);
}
/** Yields server-sent events, or their data if these are JSON. */
async function* events(body, json) {
    let event = {};
    for await (const line of split(body, /\r\n|\n|\r(?!$)/)) {
        const [, name = "", value = ""] = /^(data|event|id|retry)(?:: ?(.*))?$/s.exec(line) ?? [];
        if (name)
            event[name] = name === "data" && "data" in event ? `${event["data"]}\n${value}` : value;
        else if (line === "") {
            if ("data" in event)
                yield json ? JSON.parse(event["data"] ?? "") : event;
            event = {};
        }
    }
}
