// The same facts in every environment: the client is loaded, calls, and recognizes errors.
async function check({ createTaskClient, TaskApiError }) {
  const json = { "Content-Type": "application/json" };
  const answers = [new Response('{"id":1,"title":"One"}', { headers: json }), new Response('{"detail":"No","code":"task-not-found"}', { status: 404, headers: json })];
  const api = createTaskClient({ baseUrl: "https://api.example.com", getToken: () => "t", fetch: async () => answers.shift() });
  const task = await api.getTask({ user_id: "ada", task_id: 1 });
  const error = await api.getTask({ user_id: "ada", task_id: 2 }).catch((error) => error);
  if (task.title !== "One" || !(error instanceof TaskApiError) || error.status !== 404) throw new Error("wrong result");
  return "works";
}
module.exports = { check };
