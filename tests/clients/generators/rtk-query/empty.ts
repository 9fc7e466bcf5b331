import { createApi, fetchBaseQuery } from "@reduxjs/toolkit/query";
import { setting } from "./scenario";

export const empty = createApi({
  baseQuery: fetchBaseQuery({
    baseUrl: setting("API_URL"),
    prepareHeaders: (headers) => headers.set("Authorization", `Bearer ${setting("TOKEN")}`),
  }),
  endpoints: () => ({}),
});
