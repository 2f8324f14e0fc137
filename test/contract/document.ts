// The document that a server serves, as a judge of its answers.

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Document, Operation } from "../../src/http/docs/document.ts";

export type Answered = { method: string; target: string; status: number; type: string | undefined; text: string };

export type Place = { path: string; method: string; operation: Operation };

export type Contract = {
  document: Document;
  places: Place[];
  /** The operation that a request goes to; undefined when the document has none. */
  placeOf: (method: string, target: string) => Place | undefined;
  /** What is wrong with an answer; empty when it is as documented. */
  problemsOf: (answered: Answered) => string[];
};

const VERBS = new Set(["get", "post", "put", "patch", "delete"]);
const ID = "document";

// OpenAPI has no word for a rest of a path.
const patternOf = (path: string, { "x-wildcard": isWildcard }: Operation): RegExp => {
  const parts = path.split("/").map((part) => {
    if (!part.startsWith("{")) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return isWildcard ? ".+" : "[^/]+";
  });
  return new RegExp(`^${parts.join("/")}/?$`, "i");
};

const literals = (path: string): number => path.split("/").filter((part) => !part.startsWith("{")).length;

const pointer = (...parts: (string | number)[]): string =>
  parts.map((part) => `/${encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1"))}`).join("");

const isJson = (type: string): boolean => /^application\/(.+\+)?json$/.test(type);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Read the document of the server at `url`. */
export const readContract = async (url: string): Promise<Contract> => {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
  addFormats.default(ajv);
  ajv.addSchema(document, ID);
  const validators = new Map<string, ValidateFunction>();
  const validatorAt = (at: string): ValidateFunction => {
    const known = validators.get(at) ?? ajv.compile({ $ref: `${ID}#${at}` });
    validators.set(at, known);
    return known;
  };

  const places = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );
  const routes = places
    .map((place) => ({ place, pattern: patternOf(place.path, place.operation) }))
    .sort((one, other) => literals(other.place.path) - literals(one.place.path));

  const placeOf: Contract["placeOf"] = (method, target) => {
    const [path = ""] = target.split("?");
    const found = routes.filter(({ pattern }) => pattern.test(path)).map(({ place }) => place);
    const verb = method.toLowerCase();
    const wanted = verb === "head" || (!VERBS.has(verb) && found[0]?.operation["x-every-verb"]) ? "get" : verb;
    return found.find((place) => place.method === wanted);
  };

  const problemsOf: Contract["problemsOf"] = ({ method, target, status, type, text }) => {
    const place = placeOf(method, target);
    if (place === undefined) return ["the document has no such operation"];
    const { path, operation } = place;
    const key = status in operation.responses ? `${status}` : "default";
    const response = operation.responses[key];
    if (response === undefined) return [`status ${status} is not documented: ${text.slice(0, 200)}`];
    const media = type?.split(";")[0]?.trim().toLowerCase();
    const { content } = response;
    if (content === undefined) return text === "" ? [] : ["an answer with a body, where none is documented"];
    if (method === "HEAD") return [];
    const documented = Object.keys(content).find((one) => one === media || one === "*/*");
    if (documented === undefined) return [`content type ${media} is not documented`];
    if (media === undefined || !isJson(media) || !isJson(documented)) return [];
    const at = pointer("paths", path, place.method, "responses", key, "content", documented, "schema");
    const value = parse(text);
    if (value === undefined) return ["the body is not JSON"];
    const validate = validatorAt(at);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || "the body"} ${message} ${JSON.stringify(params)}`,
    );
  };

  return { document, places, placeOf, problemsOf };
};
