// What each generated client must be able to do; scenario.ts says it for TypeScript.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"tasks/openapi"
)

func same(what string, found, expected any) {
	if found != expected {
		panic(fmt.Sprintf("%s: %v and not %v", what, found, expected))
	}
}

func must[T any](value T, _ any, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	configuration := openapi.NewConfiguration()
	configuration.Servers = openapi.ServerConfigurations{{URL: os.Getenv("API_URL")}}
	api := openapi.NewAPIClient(configuration).TasksAPI
	ctx := context.WithValue(context.Background(), openapi.ContextAccessToken, os.Getenv("TOKEN"))
	user := os.Getenv("USER_ID")
	for _, title := range []string{"One", "Two", "Three"} {
		body := openapi.NewTaskCreate(title)
		body.SetPriority(openapi.HIGH)
		must(api.CreateTask(ctx, user).TaskCreate(*body).Execute())
	}

	first := must(api.ListTasks(ctx, user).Priority(openapi.HIGH).Limit(2).Execute())
	same("the newest task", first.Items[0].Title, "Three")
	same("the total", first.Total, int64(3))
	second := must(api.ListTasks(ctx, user).Priority(openapi.HIGH).Limit(2).Cursor(first.GetNextCursor()).Execute())
	same("the second page", len(second.Items), 1)
	newest, task := first.Items[0], second.Items[0]
	same("the oldest task", task.Title, "One")

	read := must(api.GetTask(ctx, user, task.Id).Execute())
	same("the task", read.Etag, task.Etag)
	_, _, err := api.GetTask(ctx, user, task.Id+1_000_000_000_000).Execute()
	var failure *openapi.GenericOpenAPIError
	if !errors.As(err, &failure) {
		panic("no error")
	}
	body, typed := failure.Model().(openapi.ErrorResponse)
	same("the error is typed", typed, true)
	same("the code of a 404", body.Code, "task_not_found")
	for range 2 {
		same("a toggle", must(api.ToggleTask(ctx, user, task.Id).IdempotencyKey("once").Execute()).Completed, true)
	}
	late := openapi.NewTaskUpdate()
	late.SetTitle("Late")
	_, response, _ := api.UpdateTask(ctx, user, task.Id).IfMatch(task.Etag).TaskUpdate(*late).Execute()
	same("a change with an old entity tag", response.StatusCode, 412)
	changed := must(api.UpdateTask(ctx, user, newest.Id).IfMatch(newest.Etag).TaskUpdate(*late).Execute())
	same("a change with the entity tag of a list", changed.Title, "Late")
	fmt.Println("works")
}
