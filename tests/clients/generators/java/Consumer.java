import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.TasksApi;
import org.openapitools.client.model.ErrorResponse;
import org.openapitools.client.model.TaskCreate;
import org.openapitools.client.model.TaskListResponse;
import org.openapitools.client.model.TaskPriority;
import org.openapitools.client.model.TaskResponse;
import org.openapitools.client.model.TaskUpdate;

/** What each generated client must be able to do; scenario.ts says it for TypeScript. */
public final class Consumer {
  private static final String USER = System.getenv("USER_ID");

  private static void same(String what, Object found, Object expected) {
    if (!found.equals(expected)) throw new AssertionError(what + ": " + found + " and not " + expected);
  }

  private static List<String> titles(TaskListResponse page) {
    return page.getItems().stream().map(TaskResponse::getTitle).toList();
  }

  public static void main(String[] arguments) throws Exception {
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv("API_URL"));
    client.setRequestInterceptor(
        request -> request.header("Authorization", "Bearer " + System.getenv("TOKEN")));
    TasksApi api = new TasksApi(client);
    for (String title : List.of("One", "Two", "Three"))
      api.createTask(USER, new TaskCreate().title(title).priority(TaskPriority.HIGH), null);

    TaskListResponse first = api.listTasks(USER, null, TaskPriority.HIGH, null, 2, null, null);
    same("the newest tasks", titles(first), List.of("Three", "Two"));
    long total = first.getTotal();
    same("the total", total, 3L);
    TaskListResponse second = api.listTasks(USER, null, TaskPriority.HIGH, null, 2, first.getNextCursor(), null);
    same("the second page", titles(second), List.of("One"));

    TaskResponse newest = first.getItems().get(0);
    TaskResponse task = second.getItems().get(0);
    long id = task.getId();
    same("the task", api.getTask(USER, id, null, null).getEtag(), task.getEtag());
    try {
      api.getTask(USER, id + 1_000_000_000_000L, null, null);
      throw new AssertionError("no error");
    } catch (ApiException error) {
      // The body of an error is a text.
      ErrorResponse body = new ObjectMapper().readValue(error.getResponseBody(), ErrorResponse.class);
      same("the code of a 404", body.getCode(), "task_not_found");
    }
    for (int time = 0; time < 2; time++)
      same("a toggle", api.toggleTask(USER, id, null, null, "once").getCompleted(), true);
    try {
      api.updateTask(USER, id, new TaskUpdate().title("Late"), task.getEtag(), null);
      throw new AssertionError("no error");
    } catch (ApiException error) {
      same("a change with an old entity tag", error.getCode(), 412);
    }
    same(
        "a change with the entity tag of a list",
        api.updateTask(USER, newest.getId(), new TaskUpdate().title("New"), newest.getEtag(), null).getTitle(),
        "New");
    System.out.println("works");
  }
}
