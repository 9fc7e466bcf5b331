// A page of a front end. It calls the API from its own origin and reports the readable results.
import { createTaskClient, TaskApiError } from "@tasks-api/client";

const { baseUrl, user_id, token } = Object.fromEntries(new URLSearchParams(location.search)) as Record<string, string>;
if (!baseUrl || !user_id) throw new Error("The URL lacks parameters");
const api = createTaskClient({ baseUrl, getToken: () => token });

/** Returns the result of a call in a serializable form. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof TaskApiError)) return String(error);
    const { status, body, response } = error;
    return { status, body, authenticate: response.headers.get("WWW-Authenticate") };
  }
}

const created = await api
  .createTask({ user_id, body: { title: "From a page" } })
  .withResponse()
  .catch(() => undefined);
const task_id = created?.data.id ?? 1;

const report = {
  origin: location.origin,
  location: created?.response.headers.get("Location") ?? null,
  health: await outcome(api.getHealth()),
  changed: await outcome(api.updateTask({ user_id, task_id, body: { completed: true } })),
  withCredentials: await outcome(
    createTaskClient({ baseUrl, getToken: () => token, credentials: "include" }).getTask({ user_id, task_id }),
  ),
  invalid: await outcome(api.listTasks({ user_id, limit: 0 })),
  anonymous: await outcome(createTaskClient({ baseUrl }).getUser({ user_id })),
  forbidden: await outcome(api.getUser({ user_id: "somebody-else" })),
  deleted: await outcome(api.deleteTask({ user_id, task_id })),
  missing: await outcome(api.getTask({ user_id, task_id })),
};
await fetch("/report", { method: "POST", body: JSON.stringify(report) });
