// The API behind the key: which path and method does what to which rows.
import { type Answer, type ApiRequest, failure, jsonObject } from "./answer.ts";
import { isKind } from "./kinds.ts";
import { listDeleted, listRows } from "./pages.ts";
import type { World } from "./world.ts";

const notFound = () => failure(404, "not_found", "There is no such thing.");
const notAllowed = () => failure(405, "method_not_allowed", "This path has no such method.");

/** Answers one authorised request. Throws AppError for parameters and bodies that are wrong. */
export const answerResource = (world: World, request: ApiRequest): Answer => {
  const [, version, kind, id, ...rest] = request.path.split("/");
  if (version !== "v1" || rest.length > 0 || kind === undefined) return notFound();
  if (kind === "deleted" && id === undefined)
    return request.method === "GET" ? listDeleted(world, request) : notAllowed();
  if (!isKind(kind)) return notFound();
  if (id === undefined) {
    if (request.method === "GET") return listRows(world, kind, request);
    if (request.method !== "POST") return notAllowed();
    return { status: 201, body: world.create(kind, jsonObject(request.body)).row };
  }
  if (request.method === "GET") {
    const row = world.get(kind, id);
    return row ? { status: 200, body: row } : notFound();
  }
  if (request.method === "PATCH") {
    const edit = world.update(kind, id, jsonObject(request.body));
    return edit ? { status: 200, body: edit.row } : notFound();
  }
  if (request.method === "DELETE") return world.remove(kind, id) ? { status: 204 } : notFound();
  return notAllowed();
};
