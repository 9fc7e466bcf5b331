// Responses that are streams. A client has this module only if its contract has such responses.
type Bytes = ReadableStream<Uint8Array>;

type Items = AsyncGenerator<unknown, void, undefined>;

/** Returns the items of a stream; undefined for any other media type. `json` says that the data of events are JSON. */
export function stream(body: Bytes, type: string, json: boolean): Items | undefined {
  if (type === "text/event-stream") return events(body, json);
  if (/[/+]json-seq$/.test(type)) return values(body, /\x1e/);
  return /\/(jsonl|x-ndjson|x-jsonlines|json-lines)$/.test(type) ? values(body, /\n/) : undefined;
}

async function* split(body: Bytes, separator: RegExp): AsyncGenerator<string, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value = "" } = await reader.read();
      const found = (rest + value).split(separator);
      rest = done ? "" : (found.pop() ?? "");
      yield* found;
      if (done) return;
    }
  } finally {
    // If the loop is left early, the server need not send the rest.
    await reader.cancel();
  }
}

async function* values(body: Bytes, separator: RegExp): Items {
  for await (const text of split(body, separator)) if (text.trim()) yield JSON.parse(text);
}

/** Yields server-sent events, or their data if these are JSON. */
async function* events(body: Bytes, json: boolean): Items {
  let event: Record<string, string> = {};
  for await (const line of split(body, /\r\n|\n|\r(?!$)/)) {
    const [, name = "", value = ""] = /^(data|event|id|retry)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name) event[name] = name === "data" && "data" in event ? `${event["data"]}\n${value}` : value;
    else if (line === "") {
      if ("data" in event) yield json ? JSON.parse(event["data"] ?? "") : event;
      event = {};
    }
  }
}
